#include "core/import/onnx/ops/transposed_window.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace smelt::onnx_import {

using ir::Dim;
using ir::Shape;

std::optional<Window> TransposeWindow(const OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return std::nullopt;
  const Shape& weights = node.input_shape(1);
  std::vector<std::int64_t> kernel;
  for (int i = 2; i < weights.rank(); ++i) {
    if (!weights.dim(i).is_static()) return std::nullopt;
    kernel.push_back(weights.dim(i).value());
  }
  return node.input_rank(0) < 3 ? std::nullopt
                                : ReadWindow(node, node.input_rank(0) - 2, std::move(kernel));
}

std::optional<std::vector<std::int64_t>> SpatialList(const OnnxNode& node, std::string_view name,
                                                     std::size_t count) {
  auto list = node.Ints(name);
  if (!list || list->empty()) return std::vector<std::int64_t>(count, 0);
  const bool fits =
      list->size() == count && std::all_of(list->begin(), list->end(), [](std::int64_t value) {
        return value >= 0 && value <= INT32_MAX;
      });
  return fits ? list : std::nullopt;
}

std::optional<std::vector<TransposedAxis>> PlanTransposed(const OnnxNode& node) {
  const auto window = TransposeWindow(node);
  if (!window) return std::nullopt;
  const std::size_t count = window->axes.size();
  const auto output_padding = SpatialList(node, "output_padding", count);
  const auto output_shape = SpatialList(node, "output_shape", count);
  if (!output_padding || !output_shape) return std::nullopt;
  const bool has_shape = std::any_of(output_shape->begin(), output_shape->end(),
                                     [](std::int64_t size) { return size > 0; });
  ir::SymbolTable& symbols = node.symbols();
  std::vector<TransposedAxis> plan;
  for (std::size_t i = 0; i < count; ++i) {
    const WindowAxis& axis = window->axes[i];
    const Dim input = node.input_shape(0).dim(static_cast<int>(i) + 2);
    TransposedAxis one;
    one.stride = axis.stride;
    one.extent = axis.extent();
    const Dim full =
        symbols.Add(symbols.Mul(symbols.Sub(input, Dim(1)), Dim(axis.stride)), Dim(axis.extent()));
    std::int64_t behind = 0;  // result size minus F
    if (has_shape || window->auto_pad == "SAME_UPPER" || window->auto_pad == "SAME_LOWER") {
      if (has_shape && !full.is_static()) return std::nullopt;
      behind = has_shape ? (*output_shape)[i] - full.value() : axis.stride - axis.extent();
      const std::int64_t total = std::max<std::int64_t>(0, (*output_padding)[i] - behind);
      one.begin = window->auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else {
      one.begin = axis.begin;
      behind = (*output_padding)[i] - axis.begin - axis.end;
    }
    one.output = behind >= 0 ? symbols.Add(full, Dim(behind)) : symbols.Sub(full, Dim(-behind));
    one.extra = std::max<std::int64_t>(0, one.begin + behind);
    one.cut_end = std::max<std::int64_t>(0, -(one.begin + behind));
    plan.push_back(one);
  }
  return plan;
}

ir::ValueId PartOfFirst(ir::Builder& out, ir::ValueId value, std::int64_t begin,
                        std::int64_t size) {
  if (!value.valid() || !out.status().ok()) return value;
  std::vector<std::int64_t> count = out.type(value).shape.Sizes();
  std::vector<std::int64_t> from(count.size(), 0);
  from[0] = begin;
  count[0] = size;
  if (const ir::Constant* constant = out.constant(value)) {
    return out.Const(constant->Sliced(from, count, std::vector<std::int64_t>(count.size(), 1)));
  }
  const std::vector<std::int32_t> from32(from.begin(), from.end());
  const std::vector<std::int32_t> count32(count.begin(), count.end());
  return out.Emit(ir::OpKind::kSlice, {value, out.ConstI32(from32), out.ConstI32(count32)});
}

ir::Constant DilateWeights(const ir::Constant& weights, std::span<const TransposedAxis> plan) {
  const std::vector<std::int64_t>& from = weights.shape();
  std::vector<std::int64_t> to = {from[0], from[1]}, steps;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const std::int64_t kernel = from[i + 2];
    to.push_back(plan[i].extent);
    steps.push_back(kernel > 1 ? (plan[i].extent - 1) / (kernel - 1) : 1);
  }
  const auto size = static_cast<std::size_t>(ir::ElementBits(weights.dtype()) / 8);
  const SharedBytes source = weights.Materialize();
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::accumulate(
                                   to.begin(), to.end(), std::int64_t{1}, std::multiplies<>())) *
                               size);
  for (std::int64_t i = 0; i < weights.element_count(); ++i) {
    std::int64_t rest = i, put = 0, stride = 1;  // from the last axis to the first
    for (std::size_t axis = from.size(); axis-- > 0;) {
      const std::int64_t at = rest % from[axis];
      rest /= from[axis];
      put += stride * (axis < 2 ? at : at * steps[axis - 2]);
      stride *= to[axis];
    }
    std::copy_n(source.data() + static_cast<std::size_t>(i) * size, size,
                bytes.data() + static_cast<std::size_t>(put) * size);
  }
  auto made =
      ir::Constant::FromBytes(weights.dtype(), std::move(to), SharedBytes::Own(std::move(bytes)));
  SMELT_CHECK(made.ok());
  return std::move(made).value();
}

ir::ValueId DilateAtRunTime(ir::Builder& out, ir::ValueId weights,
                            const std::vector<WindowAxis>& axes) {
  if (!out.status().ok()) return {};
  // Each element of an axis becomes a row of `dilation`, zeros behind it; the last ones are cut.
  const ir::Shape& shape = out.type(weights).shape;
  ir::Shape rows{shape.dim(0), shape.dim(1)};
  ir::Shape spread = rows;
  std::vector<std::int32_t> pads(4, 0), begin(2, 0);
  std::vector<std::int32_t> size = {static_cast<std::int32_t>(shape.dim(0).value()),
                                    static_cast<std::int32_t>(shape.dim(1).value())};
  for (const WindowAxis& axis : axes) {
    rows.push_back(axis.kernel);
    rows.push_back(1);
    spread.push_back(axis.kernel * axis.dilation);
    pads.insert(pads.end(), {0, 0, 0, static_cast<std::int32_t>(axis.dilation - 1)});
    begin.push_back(0);
    size.push_back(static_cast<std::int32_t>(axis.extent()));
  }
  const ir::ValueId table = out.Const(ir::Constant::FromValues<std::int32_t>(
      ir::DType::kI32, {rows.rank(), 2}, std::span<const std::int32_t>(pads)));
  const ir::ValueId padded = out.Emit(ir::OpKind::kPad, {out.Reshape(weights, rows), table});
  return out.Emit(ir::OpKind::kSlice,
                  {out.Reshape(padded, spread), out.ConstI32(begin), out.ConstI32(size)});
}

}  // namespace smelt::onnx_import
