// GraphWalk's work at loops whose rounds are counted at run time, or are many: TFLite's WHILE.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/collected_rows.h"
#include "core/import/onnx/declared_type.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/subgraph.h"
#include "core/import/onnx/walk_loop.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

using ir::DType;
using ir::OpKind;
using ir::TensorType;
using ir::ValueId;

const TensorType kCount{DType::kI64, {}};
const TensorType kFlag{DType::kBool, {}};

bool IsTrue(const ir::Graph& graph, ValueId value) {
  const ir::Constant* constant = graph.constant(value);
  const auto known = constant != nullptr ? constant->AsInts() : std::nullopt;
  return known && known->size() == 1 && (*known)[0] != 0;
}

ValueId Number(ir::Builder& out, std::int64_t value) {
  return out.Const(
      ir::Constant::FromValues<std::int64_t>(DType::kI64, {}, std::vector<std::int64_t>{value}));
}

}  // namespace

// Adds to the state; the output is the same value until it is replaced.
std::size_t GraphWalk::AddState(Round& round, ValueId operand, const TensorType& type,
                                const std::string& name) {
  const ValueId input = context_.module.graph(round.graph).AddInput(type, name);
  round.operands.push_back(operand);
  round.inputs.push_back(input);
  round.outputs.push_back(input);
  return round.inputs.size() - 1;
}

// The same for a value of `type` that may be empty: what the state holds of it, in the body.
ValueId GraphWalk::AddPadded(Round& round, ir::Builder& before, ir::Builder& inside,
                             ValueId operand, const TensorType& type, const std::string& name) {
  ir::SymbolTable& symbols = context_.module.symbols();
  const PaddedState& padded = round.padded.emplace_back(symbols, graph_.type(operand));
  AddState(round, padded.Pad(before, operand), padded.StateOf(symbols, type), name);
  return padded.Cut(inside, round.inputs.back(), type);
}

// Walks the body once, in a region of its own, with carried values of these types.
GraphWalk::Round GraphWalk::WalkRound(const Step& step, const onnx::GraphProto& body,
                                      const Rolled& rolled, const std::vector<Carried>& carried) {
  Round round;
  round.graph = context_.module.AddGraph(step.source.op_type + "." +
                                         std::to_string(step.source.index) + ".body");
  const std::vector<std::string> outside = NamesFromOutside(body);
  const onnx::GraphProto closed = Closed(body, outside);
  round.walk = std::make_unique<GraphWalk>(context_, closed, round.graph);
  ir::Graph& region = round.walk->graph_;
  ir::Builder before(context_.module, graph_id_, step.origin);
  ir::Builder inside(context_.module, round.graph, step.origin);
  AddState(round, Number(before, 0), kCount, "round");
  const ValueId index = round.inputs[0];
  std::vector<const WalkValue*> inputs;
  if (rolled.counts) {
    inputs.push_back(round.walk->Emitted(index));
    // A round is only begun when the condition holds.
    inputs.push_back(round.walk->Emitted(inside.Scalar(DType::kBool, 1)));
  }
  round.first_carried = round.inputs.size();
  for (std::size_t i = 0; i < carried.size(); ++i) {
    const WalkValue& value = *rolled.carried[i];
    inputs.push_back(round.walk->Emitted(
        AddPadded(round, before, inside, value.value, carried[i].type, value.name)));
  }
  if (rolled.most.valid()) {
    AddState(round, rolled.most, kCount, "rounds");
    round.most = round.inputs.back();
  } else if (rolled.rounds) {
    round.most = Number(inside, *rolled.rounds);
  }
  for (std::size_t i = 0; i < rolled.scanned.size(); ++i) {
    const ValueId scanned = AddPadded(round, before, inside, rolled.scanned[i],
                                      graph_.type(rolled.scanned[i]), "scanned");
    ValueId at = index;
    if (rolled.backwards[i]) at = inside.Sub(inside.Sub(round.most, index), Number(inside, 1));
    inputs.push_back(round.walk->Emitted(inside.Emit(
        OpKind::kGather, {scanned, inside.Cast(at, DType::kI32)},
        {{"axis", std::int64_t{rolled.scan_axes[i]}}, {"batch_dims", std::int64_t{0}}})));
  }
  for (const std::string& name : outside) {
    const WalkValue& value = *Find(name);
    WalkValue& input = round.walk->values_.emplace_back(value);
    if (const ir::Constant* constant = graph_.constant(value.value)) {
      input.value = region.AddConstant(*constant, name);
    } else {
      input.value = AddPadded(round, before, inside, value.value, *value.type, name);
    }
    inputs.push_back(&input);
  }
  if (!before.status().ok() || !inside.status().ok()) return round;
  context_.expanded_nodes += static_cast<std::uint64_t>(body.node_size());
  Scope scope{closed,
              scope_->opsets,
              scope_->payloads,
              scope_,
              scope_->caller != nullptr ? scope_->caller : &step,
              scope_->function};
  ++context_.maybe_skipped;
  round.results = round.walk->WalkScope(scope, inputs);
  --context_.maybe_skipped;
  return round;
}

