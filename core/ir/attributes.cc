#include "core/ir/attributes.h"

#include <algorithm>

#include "core/base/status.h"

namespace smelt::ir {
namespace {

// The stored value as a T; null when absent.
template <class T>
const T* Get(const Attributes& attributes, std::string_view name) {
  const AttrValue* value = attributes.Find(name);
  if (value == nullptr) return nullptr;
  const T* typed = std::get_if<T>(value);
  SMELT_CHECK(typed != nullptr);
  return typed;
}

template <class Values>
auto LowerBound(Values& values, std::string_view name) {
  return std::lower_bound(
      values.begin(), values.end(), name,
      [](const auto& entry, std::string_view key) { return entry.first < key; });
}

}  // namespace

void Attributes::Set(std::string_view name, AttrValue value) {
  const auto at = LowerBound(values_, name);
  if (at != values_.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    values_.emplace(at, std::string(name), std::move(value));
  }
}

void Attributes::Remove(std::string_view name) {
  const auto at = LowerBound(values_, name);
  if (at != values_.end() && at->first == name) values_.erase(at);
}

const AttrValue* Attributes::Find(std::string_view name) const {
  const auto at = LowerBound(values_, name);
  return at != values_.end() && at->first == name ? &at->second : nullptr;
}

bool Attributes::Bool(std::string_view name, bool fallback) const {
  const bool* value = Get<bool>(*this, name);
  return value != nullptr ? *value : fallback;
}

std::int64_t Attributes::Int(std::string_view name, std::int64_t fallback) const {
  const std::int64_t* value = Get<std::int64_t>(*this, name);
  return value != nullptr ? *value : fallback;
}

double Attributes::Float(std::string_view name, double fallback) const {
  const double* value = Get<double>(*this, name);
  return value != nullptr ? *value : fallback;
}

std::string Attributes::String(std::string_view name, std::string_view fallback) const {
  const std::string* value = Get<std::string>(*this, name);
  return value != nullptr ? *value : std::string(fallback);
}

std::vector<std::int64_t> Attributes::Ints(std::string_view name) const {
  const auto* value = Get<std::vector<std::int64_t>>(*this, name);
  return value != nullptr ? *value : std::vector<std::int64_t>();
}

std::vector<double> Attributes::Floats(std::string_view name) const {
  const auto* value = Get<std::vector<double>>(*this, name);
  return value != nullptr ? *value : std::vector<double>();
}

}  // namespace smelt::ir
