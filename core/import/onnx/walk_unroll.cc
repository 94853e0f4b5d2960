// GraphWalk's work at loops of few rounds: the body, once for each of them.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/fold.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/subgraph.h"
#include "core/import/onnx/walk_loop.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {

Result<bool> GraphWalk::Unroll(Step& step, OnnxNode& node, const onnx::GraphProto& body,
                               const Rolled& rolled) {
  const std::int64_t rounds = *rolled.rounds;
  const std::vector<std::string> outside = NamesFromOutside(body);
  const onnx::GraphProto closed = Closed(body, outside);
  context_.expanded_nodes += static_cast<std::uint64_t>(rounds * body.node_size());
  if (context_.expanded_nodes > context_.request.limits.max_nodes) {
    return Status(Reason::kTooManyNodes, "the loops' rounds together have too many nodes");
  }
  const std::size_t before = context_.diagnostics.size();
  ir::Builder builder(context_.module, graph_id_, step.origin);
  const auto fold_since = [&](ir::OpId last) {
    FoldNewOps(context_.module, graph_id_, last, context_.request.limits.max_folded_bytes);
  };
  const auto last_op = [&] { return graph_.op(graph_.return_op()).previous; };
  std::vector<const WalkValue*> carried = rolled.carried;
  std::vector<std::vector<ir::ValueId>> collected(rolled.collected.size());
  const WalkValue* condition = nullptr;
  const auto make_constant = [&](ir::DType type, std::int64_t value) {
    return Emitted(builder.Const(ir::Constant::FromValues<std::int64_t>(
                                     ir::DType::kI64, {}, std::vector<std::int64_t>{value})
                                     .Cast(type)
                                     .Evaluated()));
  };
  if (rolled.counts) condition = make_constant(ir::DType::kBool, 1);
  bool ended = !rolled.ends_by_condition;
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::vector<const WalkValue*> inputs;
    if (rolled.counts) {
      inputs.push_back(make_constant(ir::DType::kI64, round));
      inputs.push_back(condition);
    }
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    const ir::OpId last = last_op();
    std::vector<ir::ValueId> pieces;
    for (std::size_t i = 0; i < rolled.scanned.size(); ++i) {
      const std::int64_t at = rolled.backwards[i] ? rounds - 1 - round : round;
      pieces.push_back(builder.Emit(
          ir::OpKind::kGather,
          {rolled.scanned[i], builder.ScalarI32(static_cast<std::int32_t>(at))},
          {{"axis", std::int64_t{rolled.scan_axes[i]}}, {"batch_dims", std::int64_t{0}}}));
    }
    SMELT_RETURN_IF_ERROR(builder.status());
    fold_since(last);
    for (const ir::ValueId piece : pieces) inputs.push_back(Emitted(piece));
    for (const std::string& name : outside) inputs.push_back(Find(name));
    Scope scope{closed,
                scope_->opsets,
                scope_->payloads,
                scope_,
                scope_->caller != nullptr ? scope_->caller : &step,
                scope_->function};
    auto results = WalkScope(scope, inputs);
    if (!IsWhole(before) || results.empty() || !AllDefined(results)) {
      SayOfCall(step, before);
      step.types_known = false;
      Refuse(step, node);
      return true;
    }
    std::size_t next = 0;
    if (rolled.counts) condition = results[next++];
    for (const WalkValue*& value : carried) value = results[next++];
    for (auto& list : collected) {
      if (!results[next]->is_tensor()) {
        return Status(Reason::kUnsupportedType, "a loop collects tensors, not sequences");
      }
      list.push_back(results[next++]->value);
    }
    if (!rolled.counts) continue;
    const ir::Constant* known = graph_.constant(condition->value);
    const auto goes_on = known != nullptr ? known->AsInts() : std::nullopt;
    if (!goes_on || goes_on->size() != 1) return false;
    if ((*goes_on)[0] == 0) {
      ended = true;
      break;
    }
  }
  if (!ended) return false;
  const ir::OpId last = last_op();
  std::vector<ir::ValueId> stacked;
  for (std::size_t i = 0; i < collected.size(); ++i) {
    std::vector<ir::ValueId>& list = collected[i];
    if (rolled.collected[i].backwards) std::reverse(list.begin(), list.end());
    const std::int64_t raw = rolled.collected[i].axis;
    const auto axis = ir::NormalizeAxis(raw, graph_.type(list[0]).shape.rank() + 1);
    if (!axis) return Status(Reason::kUnsupportedAttributeValue, "no such axis of a scan output");
    stacked.push_back(builder.Emit(
        ir::OpKind::kPack, list,
        {{"values_count", static_cast<std::int64_t>(list.size())}, {"axis", std::int64_t{*axis}}}));
  }
  SMELT_RETURN_IF_ERROR(builder.status());
  fold_since(last);
  std::vector<const WalkValue*> results = carried;
  for (const ir::ValueId value : stacked) results.push_back(Emitted(value));
  TakeResults(step, node, true, results);
  return true;
}

}  // namespace smelt::onnx_import
