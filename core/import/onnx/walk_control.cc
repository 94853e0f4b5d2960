// GraphWalk's work at If, Loop and Scan. An If of a known condition is the branch that is taken;
// one of a computed condition is TFLite's IF. A loop whose number of rounds is known and small is
// its rounds, one after the other.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/fold.h"
#include "core/import/onnx/graph_order.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/operator_treatment.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

// What unrolling may make of one loop: beyond that a model would be all loop.
constexpr std::int64_t kMaxRounds = 64;
constexpr std::int64_t kMaxUnrolledNodes = 1024;

const onnx::GraphProto* BodyOf(const onnx::NodeProto& node, std::string_view name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name && attribute.has_g()) return &attribute.g();
  }
  return nullptr;
}

// Names that the body takes from around it, each once, in a fixed order.
std::vector<std::string> NamesFromOutside(const onnx::GraphProto& body) {
  onnx::NodeProto holder;
  *holder.add_attribute()->mutable_g() = body;
  std::set<std::string> names;
  for (const std::string* name : NamesReadBy(holder)) names.insert(*name);
  return {names.begin(), names.end()};
}

// The body with what it takes from outside as further inputs.
onnx::GraphProto Closed(const onnx::GraphProto& body, const std::vector<std::string>& outside) {
  onnx::GraphProto closed = body;
  for (const std::string& name : outside) closed.add_input()->set_name(name);
  return closed;
}

Status NoBody(const char* name) {
  return Status(Reason::kMissingAttribute, std::string("attribute \"") + name + "\" is absent");
}

}  // namespace

// The rounds of a loop: what each takes and what all of them give.
struct GraphWalk::Rolled {
  std::int64_t rounds = 0;
  bool counts = false;                     // Loop: number of the round and condition go in first
  std::vector<const KnownValue*> carried;  // from round to round
  std::vector<ir::ValueId> scanned;        // cut along an axis, one piece a round
  std::vector<int> scan_axes;
  std::vector<bool> backwards;  // of the scanned inputs, then of the collected results
  std::vector<std::vector<ir::ValueId>> collected;
};

bool GraphWalk::IsControlFlow(const Step& step) {
  return step.source.domain.empty() && IsControlFlowOperator(step.source.op_type);
}

void GraphWalk::ExpandControlFlow(Step& step, OnnxNode& node) {
  Status status;
  const auto body = [&](const char* name) { return BodyOf(*step.proto, name); };
  if (step.source.op_type == "If") {
    const onnx::GraphProto* then_branch = body("then_branch");
    const onnx::GraphProto* else_branch = body("else_branch");
    if (then_branch == nullptr || else_branch == nullptr) {
      status = NoBody(then_branch == nullptr ? "then_branch" : "else_branch");
    } else if (!node.has_input(0) || !node.knows_input(0)) {
      CheckSubgraphOperators(*step.proto);
      step.types_known = false;
      Refuse(step, node);
      return;
    } else if (const auto condition = node.input_ints(0); condition && condition->size() == 1) {
      status = TakeBranch(step, node, (*condition)[0] != 0 ? *then_branch : *else_branch);
    } else {
      status = EmitIf(step, node, *then_branch, *else_branch);
    }
  } else if (body("body") == nullptr) {
    status = NoBody("body");
  } else {
    status = step.source.op_type == "Loop" ? UnrollLoop(step, node, *body("body"))
                                           : UnrollScan(step, node, *body("body"));
  }
  if (status.ok()) return;
  CheckSubgraphOperators(*step.proto);
  context_.diagnostics.push_back(FromStatus(status, step.source));
  step.types_known = false;
  Refuse(step, node);
}

Status GraphWalk::TakeBranch(Step& step, OnnxNode& node, const onnx::GraphProto& branch) {
  const std::vector<std::string> outside = NamesFromOutside(branch);
  const onnx::GraphProto closed = Closed(branch, outside);
  if (branch.input_size() != 0) {
    return Status(Reason::kTooManyInputs, "a branch takes no inputs");
  }
  std::vector<const KnownValue*> inputs;
  for (const std::string& name : outside) inputs.push_back(Find(name));
  const std::size_t before = context_.diagnostics.size();
  Scope scope{closed, scope_->opsets, scope_->payloads, scope_, scope_->caller, scope_->function};
  const auto results = WalkScope(scope, inputs);
  TakeResults(step, node, IsWhole(before), results);
  return Status::Ok();
}

