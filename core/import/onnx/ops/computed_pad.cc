#include "core/import/onnx/ops/computed_pad.h"

#include <vector>

#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/indices.h"
#include "core/import/onnx/ops/pad_plan.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// Axes that are computed with the pads: begins and ends are spread over all axes.
ValueId PadsOfComputedAxes(OnnxNode& node, Builder& out, ValueId pads) {
  const int rank = node.input_rank(0);
  const ValueId table = AxisTable(out, FrontAxes(out, node.input(3), rank), rank);
  const auto count = static_cast<std::int32_t>(node.input_shape(1).ElementCount().value_or(0) / 2);
  const auto half = [&](std::int32_t begin) {
    return SpreadOverAxes(
        out, table, out.Emit(OpKind::kSlice, {pads, out.ConstI32({begin}), out.ConstI32({count})}));
  };
  return JoinRows(out, {half(0), half(count)});
}

// Axes that are not named take the zero behind the stated pads.
ValueId PadsOfKnownAxes(Builder& out, ValueId pads, const std::vector<int>& axes, int rank) {
  const auto count = static_cast<std::int32_t>(axes.size());
  std::vector<std::int32_t> order(static_cast<std::size_t>(2 * rank), 2 * count);
  for (std::int32_t i = 0; i < count; ++i) {
    const auto axis = static_cast<std::size_t>(axes[static_cast<std::size_t>(i)]);
    order[axis] = i;
    order[axis + static_cast<std::size_t>(rank)] = count + i;
  }
  return TakeAlong(out, JoinRows(out, {pads, out.ConstI32({0})}), out.ConstI32(order), 0);
}

// Which element stands at each of `places`, which may lie outside of the `count` elements.
ValueId SourcePlaces(Builder& out, ValueId places, ValueId count, const std::string& mode) {
  const ValueId one = out.ConstI32({1});
  const ValueId last = out.Sub(count, one);
  if (mode == "edge") return out.Minimum(out.Maximum(places, out.ConstI32({0})), last);
  if (mode == "wrap") return out.Emit(OpKind::kFloorMod, {places, count});
  // To and fro without the edges twice; of one element the period is 1.
  const ValueId period = out.Maximum(out.Add(last, last), one);
  const ValueId within = out.Emit(OpKind::kFloorMod, {places, period});
  return out.Minimum(within, out.Sub(period, within));
}

}  // namespace

ValueId ComputedPads(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  ValueId pads = AsIndexRow(out, node.input(1));
  if (node.has_input(3)) {
    const auto axes = PadAxes(node);
    pads = axes ? PadsOfKnownAxes(out, pads, *axes, rank) : PadsOfComputedAxes(node, out, pads);
  }
  return out.Reshape(pads, {2, rank});
}

ValueId RepeatAtRunTime(Builder& out, ValueId x, int axis, ValueId begin, ValueId end,
                        const std::string& mode) {
  const ValueId zero = out.ConstI32({0});
  const auto negative = [&](ValueId value) {
    return out.Maximum(out.Unary(OpKind::kNeg, value), zero);
  };
  const ValueId size = out.Reshape(SizeOf(out, x, axis, DType::kI32), Shape{1});
  const ValueId first = negative(begin);
  const ValueId count = out.Sub(out.Sub(size, first), negative(end));
  const ValueId from = out.Unary(OpKind::kNeg, out.Maximum(begin, zero));
  const ValueId to = out.Add(count, out.Maximum(end, zero));
  const ValueId places = out.Emit(
      OpKind::kRange, {out.Reshape(from, Shape{}), out.Reshape(to, Shape{}), out.ScalarI32(1)});
  const ValueId source = SourcePlaces(out, places, count, mode);
  return TakeAlong(out, x, out.Add(source, first), axis);
}

}  // namespace smelt::onnx_import
