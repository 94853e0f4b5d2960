#include "core/import/onnx/ops/pool_volume.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/import/onnx/ops/attention_plan.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

ValueId SliceOf(Builder& out, ValueId x, int axis, std::int64_t first, std::int64_t count,
                std::int64_t stride) {
  const int rank = out.type(x).shape.rank();
  std::vector<std::int32_t> begin(static_cast<std::size_t>(rank), 0), end(begin),
      steps(static_cast<std::size_t>(rank), 1);
  const auto at = static_cast<std::size_t>(axis);
  begin[at] = static_cast<std::int32_t>(first);
  end[at] = static_cast<std::int32_t>(first + (count - 1) * stride + 1);
  steps[at] = static_cast<std::int32_t>(stride);
  const std::int64_t others = ((std::int64_t{1} << rank) - 1) & ~(std::int64_t{1} << axis);
  return out.Emit(OpKind::kStridedSlice,
                  {x, out.ConstI32(begin), out.ConstI32(end), out.ConstI32(steps)},
                  {{"begin_mask", others}, {"end_mask", others}});
}

// Walks all tuples below `sizes`, the last index fastest.
template <class Visit>
void ForEach(const std::vector<std::int64_t>& sizes, Visit visit) {
  std::vector<std::int64_t> at(sizes.size(), 0);
  while (true) {
    visit(at);
    std::size_t axis = sizes.size();
    while (axis > 0 && ++at[axis - 1] == sizes[axis - 1]) at[--axis] = 0;
    if (axis == 0) return;
  }
}

std::int64_t Flat(const std::vector<std::int64_t>& at, const std::vector<std::int64_t>& sizes,
                  bool column_major) {
  std::int64_t flat = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t axis = column_major ? sizes.size() - 1 - i : i;
    flat = flat * sizes[axis] + at[axis];
  }
  return flat;
}

}  // namespace

double LowestOf(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return -65504.0;
    case DType::kBF16:
      return -3.3895313892515355e38;
    case DType::kF64:
      return std::numeric_limits<double>::lowest();
    case DType::kI8:
      return -128;
    case DType::kU8:
      return 0;
    default:  // the rest of the schema's types: f32
      return static_cast<double>(std::numeric_limits<float>::lowest());
  }
}

std::int64_t Counted(const WindowAxis& window, const AxisPlan& plan, std::int64_t input,
                     std::int64_t position, bool counts_padding) {
  const std::int64_t lo = counts_padding ? -*plan.begin : 0;
  const std::int64_t hi = input + (counts_padding ? plan.counted_end : 0);
  const std::int64_t first = position * window.stride - *plan.begin;
  if (window.dilation == 1) {
    return std::max<std::int64_t>(0, std::min(hi, first + window.kernel) - std::max(lo, first));
  }
  std::int64_t count = 0;
  for (std::int64_t k = 0; k < window.kernel; ++k) {
    const std::int64_t at = first + k * window.dilation;
    if (at >= lo && at < hi) ++count;
  }
  return count;
}

ValueId PadVolume(Builder& out, ValueId x, const VolumePlan& plan, double value) {
  if (!out.status().ok()) return {};
  std::vector<std::int32_t> pads(4, 0);
  bool any = false;
  for (const AxisPlan& axis : plan.axes) {
    pads.push_back(static_cast<std::int32_t>(*axis.begin));
    pads.push_back(static_cast<std::int32_t>(*axis.end));
    any = any || !axis.is_valid();
  }
  if (!any) return x;
  const ValueId table = out.Const(ir::Constant::FromValues<std::int32_t>(
      DType::kI32, {static_cast<std::int64_t>(pads.size() / 2), 2}, pads));
  return out.Emit(OpKind::kPadv2, {x, table, out.Scalar(out.type(x).dtype, value)});
}