Status GraphWalk::EmitIf(Step& step, OnnxNode& node, const onnx::GraphProto& then_branch,
                         const onnx::GraphProto& else_branch) {
  std::set<std::string> names;
  for (const auto* branch : {&then_branch, &else_branch}) {
    if (branch->input_size() != 0) {
      return Status(Reason::kTooManyInputs, "a branch takes no inputs");
    }
    for (std::string& name : NamesFromOutside(*branch)) names.insert(std::move(name));
  }
  ir::Builder builder(context_.module, graph_id_, step.origin);
  std::vector<ir::ValueId> operands = {builder.Reshape(node.input(0), ir::Shape{})};
  std::vector<const KnownValue*> outside;
  for (const std::string& name : names) {
    outside.push_back(Find(name));
    if (outside.back() == nullptr || !outside.back()->type) {
      CheckSubgraphOperators(*step.proto);
      step.types_known = false;
      Refuse(step, node);  // an earlier problem hides what the branches work on
      return Status::Ok();
    }
    if (graph_.constant(outside.back()->value) == nullptr) {
      operands.push_back(outside.back()->value);
    }
  }
  const std::size_t before = context_.diagnostics.size();
  std::vector<ir::GraphId> regions;
  std::vector<std::vector<ir::TensorType>> types;
  for (const auto* branch : {&then_branch, &else_branch}) {
    const ir::GraphId id =
        context_.module.AddGraph(step.source.op_type + "." + std::to_string(step.source.index) +
                                 (branch == &then_branch ? ".then" : ".else"));
    ir::Graph& region = context_.module.graph(id);
    std::vector<KnownValue> inputs;
    for (const KnownValue* value : outside) {
      KnownValue& input = inputs.emplace_back(*value);
      const ir::Constant* constant = graph_.constant(value->value);
      input.value = constant != nullptr ? region.AddConstant(*constant, value->name)
                                        : region.AddInput(*value->type, value->name);
    }
    std::vector<const KnownValue*> pointers;
    for (const KnownValue& input : inputs) pointers.push_back(&input);
    const onnx::GraphProto closed = Closed(*branch, {names.begin(), names.end()});
    GraphWalk inner(context_, closed, id);
    Scope scope{closed, scope_->opsets, scope_->payloads, scope_, scope_->caller, scope_->function};
    const auto results = inner.WalkScope(scope, pointers);
    std::vector<ir::ValueId> outputs;
    std::vector<ir::TensorType>& given = types.emplace_back();
    for (int i = 0; i < node.output_count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (at >= results.size() || results[at] == nullptr || !results[at]->type) {
        step.types_known = false;
        if (IsWhole(before)) {
          return Status(Reason::kMissingTypeInformation, "a branch does not give every result");
        }
        Refuse(step, node);
        return Status::Ok();
      }
      outputs.push_back(results[at]->value);
      given.push_back(*results[at]->type);
    }
    region.SetOutputs(outputs);
    regions.push_back(id);
  }
  if (!IsWhole(before)) {
    step.types_known = false;
    Refuse(step, node);
    return Status::Ok();
  }
  SMELT_ASSIGN_OR_RETURN(const std::vector<ir::TensorType> joined, JoinedTypes(types));
  SMELT_RETURN_IF_ERROR(builder.status());
  const ir::OpId op = graph_.Insert(ir::OpKind::kIf, operands, {}, joined, step.origin);
  graph_.op(op).regions = regions;
  std::vector<const KnownValue*> results;
  for (const ir::ValueId value : std::vector(graph_.op(op).results)) {
    results.push_back(Emitted(value));
  }
  TakeResults(step, node, true, results);
  return Status::Ok();
}

const KnownValue* GraphWalk::Emitted(ir::ValueId value) {
  KnownValue& known = values_.emplace_back();
  known.value = value;
  known.type = graph_.type(value);
  return &known;
}

