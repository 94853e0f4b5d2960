// GraphWalk's work at If, Loop and Scan. An If of a known condition is the branch that is taken;
// one of a computed condition is TFLite's IF. Loops are in walk_loop.cc.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/scan_over_batch.h"
#include "core/import/onnx/subgraph.h"
#include "core/import/onnx/walk_loop.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

const onnx::GraphProto* BodyOf(const onnx::NodeProto& node, std::string_view name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name && attribute.has_g()) return &attribute.g();
  }
  return nullptr;
}

Status NoBody(const char* name) {
  return Status(Reason::kMissingAttribute, std::string("attribute \"") + name + "\" is absent");
}

}  // namespace

void GraphWalk::ExpandControlFlow(Step& step, OnnxNode& node) {
  if (!AllKnown(FindInputs(*step.proto))) {
    CheckSubgraphOperators(*step.proto);
    return RefuseHidden(step, node, "the type of an input");
  }
  Status status;
  const auto body = [&](const char* name) { return BodyOf(*step.proto, name); };
  if (step.source.op_type == "If") {
    const onnx::GraphProto* then_branch = body("then_branch");
    const onnx::GraphProto* else_branch = body("else_branch");
    if (then_branch == nullptr || else_branch == nullptr) {
      status = NoBody(then_branch == nullptr ? "then_branch" : "else_branch");
    } else if (!node.has_input(0)) {
      status = Status(Reason::kMissingInput, "required input 0 is absent");
    } else if (const auto condition = node.input_ints(0); condition && condition->size() == 1) {
      status =
          TakeBranch(step, node, Branch{(*condition)[0] != 0 ? then_branch : else_branch, nullptr});
    } else {
      status =
          EmitIf(step, node, {Branch{then_branch, nullptr}, Branch{else_branch, nullptr}}, true);
    }
  } else if (body("body") == nullptr) {
    status = NoBody("body");
  } else if (step.source.op_type == "Scan" && HasBatchAxis(*step.proto, step.schema->since)) {
    const auto unbatched = Unbatched(*step.proto);
    status =
        unbatched.ok() ? TakeBranch(step, node, Branch{&*unbatched, nullptr}) : unbatched.status();
  } else {
    status = ExpandLoop(step, node, *body("body"));
  }
  if (status.ok()) return;
  CheckSubgraphOperators(*step.proto);
  context_.diagnostics.push_back(FromStatus(status, step.source));
  step.types_known = false;
  Refuse(step, node);
}

// For a node that itself is as it should be: what keeps it from being converted was said before.
void GraphWalk::NoteHidden(const Step& step, const std::string& what) {
  context_.diagnostics.push_back(
      NodeDiagnostic(ir::Severity::kNote, Reason::kNotChecked, step.source,
                     NodeText(step.source) + ": not converted, an earlier problem hides " + what));
}

void GraphWalk::RefuseHidden(Step& step, OnnxNode& node, const std::string& what) {
  NoteHidden(step, what);
  step.types_known = false;
  Refuse(step, node);
}

bool GraphWalk::AllKnown(std::span<const WalkValue* const> values) {
  return std::ranges::all_of(values, [](const WalkValue* value) {
    return value == nullptr || value->type.has_value() || !value->is_tensor();
  });
}

bool GraphWalk::AllDefined(std::span<const WalkValue* const> values) {
  return AllKnown(values) && std::ranges::find(values, nullptr) == values.end();
}

Status GraphWalk::TakeBranch(Step& step, OnnxNode& node, const Branch& branch) {
  const std::vector<std::string> outside = NamesFromOutside(*branch.graph);
  const onnx::GraphProto closed = Closed(*branch.graph, outside);
  if (branch.graph->input_size() != 0) {
    return Status(Reason::kTooManyInputs, "a branch takes no inputs");
  }
  std::vector<const WalkValue*> inputs;
  for (const std::string& name : outside) inputs.push_back(Find(name));
  const std::size_t before = context_.diagnostics.size();
  Scope scope{closed, scope_->opsets, scope_->payloads, scope_, scope_->caller, scope_->function};
  scope.in_main = branch.in_main;
  const auto results = WalkScope(scope, inputs);
  const bool whole = IsWhole(before);
  if (!whole) NoteHidden(step, "what the branch that is taken gives");
  TakeResults(step, node, whole, results);
  return Status::Ok();
}

