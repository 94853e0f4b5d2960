// GraphWalk's work at operators that nothing translates: the request may have them carried as
// CUSTOM operators of the target, with their declared types.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/operator_treatment.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

constexpr std::string_view kCodeAttr = "custom_code";

// What a runtime registers its kernel as.
std::string CustomCode(const ir::SourceNode& source) {
  return source.domain.empty() ? "ONNX_" + source.op_type : source.domain + "::" + source.op_type;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Nothing for storage that options don't hold.
std::optional<ir::AttrValue> OptionOf(const NodeAttribute& attribute) {
  if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) return *number;
  if (const auto* real = std::get_if<double>(&attribute.value)) return *real;
  if (const auto* text = std::get_if<std::string>(&attribute.value)) return *text;
  if (const auto* ints = std::get_if<std::vector<std::int64_t>>(&attribute.value)) return *ints;
  if (const auto* reals = std::get_if<std::vector<double>>(&attribute.value)) return *reals;
  return std::nullopt;
}

}  // namespace

// A CUSTOM operator takes and gives tensors, and has no bodies.
bool GraphWalk::MayBeCustom(const Step& step) const {
  for (const auto& attribute : step.proto->attribute()) {
    if (attribute.has_g() || attribute.graphs_size() > 0) return false;
  }
  if (step.schema != nullptr && !TakesAndGivesTensors(*step.schema)) return false;
  return std::ranges::none_of(step.proto->output(), [&](const std::string& name) {
    const auto found = scope_->declared.find(name);
    return found != scope_->declared.end() &&
           ReadDeclaredType(*found->second).status().reason() == Reason::kUnsupportedType;
  });
}

// True when the request has the operator carried; else why it is not is said.
bool GraphWalk::RefuseOrCarry(Step& step, Reason otherwise, const std::string& why) {
  const CustomOperatorPolicy& policy = context_.request.custom_operators;
  const auto refuse = [&](Reason reason, const std::string& more) {
    context_.diagnostics.push_back(OperatorDiagnostic(reason, step.source, why + more));
    return false;
  };
  if (!MayBeCustom(step)) return refuse(otherwise, "");
  if (!policy.enabled()) {
    return refuse(Reason::kCustomOpCandidateDisabled,
                  "; it could only be carried as a CUSTOM operator");
  }
  if (!policy.Allows(step.source.domain, step.source.op_type)) {
    refuse(Reason::kCustomOpNotInAllowlist, "; it could only be carried as a CUSTOM operator");
    context_.diagnostics.back().allowed = Joined(policy.names);
    return false;
  }
  step.custom = true;
  return true;
}

Result<ir::Attributes> GraphWalk::CustomAttributes(const Step& step) const {
  ir::Attributes attrs;
  for (const NodeAttribute& attribute : step.attributes.all()) {
    auto value = OptionOf(attribute);
    if (!value || attribute.name == kCodeAttr) {
      return Status(Reason::kUnsupportedAttributeValue,
                    "attribute \"" + attribute.name + "\" of kind " +
                        std::string(AttrKindName(attribute.kind)) +
                        " has no place among the options of a CUSTOM operator, which hold numbers, "
                        "strings and lists of numbers",
                    "Give it to the operator as an operand.");
    }
    attrs.Set(attribute.name, *std::move(value));
  }
  attrs.Set(kCodeAttr, CustomCode(step.source));
  return attrs;
}

// Nobody but the model knows what the operator computes.
Result<std::vector<ir::TensorType>> GraphWalk::CustomTypes(const OnnxNode& node) {
  std::vector<ir::TensorType> types;
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) {
      return Status(Reason::kUnsupportedOutputs,
                    "result " + std::to_string(i) + " is left out; a CUSTOM operator gives all");
    }
    auto type = DeclaredTypeOf(node.output_name(i));
    if (!type) {
      return Status(Reason::kMissingTypeInformation,
                    "result \"" + node.output_name(i) +
                        "\" of an operator to be carried as CUSTOM declares no type and shape",
                    "Declare it in the graph's value_info, and convert again.");
    }
    types.push_back(*std::move(type));
  }
  return types;
}

void GraphWalk::CarryCustom(Step& step, OnnxNode& node) {
  const auto refuse = [&](const Status& status) {
    context_.diagnostics.push_back(FromStatus(status, step.source));
    step.types_known = false;
    Refuse(step, node);
  };
  auto attrs = CustomAttributes(step);
  if (!attrs.ok()) return refuse(attrs.status());
  const auto types = CustomTypes(node);
  if (!types.ok()) return refuse(types.status());
  std::vector<ir::ValueId> operands;
  for (int i = 0; i < node.input_count(); ++i) operands.push_back(node.input(i));
  const std::string code = attrs->String(kCodeAttr);
  const ir::OpId made =
      graph_.Insert(ir::OpKind::kCustom, operands, *std::move(attrs), *types, step.origin);
  for (int i = 0; i < node.output_count(); ++i) {
    const ir::ValueId result = graph_.op(made).result(i);
    graph_.value(result).name = node.output_name(i);
    node.SetOutput(i, result);
  }
  DefineResults(step, node);
  context_.diagnostics.push_back(
      NodeDiagnostic(ir::Severity::kWarning, Reason::kCustomOpLowered, step.source,
                     NodeText(step.source) + " is carried as the CUSTOM operator " + code));
  context_.diagnostics.back().found = code;
}

}  // namespace smelt::onnx_import
