#include "core/report/to_proto.h"

#include <algorithm>

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
  if (module.signatures.empty()) return;
  const ir::Signature& signature = module.signatures.front();
  const ir::Graph& graph = module.graph(signature.graph);
  const auto fill = [&](const std::vector<std::string>& names,
                        const std::vector<ir::ValueId>& values, auto add) {
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
      v1::ModelSummary::Port* port = add();
      port->set_name(names[i]);
      port->set_type(module.symbols().Text(graph.type(values[i])));
    }
  };
  fill(signature.input_names, graph.inputs(), [&] { return summary.add_inputs(); });
  fill(signature.output_names, graph.outputs(), [&] { return summary.add_outputs(); });
}

}  // namespace smelt::report