// Types that hold before every round: dimensions that a round changes are told at run time only.
// True when a type gave way, so that the body must be walked again.
Result<bool> GraphWalk::JoinCarried(const Round& round, bool counts,
                                    std::vector<Carried>& carried) {
  ir::SymbolTable& symbols = context_.module.symbols();
  bool changed = false;
  for (std::size_t i = 0; i < carried.size(); ++i) {
    TensorType& before = carried[i].type;
    const TensorType& after = *round.results[i + (counts ? 1 : 0)]->type;
    if (before.dtype != after.dtype || before.shape.rank() != after.shape.rank()) {
      return Status(Reason::kShapeMismatch, "carried value " + std::to_string(i) + " is " +
                                                symbols.Text(before) + " before a round and " +
                                                symbols.Text(after) + " after it");
    }
    for (int axis = 0; axis < before.shape.rank(); ++axis) {
      ir::Dim& dim = before.shape.dim(axis);
      if (carried[i].open.contains(axis) || dim == after.shape.dim(axis)) continue;
      dim = symbols.Fresh("carried round the loop");
      carried[i].open.insert(axis);
      changed = true;
    }
  }
  return changed;
}

// The region that says whether there is another round: the limit is not reached and, where the body
// computes one, the condition holds.
ir::GraphId GraphWalk::EmitCondition(const Step& step, const Round& round) {
  const ir::Graph& body = context_.module.graph(round.graph);
  const ir::GraphId id = context_.module.AddGraph(step.source.op_type + "." +
                                                  std::to_string(step.source.index) + ".condition");
  ir::Graph& region = context_.module.graph(id);
  std::vector<ValueId> state;
  for (const ValueId input : body.inputs()) {
    state.push_back(region.AddInput(body.type(input), body.value(input).name));
  }
  ir::Builder out(context_.module, id, step.origin);
  ValueId goes_on;
  if (round.most.valid()) {
    const auto at = std::ranges::find(round.inputs, round.most);
    const ValueId most = at != round.inputs.end()
                             ? state[static_cast<std::size_t>(at - round.inputs.begin())]
                             : out.Const(*body.constant(round.most));
    goes_on = out.Emit(OpKind::kLess, {state[0], most});
  }
  if (round.condition != 0) {
    goes_on = goes_on.valid() ? out.Emit(OpKind::kLogicalAnd, {goes_on, state[round.condition]})
                              : state[round.condition];
  }
  region.SetOutputs({&goes_on, 1});
  return id;
}

Status GraphWalk::EmitWhile(Step& step, OnnxNode& node, const onnx::GraphProto& body,
                            const Rolled& rolled) {
  for (const std::string& name : NamesFromOutside(body)) {
    const WalkValue* value = Find(name);
    if (value != nullptr && value->type) continue;
    if (value != nullptr && !value->is_tensor()) {
      return Status(Reason::kUnsupportedType,
                    "the body takes \"" + name + "\", which is no tensor");
    }
    CheckSubgraphOperators(*step.proto);
    RefuseHidden(step, node, "the type of \"" + name + "\"");
    return Status::Ok();
  }
  std::vector<Carried> carried;
  for (const WalkValue* value : rolled.carried) {
    carried.push_back({*value->type, {}});
  }
  const Mark start = MarkHere();
  Round round;
  while (true) {
    round = WalkRound(step, body, rolled, carried);
    const bool complete = !round.results.empty() && AllDefined(round.results) &&
                          std::ranges::all_of(round.results, &WalkValue::is_tensor);
    if (!IsWhole(start.diagnostics) || !complete) {
      SayOfCall(step, start.diagnostics);
      if (!IsWhole(start.diagnostics)) NoteHidden(step, "what its body gives");
      step.types_known = false;
      if (IsWhole(start.diagnostics)) {
        return Status(Reason::kMissingTypeInformation, "the body does not give every result");
      }
      Refuse(step, node);
      return Status::Ok();
    }
    SMELT_ASSIGN_OR_RETURN(const bool again, JoinCarried(round, rolled.counts, carried));
    if (!again) break;
    round = {};
    GoBack(start);
  }
  return FinishWhile(step, node, rolled, carried, round);
}

