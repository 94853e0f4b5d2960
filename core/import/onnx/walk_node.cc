// GraphWalk's work at one node: find its rule, infer, check, translate, fold, and refuse what can't
// be.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/attribute_reader.h"
#include "core/import/onnx/checks.h"
#include "core/import/onnx/fold.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/load.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

// Evaluates one constraint; nothing when it holds. What could not be checked goes to `unchecked`.
std::optional<ir::Diagnostic> Check(const OnnxConstraint& constraint, OnnxNode& node,
                                    std::vector<std::string>& unchecked) {
  Finding finding;
  node.reset_asked_unknown();
  Verdict verdict = constraint.check(node, constraint.bounds, finding);
  if (node.asked_unknown()) verdict = Verdict::kNotChecked;
  if (verdict == Verdict::kHolds) return std::nullopt;
  std::string allowed = rules::FillDoc(constraint.doc, constraint.bounds);
  if (verdict == Verdict::kNotChecked) {
    unchecked.push_back(std::move(allowed));
    return std::nullopt;
  }
  auto diagnostic = NodeDiagnostic(
      ir::Severity::kError, constraint.reason, node.source(),
      NodeText(node.source()) + ": found " + finding.found + "; allowed is: " + allowed);
  diagnostic.tensor = finding.tensor;
  diagnostic.tensor_type = finding.tensor_type;
  diagnostic.found = finding.found;
  diagnostic.allowed = std::move(allowed);
  return diagnostic;
}

// One note for all that an earlier problem hides at this node.
ir::Diagnostic HiddenNote(const OnnxNode& node, const std::vector<std::string>& unchecked) {
  std::string why = "what it needs to know";
  std::string tensor;
  for (int i = 0; tensor.empty() && i < node.input_count(); ++i) {
    if (!node.has_input(i) || node.knows_input(i)) continue;
    tensor = node.input_name(i);
    why = "the type of \"" + tensor + "\"";
  }
  auto note =
      NodeDiagnostic(ir::Severity::kNote, Reason::kNotChecked, node.source(),
                     NodeText(node.source()) + ": not checked, an earlier problem hides " + why);
  note.tensor = std::move(tensor);
  for (const std::string& text : unchecked)
    note.allowed += (note.allowed.empty() ? "" : "; ") + text;
  return note;
}

// "?12": a dimension that inference could not tell.
bool IsFresh(const ir::SymbolTable& symbols, ir::Dim dim) {
  if (!dim.is_symbol()) return false;
  const std::string text = symbols.Text(dim);
  return text.size() > 1 && text[0] == '?' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool AllInputsKnown(const OnnxNode& node) {
  for (int i = 0; i < node.input_count(); ++i) {
    if (node.has_input(i) && !node.knows_input(i)) return false;
  }
  return true;
}

bool AllTensors(std::span<const WalkValue* const> values) {
  return std::ranges::all_of(
      values, [](const WalkValue* value) { return value == nullptr || value->is_tensor(); });
}

ir::OpId LastOp(const ir::Graph& graph) { return graph.op(graph.return_op()).previous; }

}  // namespace

GraphWalk::Step GraphWalk::BeginStep(const onnx::NodeProto& proto, std::uint32_t index) {
  Step step;
  step.proto = &proto;
  step.source.index = index;
  step.source.name = proto.name();
  step.source.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  step.source.op_type = proto.op_type();
  const auto opset = scope_->opsets.find(step.source.domain);
  if (opset != scope_->opsets.end()) step.source.opset = opset->second;
  step.source.module_path = ModulePath(proto);
  return step;
}

