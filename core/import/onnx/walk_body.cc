// GraphWalk's work at bodies: a function's nodes take the place of the call, in a scope of names of
// their own.
#include <onnx/onnx_pb.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/graph_order.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

// A function that calls itself by a long way round, or grows by doubling, is stopped here.
constexpr int kMaxCallDepth = 64;

bool IsHindrance(const ir::Diagnostic& diagnostic) {
  return diagnostic.severity == ir::Severity::kError || diagnostic.reason == Reason::kNotChecked;
}

}  // namespace

Status GraphWalk::CheckCall(const OnnxNode& node, const Function& function) {
  const onnx::FunctionProto& proto = *function.proto;
  int depth = 0;
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->called_from) {
    if (scope->function == &proto) {
      return Status(Reason::kGraphCycle, "the function calls itself",
                    "Write the recursion as a Loop before export.");
    }
    ++depth;
  }
  if (depth > kMaxCallDepth) {
    return Status(Reason::kNestingTooDeep,
                  "functions call each other more than " + std::to_string(kMaxCallDepth) + " deep");
  }
  context_.expanded_nodes += static_cast<std::uint64_t>(proto.node_size());
  if (context_.expanded_nodes > context_.request.limits.max_nodes) {
    return Status(Reason::kTooManyNodes, "the bodies of all calls together have more than " +
                                             std::to_string(context_.request.limits.max_nodes) +
                                             " nodes");
  }
  if (node.input_count() > proto.input_size()) {
    return Status(Reason::kTooManyInputs, "has " + std::to_string(node.input_count()) +
                                              " inputs, its function takes " +
                                              std::to_string(proto.input_size()));
  }
  for (int i = proto.output_size(); i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    return Status(Reason::kTooManyInputs, "has " + std::to_string(node.output_count()) +
                                              " results, its function gives " +
                                              std::to_string(proto.output_size()));
  }
  return Status::Ok();
}

void GraphWalk::ExpandFunction(Step& step, OnnxNode& node) {
  const auto refuse = [&](const Status& status) {
    context_.diagnostics.push_back(FromStatus(status, step.source));
    step.types_known = false;
    Refuse(step, node);
  };
  std::optional<Function> by_schema;
  if (step.by_schema) {
    std::vector<std::optional<ir::TensorType>> types;
    for (const WalkValue* input : FindInputs(*step.proto)) {
      types.push_back(input == nullptr ? std::nullopt : input->type);
    }
    by_schema =
        FunctionLibrary::SchemaFunction(*step.proto, step.schema->since, types, scope_->payloads);
    if (!by_schema) {
      return refuse(Status(Reason::kUnsupportedOnnxOp,
                           "no rule translates the operator, and ONNX defines it by other "
                           "operators for other operands only"));
    }
  }
  const Function& function = by_schema ? *by_schema : *step.function;
  if (Status status = CheckCall(node, function); !status.ok()) return refuse(status);
  const FunctionBody body = BindFunction(function, *step.proto, context_.opsets);
  Scope scope{*body.graph,
              body.opsets,
              function.payloads,
              scope_,
              scope_->caller != nullptr ? scope_->caller : &step,
              function.proto.get()};
  const std::size_t before = context_.diagnostics.size();
  const auto results = WalkScope(scope, FindInputs(*step.proto));
  SayOfCall(step, before);
  TakeResults(step, node, IsWhole(before), results);
}

// The results' values, null where the body does not define them; nothing when it is not ordered.
std::vector<const WalkValue*> GraphWalk::WalkScope(Scope& scope,
                                                   std::span<const WalkValue* const> inputs) {
  Scope* const outer = std::exchange(scope_, &scope);
  const std::size_t before = context_.diagnostics.size();
  const std::vector<std::uint32_t> order = OrderNodes(scope.graph, context_.diagnostics);
  std::vector<const WalkValue*> results;
  if (context_.diagnostics.size() == before) {
    for (const auto& info : scope.graph.value_info()) scope.declared.emplace(info.name(), &info);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] == nullptr) continue;
      WalkValue& value = values_.emplace_back(*inputs[i]);
      value.name = scope.graph.input(static_cast<int>(i)).name();
      scope.by_name[value.name] = &value;
    }
    AddInitializers();
    for (const std::uint32_t index : order) {
      if (!context_.cancel.Check().ok()) break;  // the walk of the graph ends at its next poll
      WalkNode(index);
    }
    for (const auto& output : scope.graph.output()) results.push_back(Find(output.name()));
  }
  scope_ = outer;
  return results;
}

