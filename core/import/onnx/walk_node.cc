// GraphWalk's work at one node: find its rule, infer, check, translate, fold, and refuse what can't
// be.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/attribute_reader.h"
#include "core/import/onnx/checks.h"
#include "core/import/onnx/extract.h"
#include "core/import/onnx/fold.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/load.h"
#include "core/import/onnx/never.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/walk_loop.h"
#include "core/import/onnx/walk_step.h"
#include "core/import/onnx/wide_halves.h"

namespace smelt::onnx_import {
namespace {

// "?12": a dimension that inference could not tell.
bool IsFresh(const ir::SymbolTable& symbols, ir::Dim dim) {
  if (!dim.is_symbol()) return false;
  const std::string text = symbols.Text(dim);
  return text.size() > 1 && text[0] == '?' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Inference runs before the checks: what it concludes from a bad attribute may be no shape.
bool HasNegativeSize(const ir::TensorType& type) {
  return std::ranges::any_of(type.shape.dims(), [](ir::Dim dim) {
    return dim.is_unknown() || (dim.is_static() && dim.value() < 0);
  });
}

bool AllTensors(std::span<const WalkValue* const> values) {
  return std::ranges::all_of(
      values, [](const WalkValue* value) { return value == nullptr || value->is_tensor(); });
}

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
    context_.diagnostics.push_back(OperatorDiagnostic(reason, source, why));
    return false;
  };
  step.function = context_.functions.FindLocal(*step.proto);
  const bool is_default = source.domain.empty();
  if (!is_default && step.function != nullptr) return true;
  if (!is_default && source.domain != kContribDomain) {
    return RefuseOrCarry(step, Reason::kUnsupportedDomain,
                         "operator domain \"" + source.domain + "\" is not known");
  }
  if (source.opset == 0) {
    source.opset = is_default ? kMaxOpset : kMaxContribVersion;
    if (unimported_.insert(source.domain).second) {
      context_.diagnostics.push_back(NodeDiagnostic(
          ir::Severity::kNote, Reason::kUnsupportedDomain, source,
          "the model does not import the " +
              (is_default ? "default" : "\"" + source.domain + "\"") +
              " operator set; its operators are read at opset " + std::to_string(source.opset)));
    }
  }
  const int opset = static_cast<int>(source.opset);
  if (!is_default && opset > kMaxContribVersion) {
    return refuse(Reason::kUnsupportedOpset, "version " + std::to_string(opset) +
                                                 " of the domain \"" + source.domain +
                                                 "\" is not known");
  }
  step.schema = FindSchema(source.domain, source.op_type, opset);
  if (step.schema == nullptr && step.function != nullptr) return true;
  if (step.schema == nullptr && IsKnownOperator(source.domain, source.op_type)) {
    return refuse(Reason::kUnsupportedOnnxOp,
                  "the operator does not exist at opset " + std::to_string(opset));
  }
  if (step.schema == nullptr && is_default) {
    return refuse(Reason::kUnsupportedOnnxOp, "ONNX defines no such operator");
  }
  if (step.schema == nullptr) {
    return RefuseOrCarry(step, Reason::kUnsupportedOnnxOp,
                         source.domain + " defines no such operator");
  }
  if (step.schema->deprecated) {
    return refuse(Reason::kUnsupportedOnnxOp,
                  "the operator is withdrawn at opset " + std::to_string(opset));
  }
  step.rule = FindRule(source.domain, source.op_type, step.schema->since);
  if (step.rule == nullptr) {
    step.walked = FindWalkedOperator(source.op_type, step.schema->since);
    if (step.walked != nullptr) return true;
    if (step.function != nullptr) return true;
    if (const std::string_view why = WhyNever(source.domain, source.op_type); !why.empty()) {
      return RefuseOrCarry(step, Reason::kUnsupportedOnnxOp, std::string(why));
    }
    step.by_schema =
        is_default && FunctionLibrary::HasSchemaFunction(source.op_type, step.schema->since);
    if (step.by_schema) return true;
    return RefuseOrCarry(step, Reason::kUnsupportedOnnxOp,
                         "no rule translates version " + std::to_string(step.schema->since) +
                             " of the operator (opset " + std::to_string(opset) + ")");
  }
  return true;
}

void GraphWalk::CheckOperatorsOnly() {
  std::uint32_t index = 0;
  for (const auto& proto : main_->graph.node()) {
    const std::uint32_t at = index++;
    if (at < context_.dropped.size() && context_.dropped[at]) continue;
    Step step = BeginStep(proto, at);
    FindRuleFor(step);
    CheckSubgraphOperators(proto);
  }
}

// Of nodes that are not walked into: what stands in the way inside of them is said all the same.
// The scanner bounds the depth.
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

// Nodes of the graph itself are the same in each reading; those of a branch count from 0 again.
ir::SourceId GraphWalk::SourceOf(const Step& step) {
  if (!step.of_main) return context_.module.origins().AddSource(step.source);
  std::optional<ir::SourceId>& source = context_.sources[step.source.index];
  if (!source) source = context_.module.origins().AddSource(step.source);
  return *source;
}

void GraphWalk::WalkNode(std::uint32_t index) {
  std::vector<bool>& walked = scope_->walked;
  walked.resize(static_cast<std::size_t>(scope_->graph.node_size()));
  if (walked[index]) return;
  walked[index] = true;
  const onnx::NodeProto& proto = scope_->graph.node(static_cast<int>(index));
  const auto in_main = IndexInMain(index);
  Step step = BeginStep(proto, in_main.value_or(index));
  step.of_main = in_main.has_value();
  const bool has_rule = FindRuleFor(step);
  const bool expands = has_rule && step.rule == nullptr && !step.custom;
  const bool controls = expands && step.walked != nullptr;
  if (scope_->caller != nullptr) {
    step.origin = scope_->caller->origin;
  } else {
    const ir::SourceId source = SourceOf(step);
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
  if (context_.extract != nullptr && scope_ == main_.get()) {
    context_.extract->Offer(step.source, proto, {inputs.begin(), inputs.end()}, graph_);
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
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (auto shape = DeclaredShapeOf(outputs[i])) {
      node.SetDeclaredShape(static_cast<int>(i), *std::move(shape));
    }
  }
  if (!has_rule || !attributes.ok()) {
    step.types_known = false;
    Refuse(step, node);
  } else if (step.custom) {
    CarryCustom(step, node);
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
  const Mark start = MarkHere();
  ir::Builder builder(context_.module, graph_id_, step.origin);
  Status status = step.rule->translate(node, builder);
  if (status.ok()) status = builder.status();
  if (status.ok() && RoundsHalvesTwice(graph_, start.last)) {
    GoBack(start);
    WideNode wide(node, builder);
    status = step.rule->translate(wide.node(), builder);
    if (status.ok()) status = builder.status();
    if (status.ok()) wide.Finish(node);
  }
  if (!status.ok()) {
    context_.diagnostics.push_back(FromStatus(status, step.source));
    return false;
  }
  FoldNewOps(context_.module, graph_id_, start.last, context_.request.limits.max_folded_bytes);
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
      if (type && HasNegativeSize(*type)) type.reset();
      if (!type) type = DeclaredTypeOf(node.output_name(i));
    }
    types.push_back(type.value_or(ir::TensorType{}));
    known.push_back(std::move(type));
  }
  ir::Builder builder(context_.module, graph_id_, step.origin);
  const std::string domain = step.source.domain.empty() ? "onnx" : step.source.domain;
  const auto values =
      builder.EmitComposite(domain + "." + step.source.op_type, operands, {}, types, {});
  SMELT_CHECK(builder.status().ok());
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    WalkValue& value = Define(node.output_name(i));
    value.value = values[static_cast<std::size_t>(i)];
    value.type = std::move(known[static_cast<std::size_t>(i)]);
    value.maybe_constant = step.all_constant;
  }
}

std::optional<ir::Shape> GraphWalk::DeclaredShapeOf(const std::string& name) const {
  const auto found = scope_->declared.find(name);
  if (found == scope_->declared.end()) return std::nullopt;
  const auto declared = ReadDeclaredType(*found->second);
  if (!declared.ok()) return std::nullopt;
  ir::Shape shape;
  for (const DeclaredDim& dim : declared->dims) {
    shape.push_back(dim.size ? ir::Dim(*dim.size) : ir::Dim::Unknown());
  }
  return shape;
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
