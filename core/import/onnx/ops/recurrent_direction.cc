#include "core/import/onnx/ops/recurrent_direction.h"

#include <string>
#include <vector>

#include "core/import/onnx/ops/recurrent_state.h"
#include "core/ir/runtime_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

constexpr std::int64_t kUnrolledSteps = 4;

// One direction of the operator under translation.
class Direction {
 public:
  Direction(OnnxNode& node, Builder& out, ValueId x, int index, Cell cell)
      : node_(node), out_(out), x_(x), index_(index), cell_(std::move(cell)) {
    steps_ = out.type(x).shape.dim(0);
    batch_ = out.type(x).shape.dim(1);
    backward_ = index == 1 || node.String("direction", "forward") == "reverse";
    wants_all_ = node.has_output(0);
  }

  void Run() {
    const std::int64_t gates = GateCount(cell_.kind);
    const std::int64_t rows = gates * cell_.hidden;
    weights_.recurrence = Part(kR, {rows, cell_.hidden});
    const ValueId inputs = Part(kW, {rows, node_.input_shape(kW).dim(2)});
    projected_ = out_.Emit(OpKind::kFullyConnected, {x_, inputs, Bias(rows)},
                           {{"fused_activation_function", std::string("NONE")},
                            {"weights_format", std::string("DEFAULT")},
                            {"keep_num_dims", true}});
    if (node_.has_input(kPeepholes)) weights_.peepholes = Part(kPeepholes, {3 * cell_.hidden});
    if (node_.has_input(kLengths)) {
      lengths_ = out_.Reshape(out_.Cast(node_.input(kLengths), DType::kI32), {batch_, 1});
    }
    const Shape shape{batch_, cell_.hidden};
    state_.hidden = InitialState(node_, out_, kHidden, index_, shape);
    if (cell_.kind == CellKind::kLstm) {
      state_.cell = InitialState(node_, out_, kCell, index_, shape);
    }
    if (!out_.status().ok()) return;
    if (steps_.is_static() && steps_.value() <= kUnrolledSteps) {
      Unroll();
    } else {
      Loop();
    }
  }

  DirectionValues values() const { return {all_, state_}; }

 private:
  // This direction's part of a weight operand, under `shape`; a view when it is constant.
  ValueId Part(int input, const Shape& shape) {
    const ValueId whole = node_.input(input);
    const Shape& from = node_.input_shape(input);
    if (const ir::Constant* held = out_.constant(whole)) {
      std::vector<std::int64_t> begin(held->shape().size(), 0), size = held->shape(),
                                                                stride(held->shape().size(), 1);
      begin[0] = index_;
      size[0] = 1;
      return out_.Cast(out_.Reshape(out_.Const(held->Sliced(begin, size, stride)), shape),
                       DType::kF32);
    }
    std::vector<std::int32_t> begin(static_cast<std::size_t>(from.rank()), 0);
    std::vector<std::int32_t> size(begin.size(), -1);
    begin[0] = index_;
    size[0] = 1;
    ValueId part = whole;
    if (from.dim(0) != Dim(1)) {
      part = out_.Emit(OpKind::kSlice, {whole, out_.ConstI32(begin), out_.ConstI32(size)});
    }
    return out_.Cast(out_.Reshape(part, shape), DType::kF32);
  }

  ValueId Piece(ValueId vector, std::int64_t first, std::int64_t count) {
    return out_.Emit(OpKind::kSlice, {vector, out_.ConstI32({static_cast<std::int32_t>(first)}),
                                      out_.ConstI32({static_cast<std::int32_t>(count)})});
  }