Status GraphWalk::FinishWhile(Step& step, OnnxNode& node, const Rolled& rolled,
                              const std::vector<Carried>& carried, Round& round) {
  ir::Graph& region = context_.module.graph(round.graph);
  ir::Builder inside(context_.module, round.graph, step.origin);
  ir::Builder outside(context_.module, graph_id_, step.origin);
  round.outputs[0] = inside.Add(round.inputs[0], Number(inside, 1));
  std::size_t next = 0;
  if (rolled.counts) {
    const ValueId condition = round.results[next++]->value;
    if (rolled.condition.valid() || !IsTrue(region, condition)) {
      const ValueId first =
          rolled.condition.valid() ? rolled.condition : outside.Scalar(DType::kBool, 1);
      round.condition = AddState(round, first, kFlag, "condition");
      round.outputs[round.condition] = inside.Reshape(condition, {});
    }
  }
  if (!round.most.valid() && round.condition == 0) {
    return Status(Reason::kValueOutOfRange, "the loop never ends");
  }
  for (std::size_t i = 0; i < carried.size(); ++i) {
    round.outputs[round.first_carried + i] =
        round.padded[i].Pad(inside, round.results[next++]->value);
  }
  const auto rounds = round.condition == 0 ? rolled.rounds : std::nullopt;
  std::vector<CollectedRows> collected;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < rolled.collected.size(); ++i) {
    const WalkValue& row = *round.results[next++];
    collected.emplace_back(context_.module.symbols(), *row.type, rounds);
    const CollectedRows& rows = collected.back();
    SMELT_RETURN_IF_ERROR(CheckTypeSize(rows.types()[0], "what the loop collects",
                                        context_.request.limits.max_tensor_bytes));
    places.push_back(round.inputs.size());
    const std::vector<ValueId> first = rows.Begin(outside);
    SMELT_RETURN_IF_ERROR(outside.status());
    for (std::size_t k = 0; k < first.size(); ++k) {
      AddState(round, first[k], rows.types()[k], "collected");
    }
    const auto state = std::span(round.inputs).subspan(places.back());
    const std::vector<ValueId> after = rows.Next(inside, state, round.inputs[0], row.value);
    std::ranges::copy(after, round.outputs.begin() + static_cast<std::ptrdiff_t>(places.back()));
  }
  SMELT_RETURN_IF_ERROR(inside.status());
  SMELT_RETURN_IF_ERROR(outside.status());
  region.SetOutputs(round.outputs);

  // Where sizes change, those after the last round have symbols of their own.
  std::vector<TensorType> types;
  for (const ValueId input : round.inputs) types.push_back(region.type(input));
  std::vector<TensorType> last;
  for (std::size_t i = 0; i < carried.size(); ++i) {
    TensorType& type = last.emplace_back(carried[i].type);
    for (const int axis : carried[i].open) {
      type.shape.dim(axis) = context_.module.symbols().Fresh("after the loop");
    }
    types[round.first_carried + i] = round.padded[i].StateOf(context_.module.symbols(), type);
  }
  const ir::GraphId condition = EmitCondition(step, round);
  const ir::OpId op = graph_.Insert(OpKind::kWhile, round.operands, {}, types, step.origin);
  graph_.op(op).regions = {condition, round.graph};
  const auto made = graph_.op(op).results;
  std::vector<const WalkValue*> results;
  for (std::size_t i = 0; i < carried.size(); ++i) {
    results.push_back(
        Emitted(round.padded[i].Cut(outside, made[round.first_carried + i], last[i])));
  }
  SMELT_RETURN_IF_ERROR(outside.status());
  for (std::size_t i = 0; i < collected.size(); ++i) {
    ValueId rows =
        collected[i].Finish(outside, std::span<const ValueId>(made).subspan(places[i]), made[0]);
    SMELT_RETURN_IF_ERROR(outside.status());
    if (rolled.collected[i].backwards) {
      rows = outside.Emit(OpKind::kReverseV2, {rows, outside.ConstI32({0})});
    }
    const int rank = outside.type(rows).shape.rank();
    const auto axis = ir::NormalizeAxis(rolled.collected[i].axis, rank);
    if (!axis) return Status(Reason::kUnsupportedAttributeValue, "no such axis of a scan output");
    std::vector<int> order;
    for (int k = 1; k < rank; ++k) order.push_back(k);
    order.insert(order.begin() + *axis, 0);
    if (*axis != 0) rows = outside.Transpose(rows, order);
    results.push_back(Emitted(rows));
  }
  SMELT_RETURN_IF_ERROR(outside.status());
  TakeResults(step, node, true, results);
  return Status::Ok();
}

}  // namespace smelt::onnx_import
