#include "core/import/onnx/sequence_tensors.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::OpKind;
using ir::ValueId;

constexpr std::int64_t kMaxParts = 1024;

// Sizes of the parts of an axis; without a split input, or with one number, all are equal but the
// last one.
Result<std::vector<std::int64_t>> PartSizes(const OnnxNode& node, ir::Dim total) {
  std::int64_t size = 1;
  if (node.has_input(1)) {
    const auto stated = node.input_ints(1);
    if (!stated) {
      return Status(Reason::kRequiresConstantInput, "the sizes of the parts are computed");
    }
    if (node.input_rank(1) > 0) return *stated;
    size = stated->empty() ? 0 : stated->front();
  }
  if (!total.is_static()) {
    return Status(Reason::kDynamicDimensionUnsupported,
                  "the number of parts is told at run time only");
  }
  if (size < 1) return Status(Reason::kValueOutOfRange, "parts of " + std::to_string(size));
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(total.value() / size), size);
  if (total.value() % size != 0) sizes.push_back(total.value() % size);
  return sizes;
}

}  // namespace

Result<std::vector<ValueId>> SplitToParts(const OnnxNode& node, Builder& out) {
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  if (!axis) return Status(Reason::kUnsupportedAttributeValue, "no such axis of the input");
  const ir::Dim total = node.input_shape(0).dim(*axis);
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::int64_t> sizes, PartSizes(node, total));
  const auto count = static_cast<std::int64_t>(sizes.size());
  if (count > kMaxParts) {
    return Status(Reason::kTooManyNodes, std::to_string(count) + " parts are too many");
  }
  std::int64_t sum = 0;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > INT32_MAX) {
      return Status(Reason::kValueOutOfRange, "a part of " + std::to_string(size));
    }
    sum += size;
  }
  if (total.is_static() && total.value() != sum) {
    return Status(Reason::kShapeMismatch, "parts of " + std::to_string(sum) + " elements in all");
  }
  if (count == 0) return std::vector<ValueId>{};
  const bool drops_axis = !node.has_input(1) && node.Int("keepdims", 1) == 0;
  if (drops_axis) {
    return out.EmitMany(OpKind::kUnpack, std::vector{node.input(0)},
                        {{"num", count}, {"axis", std::int64_t{*axis}}});
  }
  if (count == 1) return std::vector<ValueId>{node.input(0)};
  const std::vector<std::int32_t> narrow(sizes.begin(), sizes.end());
  return out.EmitMany(OpKind::kSplitV,
                      std::vector{node.input(0), out.ConstI32(narrow), out.ScalarI32(*axis)},
                      {{"num_splits", count}});
}

Result<ValueId> JoinParts(const OnnxNode& node, std::span<const WalkValue> parts, Builder& out) {
  if (parts.empty()) return Status(Reason::kValueOutOfRange, "an empty sequence has no tensors");
  const bool on_new_axis = node.Int("new_axis", 0) != 0;
  std::vector<ValueId> values;
  for (const WalkValue& part : parts) values.push_back(part.value);
  const int rank = parts.front().type->shape.rank() + (on_new_axis ? 1 : 0);
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), rank);
  if (!axis) return Status(Reason::kUnsupportedAttributeValue, "no such axis of the tensors");
  if (on_new_axis) {
    return out.Emit(OpKind::kPack, values,
                    {{"values_count", static_cast<std::int64_t>(values.size())},
                     {"axis", std::int64_t{*axis}}});
  }
  if (values.size() == 1) return values.front();
  return out.Emit(
      OpKind::kConcatenation, values,
      {{"axis", std::int64_t{*axis}}, {"fused_activation_function", std::string("NONE")}});
}

}  // namespace smelt::onnx_import
