#include "core/report/to_proto.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace smelt::report {
namespace {

v1::Severity ToProto(ir::Severity severity) {
  switch (severity) {
    case ir::Severity::kNote:
      return v1::SEVERITY_NOTE;
    case ir::Severity::kWarning:
      return v1::SEVERITY_WARNING;
    case ir::Severity::kError:
      return v1::SEVERITY_ERROR;
  }
  return v1::SEVERITY_UNSPECIFIED;
}

std::string OneSentence(const ir::Diagnostic& diagnostic) {
  if (!diagnostic.node) return diagnostic.message;
  const ir::SourceNode& node = *diagnostic.node;
  const std::string name = node.name.empty() ? "" : " \"" + node.name + "\"";
  return node.op_type + " node " + std::to_string(node.index) + name + ": " + diagnostic.message;
}

}  // namespace

v1::SourceNode ToProto(const ir::SourceNode& node) {
  v1::SourceNode proto;
  proto.set_index(node.index);
  proto.set_name(node.name);
  proto.set_domain(node.domain);
  proto.set_op_type(node.op_type);
  proto.set_opset(node.opset);
  proto.set_module_path(node.module_path);
  return proto;
}

v1::Diagnostic ToProto(const ir::Diagnostic& diagnostic) {
  v1::Diagnostic proto;
  proto.set_severity(ToProto(diagnostic.severity));
  proto.set_reason_code(std::string(ReasonName(diagnostic.reason)));
  if (diagnostic.node) *proto.mutable_node() = ToProto(*diagnostic.node);
  proto.set_tensor(diagnostic.tensor);
  proto.set_tensor_type(diagnostic.tensor_type);
  proto.set_message(diagnostic.message);
  proto.set_found(diagnostic.found);
  proto.set_allowed(diagnostic.allowed);
  proto.set_hint(diagnostic.hint.empty() ? std::string(GetReasonInfo(diagnostic.reason).remedy)
                                         : diagnostic.hint);
  proto.set_stage(diagnostic.stage);
  return proto;
}

void AddDiagnostics(const ir::Diagnostics& diagnostics, v1::Report& report) {
  for (const ir::Diagnostic& diagnostic : diagnostics) {
    *report.add_diagnostics() = ToProto(diagnostic);
  }
}

ir::Diagnostics EachOnce(ir::Diagnostics diagnostics) {
  const auto key = [](const ir::Diagnostic& one) {
    return std::to_string(static_cast<int>(one.severity)) + " " +
           std::string(ReasonName(one.reason)) + " " + (one.node ? ir::KeyOf(*one.node) : "") +
           " " + one.tensor + " " + one.tensor_type + " " + one.message;
  };
  std::unordered_set<std::string> seen;
  std::erase_if(diagnostics,
                [&](const ir::Diagnostic& one) { return !seen.insert(key(one)).second; });
  return diagnostics;
}

void FailWithFirstError(const ir::Diagnostics& diagnostics, v1::Report& report) {
  const auto is_error = [](const ir::Diagnostic& one) {
    return one.severity == ir::Severity::kError;
  };
  const auto first = std::find_if(diagnostics.begin(), diagnostics.end(), is_error);
  SMELT_CHECK(first != diagnostics.end());
  report.set_state("failed");
  report.set_reason_code(std::string(ReasonName(first->reason)));
  const auto errors = std::count_if(diagnostics.begin(), diagnostics.end(), is_error);
  std::string message = OneSentence(*first);
  if (errors > 1) message += " (and " + std::to_string(errors - 1) + " more)";
  report.set_message(std::move(message));
}

void FailWith(const Status& status, std::string_view stage, v1::Report& report) {
  report.set_state("failed");
  report.set_reason_code(std::string(ReasonName(status.reason())));
  report.set_message(std::string(status.message()));
  v1::Diagnostic* diagnostic = report.add_diagnostics();
  diagnostic->set_severity(v1::SEVERITY_ERROR);
  diagnostic->set_reason_code(std::string(ReasonName(status.reason())));
  diagnostic->set_message(std::string(status.message()));
  diagnostic->set_hint(std::string(status.hint()));
  diagnostic->set_stage(std::string(stage));
}

void FillPorts(const ir::Module& module, v1::ModelSummary& summary) {
  const auto port = [&](const std::string& name, const ir::Graph& graph, ir::ValueId value) {
    v1::ModelSummary::Port filled;
    filled.set_name(name);
    filled.set_type(module.symbols().Text(graph.type(value)));
    return filled;
  };
  for (const ir::Signature& signature : module.signatures) {
    const ir::Graph& graph = module.graph(signature.graph);
    v1::ModelSummary::Signature* filled = summary.add_signatures();
    filled->set_key(signature.key);
    for (std::size_t i = 0; i < signature.input_names.size(); ++i) {
      *filled->add_inputs() = port(signature.input_names[i], graph, graph.inputs()[i]);
    }
    for (std::size_t i = 0; i < signature.output_names.size(); ++i) {
      *filled->add_outputs() = port(signature.output_names[i], graph, graph.outputs()[i]);
    }
  }
  if (summary.signatures().empty()) return;
  *summary.mutable_inputs() = summary.signatures(0).inputs();
  *summary.mutable_outputs() = summary.signatures(0).outputs();
  if (summary.signatures_size() == 1) summary.clear_signatures();
}

}  // namespace smelt::report