ValueId JoinWindows(Builder& out, ValueId x, const VolumePlan& plan, OpKind kind) {
  for (std::size_t i = 0; i < plan.axes.size(); ++i) {
    const WindowAxis& window = plan.window.axes[i];
    ValueId joined;
    for (std::int64_t k = 0; k < window.kernel && out.status().ok(); ++k) {
      const ValueId slice = SliceOf(out, x, static_cast<int>(i) + 2, k * window.dilation,
                                    plan.axes[i].output.value(), window.stride);
      if (!joined.valid()) {
        joined = slice;
      } else {
        joined = kind == OpKind::kAdd ? out.Add(joined, slice) : out.Maximum(joined, slice);
      }
    }
    x = joined;
  }
  return x;
}

MaxAndPlace FindMaxima(Builder& out, ValueId x, const VolumePlan& plan, double lowest,
                       bool column_major) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  std::vector<std::int64_t> kernel, windows, padded;
  Shape result{shape.dim(0), shape.dim(1)};
  for (std::size_t i = 0; i < plan.axes.size(); ++i) {
    kernel.push_back(plan.window.axes[i].kernel);
    windows.push_back(plan.axes[i].output.value());
    padded.push_back(plan.sizes[i] + *plan.axes[i].begin + *plan.axes[i].end);
    result.push_back(plan.axes[i].output);
  }
  // Where each element of each window lies in the padded plane, and in the plane itself: the place
  // of the window's first element, and from there on.
  std::vector<std::int32_t> gathered, starts, steps;
  ForEach(windows, [&](const std::vector<std::int64_t>& window) {
    std::vector<std::int64_t> start(window.size());
    for (std::size_t i = 0; i < window.size(); ++i) {
      start[i] = window[i] * plan.window.axes[i].stride;
    }
    ForEach(kernel, [&](const std::vector<std::int64_t>& k) {
      std::vector<std::int64_t> at = start;
      for (std::size_t i = 0; i < at.size(); ++i) at[i] += k[i] * plan.window.axes[i].dilation;
      gathered.push_back(static_cast<std::int32_t>(Flat(at, padded, false)));
    });
    for (std::size_t i = 0; i < start.size(); ++i) start[i] -= *plan.axes[i].begin;
    starts.push_back(static_cast<std::int32_t>(Flat(start, plan.sizes, column_major)));
  });
  ForEach(kernel, [&](const std::vector<std::int64_t>& k) {
    std::vector<std::int64_t> at = k;
    for (std::size_t i = 0; i < at.size(); ++i) at[i] *= plan.window.axes[i].dilation;
    steps.push_back(static_cast<std::int32_t>(Flat(at, plan.sizes, column_major)));
  });
  std::int64_t plane = 1, padded_plane = 1;
  for (const std::int64_t size : plan.sizes) plane *= size;
  for (const std::int64_t size : padded) padded_plane *= size;
  const auto count = static_cast<std::int64_t>(starts.size());
  const Dim planes = out.module().symbols().Mul(shape.dim(0), shape.dim(1));
  const ValueId flat = out.Reshape(PadVolume(out, x, plan, lowest), {planes, padded_plane});
  const ir::Attributes along{{"axis", std::int64_t{1}}, {"batch_dims", std::int64_t{0}}};
  const ValueId all = out.Reshape(out.Emit(OpKind::kGather, {flat, out.ConstI32(gathered)}, along),
                                  {planes, count, static_cast<std::int64_t>(steps.size())});
  const ValueId maximum =
      out.Emit(OpKind::kReduceMax, {all, out.ConstI32({2})}, {{"keep_dims", false}});
  const ValueId which =
      out.Emit(OpKind::kArgMax, {all, out.ScalarI32(2)}, {{"output_type", std::string("i32")}});
  const ValueId step = out.Emit(OpKind::kGather, {out.ConstI32(steps), which},
                                {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
  const ValueId first = out.Mul(out.Reshape(Positions(out, flat, planes), {planes, 1}),
                                out.ScalarI32(static_cast<std::int32_t>(plane)));
  const ValueId place = out.Add(out.Add(step, out.ConstI32(starts)), first);
  return {out.Reshape(maximum, result), out.Cast(out.Reshape(place, result), DType::kI64)};
}

}  // namespace smelt::onnx_import
