// Gathers with more than one index an element: GatherElements and GatherND.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/axis_order.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::Dims;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// --- GatherElements ---

Status InferGatherElements(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  node.SetOutputType(0, {node.input_dtype(0), node.input_shape(1)});
  return Status::Ok();
}

// True when the other axes of data and indices are the same, which GATHER's batch axes want.
bool SameOtherAxes(const Shape& data, const Shape& indices, int axis) {
  for (int i = 0; i < data.rank(); ++i) {
    if (i != axis && data.dim(i) != indices.dim(i)) return false;
  }
  return true;
}

bool CanFlatten(const Shape& data) { return data.ElementCount().value_or(0) <= INT32_MAX; }

// Constant indices become positions in the flattened data; computed ones gather row by row.
Status TranslateGatherElements(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  const int axis = *ir::NormalizeAxis(node.Int("axis", 0), rank);
  const ValueId x = node.input(0);
  const ValueId indices = NonNegative(out, node.input(1), x, axis);
  const bool rows = SameOtherAxes(node.input_shape(0), node.input_shape(1), axis);
  const bool known = node.input_constant(1) != nullptr;
  if (rank > 1 &&
      (!rows || (known && node.input_shape(0).IsStatic() && CanFlatten(node.input_shape(0))))) {
    const ValueId places = ElementPositions(out, indices, x, axis);
    const ValueId y = out.Emit(OpKind::kGather, {MergeAxes(out, x, 0, rank), places},
                               {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    node.SetOutput(0, ReshapeLike(out, y, indices));
    return out.status();
  }
  const std::int64_t batch = rank - 1;
  const ValueId y =
      out.Emit(OpKind::kGather, {AxisToLast(out, x, axis), AxisToLast(out, indices, axis)},
               {{"axis", batch}, {"batch_dims", batch}});
  node.SetOutput(0, LastToAxis(out, y, axis));
  return out.status();
}

Verdict IndicesOfDataRank(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& data = node.input_shape(0);
  const Shape& indices = node.input_shape(1);
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), data.rank());
  bool fits = data.rank() == indices.rank() && data.rank() > 0;
  for (int i = 0; fits && axis && i < data.rank(); ++i) {
    const Dim from = data.dim(i), wanted = indices.dim(i);
    if (i == *axis || !from.is_static() || !wanted.is_static()) continue;
    fits = wanted.value() <= from.value();
  }
  if (fits) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " for data of " + node.input_text(0), finding);
}

Verdict RowsOrFlat(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& data = node.input_shape(0);
  const Shape& indices = node.input_shape(1);
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), data.rank());
  if (!axis || data.rank() != indices.rank()) return Verdict::kNotChecked;
  if (SameOtherAxes(data, indices, *axis) || CanFlatten(data)) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " for data of " + node.input_text(0), finding);
}

// --- GatherND ---

// Length of the rows of indices, and the batch axes; nothing when they don't fit.
struct NdPlan {
  int batch = 0;
  int depth = 0;
};
std::optional<NdPlan> PlanNd(const OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return std::nullopt;
  const Shape& data = node.input_shape(0);
  const Shape& indices = node.input_shape(1);
  const std::int64_t batch = node.Int("batch_dims", 0);
  if (indices.rank() < 1 || batch < 0 || batch >= indices.rank()) return std::nullopt;
  const Dim depth = indices.dim(indices.rank() - 1);
  if (!depth.is_static() || depth.value() < 1) return std::nullopt;
  if (depth.value() + batch > data.rank()) return std::nullopt;
  return NdPlan{static_cast<int>(batch), static_cast<int>(depth.value())};
}

Status InferGatherNd(OnnxNode& node) {
  const auto plan = PlanNd(node);
  if (!plan) return Status::Ok();
  const Shape& data = node.input_shape(0);
  const Shape& indices = node.input_shape(1);
  Dims dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), data.begin() + plan->batch + plan->depth, data.end());
  node.SetOutputType(0, {node.input_dtype(0), Shape(std::move(dims))});
  return Status::Ok();
}

Status TranslateGatherNd(OnnxNode& node, Builder& out) {
  const NdPlan plan = *PlanNd(node);
  const ValueId x = node.input(0);
  const ValueId rows = NonNegativeRows(node, out, 1, x, plan.batch, plan.depth);
  if (plan.batch == 0) {
    node.SetOutput(0, out.Emit(OpKind::kGatherNd, {x, rows}));
    return out.status();
  }
  const std::int64_t batch = plan.batch;
  const ValueId places = FlattenRows(out, rows, x, plan.batch, plan.depth);
  node.SetOutput(0, out.Emit(OpKind::kGather, {MergeAxes(out, x, plan.batch, plan.depth), places},
                             {{"axis", batch}, {"batch_dims", batch}}));
  return out.status();
}

Verdict RowsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  if (PlanNd(node)) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " for data of " + node.input_text(0), finding);
}

Verdict ElementsInRange(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  const auto indices = node.input_ints(1);
  if (!axis || !indices) return Verdict::kHolds;
  const Dim size = node.input_shape(0).dim(*axis);
  if (!size.is_static()) return Verdict::kHolds;
  for (const std::int64_t index : *indices) {
    if (index >= -size.value() && index < size.value()) continue;
    return Violated(node, 1, "index " + std::to_string(index), finding);
  }
  return Verdict::kHolds;
}

Verdict RowsInRange(const OnnxNode& node, Bounds, Finding& finding) {
  const auto plan = PlanNd(node);
  if (!plan) return Verdict::kNotChecked;
  const auto indices = node.input_ints(1);
  if (!indices) return Verdict::kHolds;
  for (std::size_t i = 0; i < indices->size(); ++i) {
    const int axis = plan->batch + static_cast<int>(i % static_cast<std::size_t>(plan->depth));
    const Dim size = node.input_shape(0).dim(axis);
    const std::int64_t index = (*indices)[i];
    if (!size.is_static() || (index >= -size.value() && index < size.value())) continue;
    return Violated(node, 1, "index " + std::to_string(index), finding);
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kData = {
    Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the data are numbers or booleans"};

constexpr OnnxConstraint kGatherElements[] = {
    kData,
    {Reason::kUnsupportedAttributeValue, AxisAttr<"axis", 0>, {}, "axis is an axis of the data"},
    {Reason::kShapeMismatch,
     IndicesOfDataRank,
     {},
     "the indices have the data's rank, 1 or more, and no larger axes but the indexed one"},
    {Reason::kTensorTooLarge,
     RowsOrFlat,
     {},
     "data and indices have the same other axes, or the data less than 2^31 elements"},
    {Reason::kValueOutOfRange, ElementsInRange, {}, "constant indices lie inside the axis"},
};
constexpr OnnxConstraint kGatherNd[] = {
    kData,
    {Reason::kShapeMismatch,
     RowsFit,
     {},
     "the last axis of the indices is static, 1 or more, and with batch_dims within the data's "
     "rank"},
    {Reason::kValueOutOfRange, RowsInRange, {}, "constant indices lie inside their axes"},
};

constexpr OnnxRule kRules[] = {
    {"", "GatherElements", 11, 13, kGatherElements, InferGatherElements, TranslateGatherElements},
    {"", "GatherND", 11, 13, kGatherNd, InferGatherNd, TranslateGatherNd},
};

}  // namespace

std::span<const OnnxRule> GatherElementsRules() { return kRules; }

}  // namespace smelt::onnx_import
