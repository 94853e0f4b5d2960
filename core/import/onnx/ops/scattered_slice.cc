#include "core/import/onnx/ops/scattered_slice.h"

#include <vector>

#include "core/import/onnx/ops/repeated_indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// Positions from `begin` to `end` of an axis; none: from its first one, to its last one.
ValueId Part(Builder& out, ValueId x, int axis, std::optional<std::int64_t> begin,
             std::optional<std::int64_t> end) {
  if (!out.status().ok()) return {};
  const int rank = out.type(x).shape.rank();
  std::vector<std::int32_t> from(static_cast<std::size_t>(rank)), to = from;
  from[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(begin.value_or(0));
  to[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(end.value_or(0));
  const std::vector<std::int32_t> steps(from.size(), 1);
  const std::int64_t all = (std::int64_t{1} << rank) - 1, own = std::int64_t{1} << axis;
  return out.Emit(OpKind::kStridedSlice,
                  {x, out.ConstI32(from), out.ConstI32(to), out.ConstI32(steps)},
                  {{"begin_mask", begin ? all & ~own : all}, {"end_mask", end ? all & ~own : all}});
}

ValueId Combined(Builder& out, ValueId old, ValueId updates, const std::string& reduction) {
  if (reduction == "add") return out.Add(old, updates);
  if (reduction == "mul") return out.Mul(old, updates);
  return reduction == "max" ? out.Maximum(old, updates) : out.Minimum(old, updates);
}

}  // namespace

std::optional<ScatteredSlice> FindScatteredSlice(const OnnxNode& node, int axis) {
  const Shape& data = node.input_shape(0);
  const Shape& updates = node.input_shape(2);
  if (data.rank() > 31) return std::nullopt;
  for (int i = 0; i < data.rank(); ++i) {
    if (updates.dim(i) != (i == axis ? Dim(1) : data.dim(i))) return std::nullopt;
  }
  const auto index = OneInteger(node.graph(), node.input(1));
  if (!index || *index <= -INT32_MAX || *index >= INT32_MAX) return std::nullopt;
  ScatteredSlice slice{node.input(0), node.input(2), axis, *index};
  const Dim size = data.dim(axis);
  if (!size.is_static()) return slice;
  if (*index < -size.value() || *index >= size.value()) return std::nullopt;
  if (*index < 0) slice.at += size.value();
  return slice;
}

ValueId ScatterSlice(Builder& out, const ScatteredSlice& slice, const std::string& reduction) {
  if (!out.status().ok()) return {};
  const auto [data, updates, axis, at] = slice;
  const ir::TensorType type = out.type(data);
  const bool is_last = at == -1 || type.shape.dim(axis) == Dim(at + 1);
  const auto behind = is_last ? std::nullopt : std::optional(at + 1);
  std::vector<ValueId> parts;
  if (at != 0) parts.push_back(Part(out, data, axis, std::nullopt, at));
  parts.push_back(reduction == "none"
                      ? updates
                      : Combined(out, Part(out, data, axis, at, behind), updates, reduction));
  if (behind) parts.push_back(Part(out, data, axis, behind, std::nullopt));
  if (!out.status().ok() || parts.size() == 1) return parts.front();
  return out.EmitTyped(
      OpKind::kConcatenation, parts,
      {{"axis", std::int64_t{axis}}, {"fused_activation_function", std::string("NONE")}}, type);
}

}  // namespace smelt::onnx_import