bool GraphWalk::FindRuleFor(Step& step) {
  ir::SourceNode& source = step.source;
  const auto refuse = [&](Reason reason, const std::string& why) {
    auto diagnostic =
        NodeDiagnostic(ir::Severity::kError, reason, source, NodeText(source) + ": " + why);
    diagnostic.found =
        source.domain.empty() ? source.op_type : source.domain + "." + source.op_type;
    context_.diagnostics.push_back(std::move(diagnostic));
    return false;
  };
  step.function = context_.functions.FindLocal(*step.proto);
  if (!source.domain.empty()) {
    if (step.function != nullptr) return true;
    return refuse(Reason::kUnsupportedDomain,
                  "operator domain \"" + source.domain + "\" is not known");
  }
  if (source.opset == 0) {
    source.opset = kMaxOpset;
    if (!said_default_domain_) {
      said_default_domain_ = true;
      context_.diagnostics.push_back(NodeDiagnostic(
          ir::Severity::kNote, Reason::kUnsupportedDomain, source,
          "the model does not import the default operator set; its operators are read at opset " +
              std::to_string(kMaxOpset)));
    }
  }
  const int opset = static_cast<int>(source.opset);
  step.schema = FindSchema(source.op_type, opset);
  if (step.schema == nullptr && step.function != nullptr) return true;
  if (step.schema == nullptr) {
    return refuse(Reason::kUnsupportedOnnxOp,
                  IsKnownOperator("", source.op_type)
                      ? "the operator does not exist at opset " + std::to_string(opset)
                      : "ONNX defines no such operator");
  }
  if (step.schema->deprecated) {
    return refuse(Reason::kUnsupportedOnnxOp,
                  "the operator is withdrawn at opset " + std::to_string(opset));
  }
  step.rule = FindRule("", source.op_type, step.schema->since);
  if (step.rule == nullptr) {
    step.walked = FindWalkedOperator(source.op_type, step.schema->since);
    if (step.walked != nullptr) return true;
    if (step.function != nullptr) return true;
    step.by_schema = FunctionLibrary::HasSchemaFunction(source.op_type, step.schema->since);
    if (step.by_schema) return true;
    return refuse(Reason::kUnsupportedOnnxOp,
                  "no rule translates version " + std::to_string(step.schema->since) +
                      " of the operator (opset " + std::to_string(opset) + ")");
  }
  return true;
}

void GraphWalk::CheckOperatorsOnly() {
  std::uint32_t index = 0;
  for (const auto& proto : main_->graph.node()) {
    Step step = BeginStep(proto, index++);
    FindRuleFor(step);
    CheckSubgraphOperators(proto);
  }
}

// Bodies of control flow are not imported yet; what stands in the way inside of them is said all
// the same. The scanner bounds the depth.
void GraphWalk::CheckSubgraphOperators(const onnx::NodeProto& proto) {
  const auto check = [this](const onnx::GraphProto& graph) {
    std::uint32_t index = 0;
    for (const auto& inner : graph.node()) {
      Step step = BeginStep(inner, index++);
      FindRuleFor(step);
      CheckSubgraphOperators(inner);
    }
  };
  for (const auto& attribute : proto.attribute()) {
    if (attribute.has_g()) check(attribute.g());
    for (const auto& graph : attribute.graphs()) check(graph);
  }
}

void GraphWalk::WalkNode(std::uint32_t index) {
  const onnx::NodeProto& proto = scope_->graph.node(static_cast<int>(index));
  Step step = BeginStep(proto, index);
  const bool has_rule = FindRuleFor(step);
  const bool expands = has_rule && step.rule == nullptr;
  const bool controls = expands && step.walked != nullptr;
  if (scope_->caller != nullptr) {
    step.origin = scope_->caller->origin;
  } else {
    const ir::SourceId source = context_.module.origins().AddSource(step.source);
    step.origin = context_.module.origins().Of(source);
    if (expands && step.source.op_type != "If") context_.expanded.push_back(source);
  }
  if (!controls) CheckSubgraphOperators(proto);

  std::vector<const WalkValue*> inputs = FindInputs(proto);
  for (const WalkValue* value : inputs) {
    if (value == nullptr) continue;
    const bool constant = graph_.constant(value->value) != nullptr;
    step.all_constant = step.all_constant && (constant || value->maybe_constant);
    step.hidden_constant = step.hidden_constant || value->maybe_constant;
  }
  auto attributes = ReadAttributes(proto, scope_->payloads);
  if (!attributes.ok()) {
    context_.diagnostics.push_back(FromStatus(attributes.status(), step.source));
  } else {
    step.attributes = std::move(attributes).value();
  }
  const std::vector<std::string> outputs(proto.output().begin(), proto.output().end());
  OnnxNode node(step.attributes, step.source, step.schema != nullptr ? step.schema->since : 0,
                {inputs.begin(), inputs.end()}, outputs, context_.module, graph_);
  if (!has_rule || !attributes.ok()) {
    step.types_known = false;
    Refuse(step, node);
  } else if (controls && step.walked->kind == WalkedKind::kControl) {
    ExpandControlFlow(step, node);
  } else if (controls || (step.rule != nullptr && !AllTensors(inputs))) {
    ExpandSequence(step, node);
  } else if (expands) {
    ExpandFunction(step, node);
  } else if (InferAndCheck(step, node) && Translate(step, node)) {
    DefineResults(step, node);
  } else {
    Refuse(step, node);
  }
}