  // The sum of both biases; what is added inside of the reset gate stays apart.
  ValueId Bias(std::int64_t rows) {
    if (!node_.has_input(kB)) return {};
    const ValueId both = Part(kB, {2 * rows});
    const ValueId input = Piece(both, 0, rows);
    if (!cell_.linear_before_reset) return out_.Add(input, Piece(both, rows, rows));
    const std::int64_t gates = 2 * cell_.hidden;
    weights_.reset_bias = Piece(both, rows + gates, cell_.hidden);
    const ValueId early = out_.Add(Piece(input, 0, gates), Piece(both, rows, gates));
    const ValueId operands[] = {early, Piece(input, gates, cell_.hidden)};
    return out_.Emit(
        OpKind::kConcatenation, operands,
        {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
  }

  // The state after one step, and what the step shows: beyond a sequence's length the state stays
  // and zeros are shown.
  StepState Step(Builder& out, const StepWeights& weights, ValueId projected, ValueId lengths,
                 ValueId time, const StepState& state, ValueId* shown) {
    const ValueId input = out.Emit(OpKind::kGather, {projected, time},
                                   {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    StepState next = EmitStep(out, cell_, weights, input, state);
    *shown = next.hidden;
    if (!lengths.valid()) return next;
    const ValueId goes_on = out.Emit(OpKind::kLess, {time, lengths});
    const auto choose = [&](ValueId yes, ValueId no) {
      if (!no.valid()) no = out.Scalar(DType::kF32, 0);
      return out.Emit(OpKind::kSelectV2, {goes_on, yes, no});
    };
    *shown = choose(next.hidden, {});
    if (next.cell.valid()) next.cell = choose(next.cell, state.cell);
    next.hidden = choose(next.hidden, state.hidden);
    return next;
  }

  void Unroll() {
    const std::int64_t steps = steps_.value();
    std::vector<ValueId> rows(static_cast<std::size_t>(steps));
    for (std::int64_t i = 0; i < steps; ++i) {
      const std::int64_t time = backward_ ? steps - 1 - i : i;
      state_ = Step(out_, weights_, projected_, lengths_,
                    out_.ScalarI32(static_cast<std::int32_t>(time)), state_,
                    &rows[static_cast<std::size_t>(time)]);
    }
    if (!wants_all_) return;
    all_ = out_.Emit(OpKind::kPack, rows, {{"values_count", steps}, {"axis", std::int64_t{0}}});
  }

  // The values that go round, in the order in which both regions take them.
  struct Round {
    ValueId time, projected, hidden, cell, all, recurrence, reset_bias, peepholes, lengths;
    std::vector<ValueId*> slots() {
      return {&time,       &projected,  &hidden,    &cell,   &all,
              &recurrence, &reset_bias, &peepholes, &lengths};
    }
  };

  void Loop() {
    Round outer;
    outer.time = backward_ ? LastStep() : out_.ScalarI32(0);
    outer.projected = projected_;
    const Shape shape{batch_, cell_.hidden};
    outer.hidden = StateOrZeros(out_, state_.hidden, shape, x_);
    if (cell_.kind == CellKind::kLstm) outer.cell = StateOrZeros(out_, state_.cell, shape, x_);
    outer.lengths = lengths_;
    if (wants_all_) {  // every row is written, so any values will do
      const ValueId rows = out_.ConstI32({-1, -1, static_cast<std::int32_t>(cell_.hidden)});
      outer.all = out_.Emit(OpKind::kSlice, {projected_, out_.ConstI32({0, 0, 0}), rows});
    }
    // Constant weights are the regions' own; computed ones go round.
    const auto carried = [&](ValueId weight) {
      return weight.valid() && out_.constant(weight) == nullptr ? weight : ValueId{};
    };
    outer.recurrence = carried(weights_.recurrence);
    outer.reset_bias = carried(weights_.reset_bias);
    outer.peepholes = carried(weights_.peepholes);
    if (!out_.status().ok()) return;

    std::vector<ValueId> operands;
    std::vector<TensorType> types;
    for (const ValueId* slot : outer.slots()) {
      if (!slot->valid()) continue;
      operands.push_back(*slot);
      types.push_back(out_.type(*slot));
    }
    const ir::GraphId condition = Region("steps", outer, &Direction::FillCondition);
    const ir::GraphId body = Region("step", outer, &Direction::FillBody);
    if (!out_.status().ok()) return;
    const ir::OpId loop = out_.graph().Insert(OpKind::kWhile, operands, {}, types, out_.origin());
    out_.graph().op(loop).regions = {condition, body};
    std::size_t at = 0;
    for (ValueId* slot : outer.slots()) {
      if (slot->valid()) *slot = out_.graph().op(loop).results[at++];
    }
    state_ = {outer.hidden, outer.cell};
    all_ = outer.all;
  }

  ValueId LastStep() {
    if (steps_.is_static()) return out_.ScalarI32(static_cast<std::int32_t>(steps_.value() - 1));
    const ValueId count = out_.Reshape(ir::RuntimeDims(out_, x_).Emit(steps_), Shape{});
    return out_.Sub(count, out_.ScalarI32(1));
  }

  using Fill = void (Direction::*)(Builder& region, Round inner);

  ir::GraphId Region(const std::string& name, Round outer, Fill fill) {
    const ir::GraphId id =
        node_.module().AddGraph(node_.op_type() + "." + std::to_string(node_.source().index) + "." +
                                std::to_string(index_) + "." + name);
    Builder region(node_.module(), id, out_.origin());
    int number = 0;
    for (ValueId* slot : outer.slots()) {
      if (!slot->valid()) continue;
      *slot = region.graph().AddInput(out_.type(*slot), "s" + std::to_string(number++));
    }
    (this->*fill)(region, outer);
    if (!region.status().ok()) out_.Fail(region.status());
    return id;
  }

  void FillCondition(Builder& region, Round inner) {
    ValueId goes_on;
    if (backward_) {
      goes_on = region.Emit(OpKind::kGreaterEqual, {inner.time, region.ScalarI32(0)});
    } else {
      ValueId end;
      if (steps_.is_static()) {
        end = region.ScalarI32(static_cast<std::int32_t>(steps_.value()));
      } else {
        const ValueId shape =
            region.Emit(OpKind::kShape, {inner.projected}, {{"out_type", std::string("i32")}});
        end = region.Reshape(
            region.Emit(OpKind::kSlice, {shape, region.ConstI32({0}), region.ConstI32({1})}),
            Shape{});
      }
      goes_on = region.Emit(OpKind::kLess, {inner.time, end});
    }
    if (region.status().ok()) region.graph().SetOutputs({&goes_on, 1});
  }

  void FillBody(Builder& region, Round inner) {
    const auto own = [&](ValueId carried, ValueId outside) {
      if (carried.valid() || !outside.valid()) return carried;
      return region.Const(*out_.constant(outside));
    };
    const StepWeights weights{own(inner.recurrence, weights_.recurrence),
                              own(inner.reset_bias, weights_.reset_bias),
                              own(inner.peepholes, weights_.peepholes)};
    ValueId shown;
    const StepState next = Step(region, weights, inner.projected, inner.lengths, inner.time,
                                {inner.hidden, inner.cell}, &shown);
    if (!region.status().ok()) return;
    if (inner.all.valid()) {
      const ValueId row = region.Reshape(shown, {1, batch_, cell_.hidden});
      const ValueId place = region.Mul(inner.time, region.ConstI32({1, 0, 0}));
      inner.all = region.Emit(OpKind::kDynamicUpdateSlice, {inner.all, row, place});
    }
    inner.hidden = next.hidden;
    if (inner.cell.valid()) inner.cell = next.cell;
    inner.time = region.Add(inner.time, region.ScalarI32(backward_ ? -1 : 1));
    std::vector<ValueId> results;
    for (const ValueId* slot : inner.slots()) {
      if (slot->valid()) results.push_back(*slot);
    }
    if (region.status().ok()) region.graph().SetOutputs(results);
  }

  OnnxNode& node_;
  Builder& out_;
  ValueId x_;
  int index_;
  Cell cell_;
  Dim steps_, batch_;
  bool backward_ = false, wants_all_ = false;
  StepWeights weights_;
  StepState state_;
  ValueId projected_, lengths_, all_;
};

}  // namespace

DirectionValues EmitDirection(OnnxNode& node, Builder& out, ValueId x, int index, Cell cell) {
  Direction direction(node, out, x, index, std::move(cell));
  direction.Run();
  return direction.values();
}

}  // namespace smelt::onnx_import
