// GraphWalk's judgement of one node: its result types, and every constraint of its rule.
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/load.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

ir::Diagnostic Violation(const OnnxConstraint& constraint, const OnnxNode& node,
                         const Finding& finding) {
  std::string allowed = rules::FillDoc(constraint.doc, constraint.bounds);
  auto diagnostic = NodeDiagnostic(
      ir::Severity::kError, constraint.reason, node.source(),
      NodeText(node.source()) + ": found " + finding.found + "; allowed is: " + allowed);
  diagnostic.tensor = finding.tensor;
  diagnostic.tensor_type = finding.tensor_type;
  diagnostic.found = finding.found;
  diagnostic.allowed = std::move(allowed);
  diagnostic.in_every_run = finding.in_every_run;
  return diagnostic;
}

// Evaluates one constraint; nothing when it holds. What could not be checked goes to `unchecked`.
std::optional<ir::Diagnostic> Check(const OnnxConstraint& constraint, OnnxNode& node,
                                    std::vector<const OnnxConstraint*>& unchecked) {
  Finding finding;
  node.reset_asked_unknown();
  Verdict verdict = constraint.check(node, constraint.bounds, finding);
  if (node.asked_unknown()) verdict = Verdict::kNotChecked;
  if (verdict == Verdict::kHolds) return std::nullopt;
  if (verdict == Verdict::kNotChecked) {
    unchecked.push_back(&constraint);
    return std::nullopt;
  }
  return Violation(constraint, node, finding);
}

// One note for all that an earlier problem hides at this node.
ir::Diagnostic HiddenNote(const OnnxNode& node,
                          const std::vector<const OnnxConstraint*>& unchecked) {
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
  for (const OnnxConstraint* constraint : unchecked) {
    note.allowed +=
        (note.allowed.empty() ? "" : "; ") + rules::FillDoc(constraint->doc, constraint->bounds);
  }
  return note;
}

bool AllInputsKnown(const OnnxNode& node) {
  for (int i = 0; i < node.input_count(); ++i) {
    if (node.has_input(i) && !node.knows_input(i)) return false;
  }
  return true;
}

}  // namespace

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
  std::vector<const OnnxConstraint*> unchecked;
  for (const OnnxConstraint& constraint : step.rule->constraints) {
    auto diagnostic = Check(constraint, node, unchecked);
    if (!diagnostic) continue;
    valid = false;
    explained = explained || diagnostic->reason == inferred.reason();
    diagnostic->in_every_run = diagnostic->in_every_run && context_.maybe_skipped == 0;
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
  if (valid && !hidden && !unchecked.empty()) {
    // Nothing hides what the check wants to know: the node does not have it.
    context_.diagnostics.push_back(
        Violation(*unchecked.front(), node, {"nothing that tells it", "", "", false}));
    valid = false;
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

}  // namespace smelt::onnx_import