// True when the node may be translated.
bool GraphWalk::InferAndCheck(Step& step, OnnxNode& node) {
  const SchemaVerdict schema =
      CheckSchema(node, step.attributes, *step.schema, context_.diagnostics);
  step.types_known = false;
  if (!schema.shaped) return false;
  bool valid = schema.valid;
  node.reset_asked_unknown();
  const Status inferred = step.rule->infer == nullptr ? Status::Ok() : step.rule->infer(node);
  step.types_known = inferred.ok() && !node.asked_unknown();
  bool explained = false;  // a constraint says better what inference stumbled over
  std::vector<std::string> unchecked;
  for (const OnnxConstraint& constraint : step.rule->constraints) {
    auto diagnostic = Check(constraint, node, unchecked);
    if (!diagnostic) continue;
    valid = false;
    explained = explained || diagnostic->reason == inferred.reason();
    context_.diagnostics.push_back(std::move(*diagnostic));
  }
  if (!inferred.ok() && !explained && AllInputsKnown(node)) {
    valid = false;
    context_.diagnostics.push_back(FromStatus(inferred, step.source));
  }
  const bool hidden = !step.types_known || !AllInputsKnown(node);
  if (hidden && (valid || !unchecked.empty())) {
    context_.diagnostics.push_back(HiddenNote(node, unchecked));
  }
  return valid && !hidden && CheckResultSizes(step, node);
}

bool GraphWalk::CheckResultSizes(Step& step, const OnnxNode& node) {
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i) || !node.output_type(i)) continue;
    const Status status = CheckTypeSize(*node.output_type(i), node.output_name(i),
                                        context_.request.limits.max_tensor_bytes);
    if (status.ok()) continue;
    context_.diagnostics.push_back(FromStatus(status, step.source));
    context_.diagnostics.back().tensor = node.output_name(i);
    step.types_known = false;
    return false;
  }
  return true;
}

// Shape arithmetic whose result is known in full becomes a constant without any operator.
bool GraphWalk::MakeDimConstants(OnnxNode& node) {
  std::vector<ir::Constant> constants;
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) return false;
    const auto& dims = node.output_dims(i);
    const auto& type = node.output_type(i);
    if (!dims || !type || !type->shape.IsStatic()) return false;
    std::vector<std::int64_t> values;
    for (const ir::Dim dim : *dims) {
      const auto value = IntFromDim(node.symbols(), dim);
      if (!value) return false;
      values.push_back(*value);
    }
    if (type->shape.ElementCount() != static_cast<std::int64_t>(values.size())) return false;
    constants.push_back(
        ir::Constant::FromValues<std::int64_t>(ir::DType::kI64, type->shape.Sizes(), values)
            .Cast(type->dtype));
  }
  for (int i = 0; i < node.output_count(); ++i) {
    node.SetOutput(i, graph_.AddConstant(std::move(constants[static_cast<std::size_t>(i)]),
                                         node.output_name(i)));
  }
  return node.output_count() > 0;
}