Status GraphWalk::UnrollLoop(Step& step, OnnxNode& node, const onnx::GraphProto& body) {
  Rolled rolled;
  rolled.counts = true;
  const auto trips = node.has_input(0) ? node.input_ints(0) : std::nullopt;
  const auto condition = node.has_input(1) ? node.input_ints(1) : std::vector<std::int64_t>{1};
  if (!trips || trips->size() != 1 || !condition || condition->size() != 1) {
    return Status(Reason::kRequiresConstantInput,
                  "the number of rounds is computed at run time; a loop is unrolled",
                  "Export with a fixed number of rounds.");
  }
  rolled.rounds = (*condition)[0] == 0 ? 0 : std::max<std::int64_t>((*trips)[0], 0);
  const auto inputs = FindInputs(*step.proto);
  const int count = static_cast<int>(inputs.size());
  if (body.input_size() != std::max(count, 2) || body.output_size() < body.input_size() - 1) {
    return Status(Reason::kMissingInput, "the body's inputs are not the loop's");
  }
  for (std::size_t i = 2; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) {
      return Status(Reason::kMissingInput, "input " + std::to_string(i) + " is absent");
    }
    rolled.carried.push_back(inputs[i]);
  }
  rolled.collected.resize(static_cast<std::size_t>(body.output_size() - body.input_size() + 1));
  rolled.backwards.resize(rolled.collected.size());
  return Unroll(step, node, body, rolled);
}

Status GraphWalk::UnrollScan(Step& step, OnnxNode& node, const onnx::GraphProto& body) {
  if (step.schema->since < 9) {
    return Status(Reason::kUnsupportedOnnxOp, "Scan of opset 8, with a batch, is not converted");
  }
  Rolled rolled;
  const auto inputs = FindInputs(*step.proto);
  const std::int64_t scans = node.Int("num_scan_inputs", 0);
  const auto count = static_cast<std::int64_t>(inputs.size());
  if (scans < 1 || scans > count || body.input_size() != count ||
      body.output_size() < count - scans) {
    return Status(Reason::kMissingInput, "the body's inputs are not those of the scan");
  }
  const auto entry = [&](const char* name, std::int64_t i) {
    const auto list = node.Ints(name);
    const auto at = static_cast<std::size_t>(i);
    return list && at < list->size() ? (*list)[at] : 0;
  };
  for (std::int64_t i = 0; i < count; ++i) {
    const KnownValue* input = inputs[static_cast<std::size_t>(i)];
    if (input == nullptr || !input->type) {
      CheckSubgraphOperators(*step.proto);
      step.types_known = false;
      Refuse(step, node);
      return Status::Ok();
    }
    const std::int64_t scan = i - (count - scans);
    if (scan < 0) {
      rolled.carried.push_back(input);
      continue;
    }
    const auto axis = ir::NormalizeAxis(entry("scan_input_axes", scan), input->type->shape.rank());
    if (!axis) return Status(Reason::kUnsupportedAttributeValue, "no such axis of a scan input");
    const ir::Dim size = input->type->shape.dim(*axis);
    if (!size.is_static()) {
      return Status(Reason::kDynamicDimensionUnsupported,
                    "the number of rounds is the size of a dimension that is not static");
    }
    if (scan > 0 && rolled.rounds != size.value()) {
      return Status(Reason::kShapeMismatch, "the scan inputs have different lengths");
    }
    rolled.rounds = size.value();
    rolled.scanned.push_back(input->value);
    rolled.scan_axes.push_back(*axis);
    rolled.backwards.push_back(entry("scan_input_directions", scan) != 0);
  }
  rolled.collected.resize(static_cast<std::size_t>(body.output_size() - (count - scans)));
  for (std::size_t i = 0; i < rolled.collected.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    rolled.backwards.push_back(entry("scan_output_directions", at) != 0);
  }
  return Unroll(step, node, body, rolled);
}

