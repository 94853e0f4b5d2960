#include "core/import/onnx/ops/recurrent_cell.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// Activation number `function` of the cell, of x within its bounds.
ValueId Activate(Builder& out, const Cell& cell, std::size_t function, ValueId x) {
  if (cell.clip > 0) x = ClipBetween(out, x, -cell.clip, cell.clip);
  return cell.activations[function].Emit(out, x);
}

// Columns [first, first + count) of x, in units of `width`.
ValueId Columns(Builder& out, ValueId x, std::int64_t first, std::int64_t count,
                std::int64_t width) {
  const auto begin = static_cast<std::int32_t>(first * width);
  const auto size = static_cast<std::int32_t>(count * width);
  return out.Emit(OpKind::kSlice, {x, out.ConstI32({0, begin}), out.ConstI32({-1, size})});
}

// Rows of a weight matrix; a view when it is constant.
ValueId Rows(Builder& out, ValueId weights, std::int64_t first, std::int64_t count) {
  if (!out.status().ok()) return {};
  const ir::Shape shape = out.type(weights).shape;
  if (shape.dim(0) == ir::Dim(count)) return weights;
  if (const ir::Constant* held = out.constant(weights)) {
    std::vector<std::int64_t> begin(held->shape().size(), 0), size = held->shape(),
                                                              stride(held->shape().size(), 1);
    begin[0] = first;
    size[0] = count;
    return out.Const(held->Sliced(begin, size, stride));
  }
  std::vector<std::int32_t> begin(static_cast<std::size_t>(shape.rank()), 0);
  std::vector<std::int32_t> size(begin.size(), -1);
  begin[0] = static_cast<std::int32_t>(first);
  size[0] = static_cast<std::int32_t>(count);
  return out.Emit(OpKind::kSlice, {weights, out.ConstI32(begin), out.ConstI32(size)});
}

ValueId Product(Builder& out, ValueId x, ValueId weights, ValueId bias = {}) {
  return out.Emit(OpKind::kFullyConnected, {x, weights, bias},
                  {{"fused_activation_function", std::string("NONE")},
                   {"weights_format", std::string("DEFAULT")},
                   {"keep_num_dims", false}});
}

// input + state * weights
ValueId Sum(Builder& out, ValueId input, ValueId state, ValueId weights) {
  return state.valid() ? out.Add(input, Product(out, state, weights)) : input;
}

StepState RnnStep(Builder& out, const Cell& cell, const StepWeights& weights, ValueId input,
                  const StepState& state) {
  return {Activate(out, cell, 0, Sum(out, input, state.hidden, weights.recurrence)), {}};
}

// What a GRU's candidate takes from the state; nothing when that is zero.
ValueId FromState(Builder& out, const Cell& cell, const StepWeights& weights, ValueId reset,
                  ValueId hidden) {
  const std::int64_t width = cell.hidden;
  const ValueId new_weights = Rows(out, weights.recurrence, 2 * width, width);
  if (!cell.linear_before_reset) {
    return hidden.valid() ? Product(out, out.Mul(reset, hidden), new_weights) : ValueId{};
  }
  if (hidden.valid()) {
    return out.Mul(reset, Product(out, hidden, new_weights, weights.reset_bias));
  }
  return weights.reset_bias.valid() ? out.Mul(reset, weights.reset_bias) : ValueId{};
}

// Gates in the order update, reset, hidden.
StepState GruStep(Builder& out, const Cell& cell, const StepWeights& weights, ValueId input,
                  const StepState& state) {
  const std::int64_t width = cell.hidden;
  const ValueId gate_weights = Rows(out, weights.recurrence, 0, 2 * width);
  const ValueId gates = Activate(
      out, cell, 0, Sum(out, Columns(out, input, 0, 2, width), state.hidden, gate_weights));
  const ValueId update = Columns(out, gates, 0, 1, width);
  const ValueId reset = Columns(out, gates, 1, 1, width);
  const ValueId recurrent = FromState(out, cell, weights, reset, state.hidden);
  const ValueId from_input = Columns(out, input, 2, 1, width);
  const ValueId candidate =
      Activate(out, cell, 1, recurrent.valid() ? out.Add(from_input, recurrent) : from_input);
  if (!state.hidden.valid()) return {out.Sub(candidate, out.Mul(update, candidate)), {}};
  return {out.Add(candidate, out.Mul(update, out.Sub(state.hidden, candidate))), {}};
}

// Gates in the order input, output, forget, cell; peepholes in the order input, output, forget.
StepState LstmStep(Builder& out, const Cell& cell, const StepWeights& weights, ValueId input,
                   const StepState& state) {
  const std::int64_t width = cell.hidden;
  const ValueId sum = Sum(out, input, state.hidden, weights.recurrence);
  const auto peep = [&](int gate, ValueId x, ValueId seen) {
    if (!seen.valid()) return x;
    return out.Add(x, out.Mul(Rows(out, weights.peepholes, gate * width, width), seen));
  };
  ValueId gates;
  if (!weights.peepholes.valid()) {  // three gates in one call
    gates = Activate(out, cell, 0, Columns(out, sum, 0, 3, width));
  }
  const auto gate = [&](int i, ValueId seen) {
    if (gates.valid()) return Columns(out, gates, i, 1, width);
    return Activate(out, cell, 0, peep(i, Columns(out, sum, i, 1, width), seen));
  };
  const ValueId in = gate(0, state.cell);
  const ValueId candidate = Activate(out, cell, 1, Columns(out, sum, 3, 1, width));
  ValueId next = out.Mul(in, candidate);
  if (state.cell.valid()) {
    const ValueId forget =
        cell.input_forget ? out.Sub(out.Scalar(DType::kF32, 1), in) : gate(2, state.cell);
    next = out.Add(out.Mul(forget, state.cell), next);
  }
  const ValueId seen = cell.activations[2].Emit(out, next);  // clip bounds gates, not the state
  return {out.Mul(gate(1, next), seen), next};
}

}  // namespace

StepState EmitStep(Builder& out, const Cell& cell, const StepWeights& weights, ValueId input,
                   const StepState& state) {
  if (cell.kind == CellKind::kRnn) return RnnStep(out, cell, weights, input, state);
  if (cell.kind == CellKind::kGru) return GruStep(out, cell, weights, input, state);
  return LstmStep(out, cell, weights, input, state);
}

}  // namespace smelt::onnx_import