Status GraphWalk::EmitIf(Step& step, OnnxNode& node, const Branches& branches, bool may_continue) {
  const Mark start = MarkHere();
  std::set<std::string> names;
  for (const Branch& branch : branches) {
    if (branch.graph->input_size() != 0) {
      return Status(Reason::kTooManyInputs, "a branch takes no inputs");
    }
    for (std::string& name : NamesFromOutside(*branch.graph)) names.insert(std::move(name));
  }
  ir::Builder builder(context_.module, graph_id_, step.origin);
  std::vector<ir::ValueId> operands = {builder.Reshape(node.input(0), ir::Shape{})};
  std::vector<const WalkValue*> outside;
  for (const std::string& name : names) {
    outside.push_back(Find(name));
    if (outside.back() == nullptr || !AllKnown({&outside.back(), 1})) {
      CheckSubgraphOperators(*step.proto);
      RefuseHidden(step, node, "the type of \"" + name + "\"");
      return Status::Ok();
    }
    if (!outside.back()->is_tensor()) {
      return Status(Reason::kUnsupportedType,
                    "a branch of a computed condition takes \"" + name + "\", which is no tensor");
    }
    if (graph_.constant(outside.back()->value) == nullptr) {
      operands.push_back(outside.back()->value);
    }
  }
  const std::size_t before = context_.diagnostics.size();
  std::vector<ir::GraphId> regions;
  std::vector<std::vector<ir::TensorType>> types;
  for (const Branch& branch : branches) {
    const ir::GraphId id =
        context_.module.AddGraph(step.source.op_type + "." + std::to_string(step.source.index) +
                                 (&branch == &branches[0] ? ".then" : ".else"));
    ir::Graph& region = context_.module.graph(id);
    std::vector<WalkValue> inputs;
    for (const WalkValue* value : outside) {
      WalkValue& input = inputs.emplace_back(*value);
      const ir::Constant* constant = graph_.constant(value->value);
      input.value = constant != nullptr ? region.AddConstant(*constant, value->name)
                                        : region.AddInput(*value->type, value->name);
    }
    std::vector<const WalkValue*> pointers;
    for (const WalkValue& input : inputs) pointers.push_back(&input);
    const onnx::GraphProto closed = Closed(*branch.graph, {names.begin(), names.end()});
    GraphWalk inner(context_, closed, id);
    Scope scope{closed, scope_->opsets, scope_->payloads, scope_, scope_->caller, scope_->function};
    scope.in_main = branch.in_main;
    ++context_.maybe_skipped;
    const auto results = inner.WalkScope(scope, pointers);
    --context_.maybe_skipped;
    std::vector<ir::ValueId> outputs;
    std::vector<ir::TensorType>& given = types.emplace_back();
    for (int i = 0; i < node.output_count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (at >= results.size() || results[at] == nullptr || !results[at]->type) {
        if (at < results.size() && results[at] != nullptr && !results[at]->is_tensor()) {
          return Status(Reason::kUnsupportedType,
                        "a branch of a computed condition gives a result that is no tensor");
        }
        if (IsWhole(before)) {
          return Status(Reason::kMissingTypeInformation, "a branch does not give every result");
        }
        RefuseHidden(step, node, "what its branches give");
        return Status::Ok();
      }
      outputs.push_back(results[at]->value);
      given.push_back(*results[at]->type);
    }
    region.SetOutputs(outputs);
    regions.push_back(id);
  }
  if (!IsWhole(before)) {
    RefuseHidden(step, node, "what its branches give");
    return Status::Ok();
  }
  const auto joined = JoinedTypes(types);
  if (!joined.ok() && may_continue) {
    GoBack(start);
    return ContinueInBranches(step, branches, joined.status());
  }
  if (!joined.ok()) return joined.status();
  SMELT_RETURN_IF_ERROR(builder.status());
  const ir::OpId op = graph_.Insert(ir::OpKind::kIf, operands, {}, *joined, step.origin);
  graph_.op(op).regions = regions;
  std::vector<const WalkValue*> results;
  for (const ir::ValueId value : absl::InlinedVector(graph_.op(op).results)) {
    results.push_back(Emitted(value));
  }
  TakeResults(step, node, true, results);
  return Status::Ok();
}

const WalkValue* GraphWalk::Emitted(ir::ValueId value) {
  WalkValue& known = values_.emplace_back();
  known.value = value;
  known.type = graph_.type(value);
  return &known;
}

}  // namespace smelt::onnx_import