bool GraphWalk::Translate(Step& step, OnnxNode& node) {
  if (MakeDimConstants(node)) return true;
  const ir::OpId last = LastOp(graph_);
  ir::Builder builder(context_.module, graph_id_, step.origin);
  Status status = step.rule->translate(node, builder);
  if (status.ok()) status = builder.status();
  if (!status.ok()) {
    context_.diagnostics.push_back(FromStatus(status, step.source));
    return false;
  }
  FoldNewOps(context_.module, graph_id_, last, context_.request.limits.max_folded_bytes);
  return AcceptResults(step, node);
}

// Compares what was built with what was inferred: an answer of ours that differs is our defect.
bool GraphWalk::AcceptResults(Step& step, OnnxNode& node) {
  const auto defect = [&](int i, const std::string& what) {
    context_.diagnostics.push_back(FromStatus(
        Status(Reason::kInternalError, "result " + std::to_string(i) + " " + what), step.source));
    context_.diagnostics.back().tensor = node.output_name(i);
    return false;
  };
  const ir::SymbolTable& symbols = node.symbols();
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    if (!node.output(i).valid()) return defect(i, "was not built");
    ir::Value& built = graph_.value(node.output(i));
    if (built.name.empty()) built.name = node.output_name(i);
    if (!node.output_type(i)) continue;
    const ir::TensorType& inferred = *node.output_type(i);
    const std::string both =
        symbols.Text(built.type) + " was built, " + symbols.Text(inferred) + " inferred";
    if (built.type.dtype != inferred.dtype || built.type.shape.rank() != inferred.shape.rank()) {
      return defect(i, "differs: " + both);
    }
    for (int axis = 0; axis < inferred.shape.rank(); ++axis) {
      ir::Dim& ours = built.type.shape.dim(axis);
      const ir::Dim theirs = inferred.shape.dim(axis);
      if (ours == theirs) continue;
      if (ours.is_static() && theirs.is_static()) return defect(i, "differs: " + both);
      const bool may_refine = !built.is_input && !built.is_constant();
      if (may_refine && IsFresh(symbols, ours) && !theirs.is_unknown()) ours = theirs;
    }
  }
  return true;
}

void GraphWalk::DefineResults(const Step& step, const OnnxNode& node) {
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    WalkValue& value = Define(node.output_name(i));
    value.value = node.output(i);
    value.type = graph_.type(node.output(i));
    if (!graph_.constant(value.value)) value.dims = node.output_dims(i);
    value.maybe_constant = step.hidden_constant && step.all_constant;
  }
}

void GraphWalk::Refuse(const Step& step, const OnnxNode& node) {
  std::vector<ir::ValueId> operands;
  for (int i = 0; i < node.input_count(); ++i) operands.push_back(node.input(i));
  std::vector<std::optional<ir::TensorType>> known;
  std::vector<ir::TensorType> types;
  for (int i = 0; i < node.output_count(); ++i) {
    std::optional<ir::TensorType> type;
    if (node.has_output(i)) {
      if (step.types_known) type = node.output_type(i);
      if (!type) type = DeclaredTypeOf(node.output_name(i));
    }
    types.push_back(type.value_or(ir::TensorType{}));
    known.push_back(std::move(type));
  }
  ir::Builder builder(context_.module, graph_id_, step.origin);
  const auto values = builder.EmitComposite("onnx." + step.source.op_type, operands, {}, types, {});
  SMELT_CHECK(builder.status().ok());
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    WalkValue& value = Define(node.output_name(i));
    value.value = values[static_cast<std::size_t>(i)];
    value.type = std::move(known[static_cast<std::size_t>(i)]);
    value.maybe_constant = step.all_constant;
  }
}

std::optional<ir::TensorType> GraphWalk::DeclaredTypeOf(const std::string& name) {
  const auto found = scope_->declared.find(name);
  if (found == scope_->declared.end()) return std::nullopt;
  const auto declared = ReadDeclaredType(*found->second);
  if (!declared.ok()) return std::nullopt;
  const ir::TensorType type = BindInput(name, *declared);
  const Status status = CheckTypeSize(type, name, context_.request.limits.max_tensor_bytes);
  return status.ok() ? std::optional(type) : std::nullopt;
}

}  // namespace smelt::onnx_import