// True when nothing of what was said since keeps the body from being converted.
bool GraphWalk::IsWhole(std::size_t since) const {
  for (std::size_t i = since; i < context_.diagnostics.size(); ++i) {
    if (IsHindrance(context_.diagnostics[i])) return false;
  }
  return true;
}

// The node's results are the body's, as far as the body has them; else the node is refused.
void GraphWalk::TakeResults(Step& step, OnnxNode& node, bool whole,
                            std::span<const WalkValue* const> results) {
  const auto result = [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    return at < results.size() ? results[at] : nullptr;
  };
  step.types_known = true;
  for (int i = 0; i < node.output_count(); ++i) {
    if (result(i) != nullptr && result(i)->type) node.SetOutputType(i, *result(i)->type);
    if (!whole || result(i) != nullptr || !node.has_output(i)) continue;
    whole = false;
    const Status status(Reason::kUnsupportedOutputs,
                        "result " + std::to_string(i) + " is not given by its body");
    context_.diagnostics.push_back(FromStatus(status, step.source));
  }
  if (!whole) {
    Refuse(step, node);
    return;
  }
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    DefineAs(node.output_name(i), *result(i));
  }
}

// The name stands for a value that there is already.
void GraphWalk::DefineAs(const std::string& name, WalkValue value) {
  if (value.value.valid()) {
    ir::Value& built = graph_.value(value.value);
    if (built.producer.valid()) built.name = name;
  }
  WalkValue& made = values_.emplace_back(std::move(value));
  made.name = name;
  scope_->by_name[made.name] = &made;  // the key lives in the value
}

// Findings at nodes of the body become findings at the call, with the place in the body in the
// module path.
void GraphWalk::SayOfCall(const Step& step, std::size_t since) {
  for (std::size_t i = since; i < context_.diagnostics.size(); ++i) {
    ir::Diagnostic& diagnostic = context_.diagnostics[i];
    std::string path = step.source.module_path;
    if (diagnostic.node) {
      const ir::SourceNode& inner = *diagnostic.node;
      for (const std::string& part :
           {inner.module_path, inner.name.empty() ? inner.op_type : inner.name}) {
        if (!part.empty()) path += (path.empty() ? "" : "/") + part;
      }
    }
    diagnostic.node = step.source;
    diagnostic.node->module_path = path;
    diagnostic.message = NodeText(step.source) + ": in its body: " + diagnostic.message;
  }
}

// What is known of an If's results whichever branch is taken: where sizes differ, that there is
// one.
Result<std::vector<ir::TensorType>> GraphWalk::JoinedTypes(
    const std::vector<std::vector<ir::TensorType>>& branches) {
  ir::SymbolTable& symbols = context_.module.symbols();
  std::vector<ir::TensorType> joined = branches[0];
  for (std::size_t i = 0; i < joined.size(); ++i) {
    const ir::TensorType& other = branches[1][i];
    if (joined[i].dtype != other.dtype || joined[i].shape.rank() != other.shape.rank()) {
      return Status(
          Reason::kShapeMismatch,
          "result " + std::to_string(i) + " is " + symbols.Text(joined[i]) + " of one branch and " +
              symbols.Text(other) + " of the other",
          "Make the condition a constant: often --dim NAME=VALUE for the dimension that it "
          "asks about is enough.");
    }
    for (int axis = 0; axis < other.shape.rank(); ++axis) {
      if (joined[i].shape.dim(axis) == other.shape.dim(axis)) continue;
      joined[i].shape.dim(axis) = symbols.Fresh("the branch that is taken");
    }
  }
  return joined;
}

}  // namespace smelt::onnx_import
