// Gather.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::Dims;
using ir::OpKind;
using ir::Shape;

Status InferGather(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  if (!axis) return Status::Ok();
  const auto& data = node.input_shape(0).dims();
  const auto& indices = node.input_shape(1).dims();
  Dims dims(data.begin(), data.begin() + *axis);
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + *axis + 1, data.end());
  node.SetOutputType(0, {node.input_dtype(0), Shape(std::move(dims))});

  const auto contents = node.input_elements(0);
  const auto wanted = node.input_ints(1);
  if (!contents || !wanted || node.input_rank(0) != 1) return Status::Ok();
  DimValues chosen;
  for (std::int64_t index : *wanted) {
    const auto at = ir::NormalizeAxis(index, static_cast<int>(contents->size()));
    if (!at) return Status::Ok();
    chosen.push_back((*contents)[static_cast<std::size_t>(*at)]);
  }
  if (node.input_rank(1) <= 1) node.SetOutputDims(0, std::move(chosen));
  return Status::Ok();
}

Status TranslateGather(OnnxNode& node, Builder& out) {
  const int axis = *ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  node.SetOutput(0, out.Emit(OpKind::kGather,
                             {node.input(0), NonNegative(out, node.input(1), node.input(0), axis)},
                             {{"axis", std::int64_t{axis}}, {"batch_dims", std::int64_t{0}}}));
  return out.status();
}

Verdict IndicesInRange(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  const auto indices = node.input_ints(1);
  if (!axis || !indices) return Verdict::kHolds;
  const Dim size = node.input_shape(0).dim(*axis);
  if (!size.is_static()) return Verdict::kHolds;
  for (std::int64_t index : *indices) {
    if (index < -size.value() || index >= size.value()) {
      return Violated(node, 1, "index " + std::to_string(index), finding);
    }
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kGather[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the data are numbers or booleans"},
    {Reason::kUnsupportedAttributeValue, AxisAttr<"axis", 0>, {}, "axis is an axis of the data"},
    {Reason::kValueOutOfRange, IndicesInRange, {}, "constant indices lie inside the axis"},
};

constexpr OnnxRule kRules[] = {
    {"", "Gather", 1, 13, kGather, InferGather, TranslateGather},
};

}  // namespace

std::span<const OnnxRule> GatherRules() { return kRules; }

}  // namespace smelt::onnx_import
