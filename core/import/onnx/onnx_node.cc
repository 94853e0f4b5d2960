#include "core/import/onnx/onnx_node.h"

#include <algorithm>
#include <utility>

#include "core/import/onnx/infer.h"
#include "core/import/onnx/node_attributes.h"

namespace smelt::onnx_import {
namespace {

const std::string& EmptyName() {
  static const std::string empty;
  return empty;
}

const ir::TensorType& UnknownType() {
  static const ir::TensorType placeholder;
  return placeholder;
}

// Nothing for no constant. A boolean is what Where chooses sizes by.
std::optional<std::vector<std::int64_t>> WholeNumbers(const ir::Constant* constant) {
  if (constant == nullptr) return std::nullopt;
  const bool counts = ir::IsInteger(constant->dtype()) || constant->dtype() == ir::DType::kBool;
  return counts ? constant->AsInts() : std::nullopt;
}

}  // namespace

OnnxNode::OnnxNode(const NodeAttributes& attributes, const ir::SourceNode& source,
                   int schema_version, std::vector<const KnownValue*> inputs,
                   std::vector<std::string> output_names, ir::Module& module, ir::Graph& graph)
    : attributes_(attributes),
      source_(source),
      schema_version_(schema_version),
      inputs_(std::move(inputs)),
      output_names_(std::move(output_names)),
      outputs_(output_names_.size()),
      module_(module),
      graph_(graph) {
  while (!inputs_.empty() && inputs_.back() == nullptr) inputs_.pop_back();
}

bool OnnxNode::has_input(int i) const {
  return i >= 0 && i < input_count() && inputs_[static_cast<std::size_t>(i)] != nullptr;
}

bool OnnxNode::knows_input(int i) const {
  return has_input(i) && inputs_[static_cast<std::size_t>(i)]->type.has_value();
}

ir::ValueId OnnxNode::input(int i) const {
  return has_input(i) ? inputs_[static_cast<std::size_t>(i)]->value : ir::ValueId{};
}

const ir::TensorType& OnnxNode::input_type(int i) const {
  if (!knows_input(i)) {
    asked_unknown_ = true;
    return UnknownType();
  }
  return *inputs_[static_cast<std::size_t>(i)]->type;
}

const std::string& OnnxNode::input_name(int i) const {
  return has_input(i) ? inputs_[static_cast<std::size_t>(i)]->name : EmptyName();
}

std::string OnnxNode::input_text(int i) const {
  return knows_input(i) ? module_.symbols().Text(input_type(i)) : "?";
}

const ir::Constant* OnnxNode::input_constant(int i) const {
  if (!has_input(i)) return nullptr;
  const KnownValue& known = *inputs_[static_cast<std::size_t>(i)];
  const ir::Constant* constant = known.value.valid() ? graph_.constant(known.value) : nullptr;
  if (constant == nullptr && (known.maybe_constant || !known.type)) asked_unknown_ = true;
  return constant;
}

std::optional<std::vector<std::int64_t>> OnnxNode::input_ints(int i) const {
  const ir::Constant* constant = input_constant(i);
  if (constant == nullptr) return std::nullopt;
  return constant->AsInts();
}

std::optional<std::vector<double>> OnnxNode::input_doubles(int i) const {
  const ir::Constant* constant = input_constant(i);
  if (constant == nullptr) return std::nullopt;
  return constant->AsDoubles();
}

std::optional<DimValues> OnnxNode::input_dims(int i) const {
  if (!has_input(i)) return std::nullopt;
  const KnownValue& known = *inputs_[static_cast<std::size_t>(i)];
  if (!known.type || known.type->shape.rank() > 1) return std::nullopt;
  if (!known.dims) {
    const auto values = WholeNumbers(input_constant(i));
    if (!values) return std::nullopt;
    DimValues dims;
    dims.reserve(values->size());
    for (const std::int64_t one : *values) dims.push_back(DimFromInt(module_.symbols(), one));
    return dims;
  }
  if (std::ranges::any_of(*known.dims, &ir::Dim::is_unknown)) return std::nullopt;
  return known.dims;
}

std::optional<DimValues> OnnxNode::input_elements(int i) const {
  if (!has_input(i)) return std::nullopt;
  const KnownValue& known = *inputs_[static_cast<std::size_t>(i)];
  if (known.dims) return known.dims;
  const auto values = WholeNumbers(input_constant(i));
  if (!values) return std::nullopt;
  const bool wraps = input_dtype(i) == ir::DType::kU64;
  DimValues dims;
  dims.reserve(values->size());
  for (const std::int64_t one : *values) {
    const bool fits = one != INT64_MIN && (one >= 0 || !wraps);  // no dimension holds others
    dims.push_back(fits ? DimFromInt(module_.symbols(), one) : ir::Dim::Unknown());
  }
  return dims;
}

bool OnnxNode::has_attr(std::string_view name) const { return attributes_.Find(name) != nullptr; }

std::int64_t OnnxNode::Int(std::string_view name, std::int64_t fallback) const {
  const NodeAttribute* attribute = attributes_.Find(name);
  if (attribute == nullptr) return fallback;
  const auto* value = std::get_if<std::int64_t>(&attribute->value);
  return value != nullptr ? *value : fallback;
}

double OnnxNode::Float(std::string_view name, double fallback) const {
  const NodeAttribute* attribute = attributes_.Find(name);
  if (attribute == nullptr) return fallback;
  const auto* value = std::get_if<double>(&attribute->value);
  return value != nullptr ? *value : fallback;
}

std::string OnnxNode::String(std::string_view name, std::string_view fallback) const {
  const NodeAttribute* attribute = attributes_.Find(name);
  if (attribute == nullptr) return std::string(fallback);
  const auto* value = std::get_if<std::string>(&attribute->value);
  return value != nullptr ? *value : std::string(fallback);
}

std::optional<std::vector<std::int64_t>> OnnxNode::Ints(std::string_view name) const {
  const NodeAttribute* attribute = attributes_.Find(name);
  if (attribute == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::vector<std::int64_t>>(&attribute->value);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::vector<std::string>> OnnxNode::Strings(std::string_view name) const {
  const NodeAttribute* attribute = attributes_.Find(name);
  if (attribute == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::vector<std::string>>(&attribute->value);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::vector<double>> OnnxNode::Floats(std::string_view name) const {
  const NodeAttribute* attribute = attributes_.Find(name);
  if (attribute == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::vector<double>>(&attribute->value);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

const ir::Constant* OnnxNode::Tensor(std::string_view name) const {
  const NodeAttribute* attribute = attributes_.Find(name);
  return attribute == nullptr ? nullptr : std::get_if<ir::Constant>(&attribute->value);
}

std::vector<std::string> OnnxNode::AttributeNames() const {
  std::vector<std::string> names;
  for (const NodeAttribute& attribute : attributes_.all()) names.push_back(attribute.name);
  return names;
}

bool OnnxNode::has_output(int i) const {
  return i >= 0 && i < output_count() && !output_names_[static_cast<std::size_t>(i)].empty();
}

void OnnxNode::SetOutputType(int i, ir::TensorType type) {
  if (i < output_count()) outputs_[static_cast<std::size_t>(i)].type = std::move(type);
}

void OnnxNode::SetOutputDims(int i, DimValues dims) {
  if (i < output_count()) outputs_[static_cast<std::size_t>(i)].dims = std::move(dims);
}

const std::optional<ir::TensorType>& OnnxNode::output_type(int i) const {
  return outputs_[static_cast<std::size_t>(i)].type;
}

const std::optional<DimValues>& OnnxNode::output_dims(int i) const {
  return outputs_[static_cast<std::size_t>(i)].dims;
}

const std::optional<ir::Shape>& OnnxNode::declared_shape(int i) const {
  return outputs_[static_cast<std::size_t>(i)].declared;
}

void OnnxNode::SetDeclaredShape(int i, ir::Shape shape) {
  if (i < output_count()) outputs_[static_cast<std::size_t>(i)].declared = std::move(shape);
}

void OnnxNode::SetOutput(int i, ir::ValueId value) {
  if (i < output_count()) outputs_[static_cast<std::size_t>(i)].value = value;
}

ir::ValueId OnnxNode::output(int i) const { return outputs_[static_cast<std::size_t>(i)].value; }

}  // namespace smelt::onnx_import
