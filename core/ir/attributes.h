// Attributes: the parameters of an operator, as a small sorted list of named values. Which names an
// operator takes, with types and defaults, is in the operator table (op_table.h); the verifier
// checks it, so a getter may rely on it: reading an absent name gives the table's default.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace smelt::ir {

using AttrValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                               std::vector<double>>;

class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<std::string_view, AttrValue>> values) {
    values_.reserve(values.size());
    for (const auto& [name, value] : values) Set(name, value);
  }

  void Set(std::string_view name, AttrValue value);
  void Remove(std::string_view name);
  const AttrValue* Find(std::string_view name) const;

  // The stored value, else `fallback`. Asking with another type is a bug of ours.
  bool Bool(std::string_view name, bool fallback = false) const;
  std::int64_t Int(std::string_view name, std::int64_t fallback = 0) const;
  double Float(std::string_view name, double fallback = 0) const;
  std::string String(std::string_view name, std::string_view fallback = "") const;
  std::vector<std::int64_t> Ints(std::string_view name) const;
  std::vector<double> Floats(std::string_view name) const;

  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  bool empty() const { return values_.empty(); }
  friend bool operator==(const Attributes&, const Attributes&) = default;

 private:
  std::vector<std::pair<std::string, AttrValue>> values_;  // sorted by name
};

}  // namespace smelt::ir
