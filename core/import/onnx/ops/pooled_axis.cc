#include "core/import/onnx/ops/pooled_axis.h"

#include <array>
#include <utility>

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::OpKind;
using ir::ValueId;

// Up to so many elements are joined one by one, at the places of the windows alone.
constexpr std::int64_t kFew = 8;

ValueId Join(ir::Builder& out, OpKind kind, ValueId a, ValueId b) {
  return kind == OpKind::kAdd ? out.Add(a, b) : out.Maximum(a, b);
}

// `x` without its first `front` or its last `back` elements along `axis`.
ValueId Cut(ir::Builder& out, ValueId x, int axis, std::int64_t front, std::int64_t back) {
  if (!out.status().ok()) return {};
  std::array<std::int32_t, 4> begin{}, end{};
  const std::array<std::int32_t, 4> stride = {1, 1, 1, 1};
  const auto at = static_cast<std::size_t>(axis);
  begin[at] = static_cast<std::int32_t>(front);
  end[at] = static_cast<std::int32_t>(-back);
  const std::int64_t others = 15 & ~(std::int64_t{1} << axis);
  ir::TensorType type = out.type(x);
  type.shape.dim(axis) = out.module().symbols().Sub(type.shape.dim(axis), Dim(front + back));
  const ValueId operands[] = {x, out.ConstI32(begin), out.ConstI32(end), out.ConstI32(stride)};
  return out.EmitTyped(OpKind::kStridedSlice, operands,
                       {{"begin_mask", front == 0 ? std::int64_t{15} : others},
                        {"end_mask", back == 0 ? std::int64_t{15} : others}},
                       std::move(type));
}

// Joins (by `kind`) the elements of a window at every place along an axis: windows of twice the
// size come from two of half of it, so that there are few joins.
ValueId JoinElements(ir::Builder& out, ValueId x, int axis, const WindowAxis& window, OpKind kind) {
  ValueId part = x, joined;
  std::int64_t covered = 0;
  for (std::int64_t size = 1;; size *= 2) {
    const std::int64_t reach = size * window.dilation;
    if ((window.kernel & size) != 0) {
      joined = covered == 0 ? part
                            : Join(out, kind, Cut(out, joined, axis, 0, reach),
                                   Cut(out, part, axis, covered * window.dilation, 0));
      covered += size;
    }
    if (2 * size > window.kernel) return joined;
    part = Join(out, kind, Cut(out, part, axis, 0, reach), Cut(out, part, axis, reach, 0));
  }
}

// Element `k` of every window.
ValueId Elements(ir::Builder& out, ValueId x, int axis, const WindowAxis& window, std::int64_t k,
                 Dim count, ValueId windows) {
  if (!out.status().ok()) return {};
  ir::TensorType type = out.type(x);
  type.shape.dim(axis) = count;
  std::array<std::int32_t, 4> begin{}, end{}, step{}, stride = {1, 1, 1, 1};
  const auto at = static_cast<std::size_t>(axis);
  begin[at] = static_cast<std::int32_t>(k * window.dilation);
  stride[at] = step[at] = static_cast<std::int32_t>(window.stride);
  end[at] = static_cast<std::int32_t>(k * window.dilation - window.stride + 1);
  if (count.is_static()) end[at] += static_cast<std::int32_t>(count.value() * window.stride);
  ValueId to = out.ConstI32(end);
  if (!count.is_static()) to = out.Add(to, out.Mul(windows, out.ConstI32(step)));
  const std::int64_t others = 15 & ~(std::int64_t{1} << axis);
  const ValueId operands[] = {x, out.ConstI32(begin), to, out.ConstI32(stride)};
  return out.EmitTyped(OpKind::kStridedSlice, operands,
                       {{"begin_mask", others}, {"end_mask", others}}, std::move(type));
}

}  // namespace

ValueId JoinAlongAxis(ir::Builder& out, ValueId x, int axis, const WindowAxis& window, Dim count,
                      ValueId windows, OpKind kind) {
  if (window.kernel > kFew) {
    return Elements(out, JoinElements(out, x, axis, window, kind), axis, window, 0, count, windows);
  }
  ValueId joined = Elements(out, x, axis, window, 0, count, windows);
  for (std::int64_t k = 1; k < window.kernel; ++k) {
    joined = Join(out, kind, joined, Elements(out, x, axis, window, k, count, windows));
  }
  return joined;
}

}  // namespace smelt::onnx_import
