#include "core/import/onnx/ops/recurrent_state.h"

#include <algorithm>
#include <string>

#include "core/import/onnx/ops/recurrent_direction.h"
#include "core/ir/runtime_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

bool IsZero(const ir::Constant& value) {
  const auto elements = value.AsDoubles();
  return elements && std::ranges::all_of(*elements, [](double x) { return x == 0; });
}

}  // namespace

ValueId InitialState(OnnxNode& node, Builder& out, int input, int direction, const Shape& shape) {
  if (!node.has_input(input)) return {};
  const ir::Constant* held = out.constant(node.input(input));
  if (held != nullptr && IsZero(*held)) return {};
  const ValueId given =
      BatchFirst(node) ? out.Transpose(node.input(input), {1, 0, 2}) : node.input(input);
  if (!out.status().ok()) return {};
  ValueId part = given;
  if (out.type(given).shape.dim(0) != Dim(1)) {
    part = out.Emit(OpKind::kSlice,
                    {given, out.ConstI32({direction, 0, 0}), out.ConstI32({1, -1, -1})});
  }
  return out.Cast(out.Reshape(part, shape), DType::kF32);
}

ValueId StateOrZeros(Builder& out, ValueId state, const Shape& shape, ValueId x) {
  if (state.valid()) return state;
  const Dim batch = shape.dim(0);
  const auto hidden = static_cast<std::int32_t>(shape.dim(1).value());
  ValueId sizes;
  if (batch.is_static()) {
    sizes = out.ConstI32({static_cast<std::int32_t>(batch.value()), hidden});
  } else {
    const ValueId operands[] = {ir::RuntimeDims(out, x).Emit(batch), out.ConstI32({hidden})};
    sizes =
        out.Emit(OpKind::kConcatenation, operands,
                 {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
  }
  const ValueId operands[] = {sizes, out.Scalar(DType::kF32, 0)};
  return out.EmitTyped(OpKind::kFill, operands, {}, {DType::kF32, shape});
}

}  // namespace smelt::onnx_import