Status GraphWalk::Unroll(Step& step, OnnxNode& node, const onnx::GraphProto& body, Rolled& rolled) {
  if (rolled.rounds > kMaxRounds || rolled.rounds * body.node_size() > kMaxUnrolledNodes) {
    return Status(Reason::kTooManyNodes, std::to_string(rolled.rounds) + " rounds of " +
                                             std::to_string(body.node_size()) +
                                             " nodes are too many to be unrolled");
  }
  if (rolled.rounds == 0 && !rolled.collected.empty()) {
    return Status(Reason::kValueOutOfRange, "a loop without rounds collects nothing");
  }
  const std::vector<std::string> outside = NamesFromOutside(body);
  const onnx::GraphProto closed = Closed(body, outside);
  context_.expanded_nodes += static_cast<std::uint64_t>(rolled.rounds * body.node_size());
  if (context_.expanded_nodes > context_.request.limits.max_nodes) {
    return Status(Reason::kTooManyNodes, "the loops' rounds together have too many nodes");
  }
  const std::size_t before = context_.diagnostics.size();
  ir::Builder builder(context_.module, graph_id_, step.origin);
  const auto fold_since = [&](ir::OpId last) {
    FoldNewOps(context_.module, graph_id_, last, context_.request.limits.max_folded_bytes);
  };
  const auto last_op = [&] { return graph_.op(graph_.return_op()).previous; };
  std::vector<const KnownValue*> carried = rolled.carried;
  const KnownValue* condition = nullptr;
  const auto make_constant = [&](ir::DType type, std::int64_t value) {
    return Emitted(builder.Const(ir::Constant::FromValues<std::int64_t>(
                                     ir::DType::kI64, {}, std::vector<std::int64_t>{value})
                                     .Cast(type)
                                     .Evaluated()));
  };
  if (rolled.counts) condition = make_constant(ir::DType::kBool, 1);
  for (std::int64_t round = 0; round < rolled.rounds; ++round) {
    std::vector<const KnownValue*> inputs;
    if (rolled.counts) {
      inputs.push_back(make_constant(ir::DType::kI64, round));
      inputs.push_back(condition);
    }
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    const ir::OpId last = last_op();
    std::vector<ir::ValueId> pieces;
    for (std::size_t i = 0; i < rolled.scanned.size(); ++i) {
      const std::int64_t at = rolled.backwards[i] ? rolled.rounds - 1 - round : round;
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
    const bool complete = std::all_of(results.begin(), results.end(), [](const KnownValue* value) {
      return value != nullptr && value->type;
    });
    if (!IsWhole(before) || results.empty() || !complete) {
      SayOfCall(step, before);
      step.types_known = false;
      Refuse(step, node);
      return Status::Ok();
    }
    std::size_t next = 0;
    if (rolled.counts) condition = results[next++];
    for (const KnownValue*& value : carried) value = results[next++];
    for (auto& list : rolled.collected) list.push_back(results[next++]->value);
    if (!rolled.counts) continue;
    const ir::Constant* known = graph_.constant(condition->value);
    const auto goes_on = known != nullptr ? known->AsInts() : std::nullopt;
    if (!goes_on || goes_on->size() != 1) {
      return Status(Reason::kRequiresConstantInput,
                    "whether another round follows is computed at run time");
    }
    if ((*goes_on)[0] == 0) break;
  }
  const ir::OpId last = last_op();
  std::vector<ir::ValueId> stacked;
  for (std::size_t i = 0; i < rolled.collected.size(); ++i) {
    std::vector<ir::ValueId>& list = rolled.collected[i];
    if (rolled.backwards[rolled.scanned.size() + i]) std::reverse(list.begin(), list.end());
    const auto axes = node.Ints("scan_output_axes");
    const std::int64_t raw = axes && i < axes->size() ? (*axes)[i] : 0;
    const auto axis = ir::NormalizeAxis(raw, graph_.type(list[0]).shape.rank() + 1);
    if (!axis) return Status(Reason::kUnsupportedAttributeValue, "no such axis of a scan output");
    stacked.push_back(builder.Emit(
        ir::OpKind::kPack, list,
        {{"values_count", static_cast<std::int64_t>(list.size())}, {"axis", std::int64_t{*axis}}}));
  }
  SMELT_RETURN_IF_ERROR(builder.status());
  fold_since(last);
  std::vector<const KnownValue*> results = carried;
  for (const ir::ValueId value : stacked) results.push_back(Emitted(value));
  TakeResults(step, node, true, results);
  return Status::Ok();
}

}  // namespace smelt::onnx_import
