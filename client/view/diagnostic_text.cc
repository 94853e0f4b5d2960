#include "client/view/diagnostic_text.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/reason.h"

namespace smelt::client {
namespace {

std::string SeverityText(v1::Severity severity, const Ink& ink) {
  if (severity == v1::SEVERITY_WARNING) return ink.Yellow("warning");
  if (severity == v1::SEVERITY_NOTE) return "note";
  return ink.Red("error");
}

std::string HintText(const v1::Diagnostic& diagnostic) {
  if (!diagnostic.hint().empty()) return diagnostic.hint();
  const auto reason = ReasonFromName(diagnostic.reason_code());
  return reason ? std::string(GetReasonInfo(*reason).remedy) : "";
}

}  // namespace

std::string NodeText(const v1::SourceNode& node) {
  std::string text = "node " + std::to_string(node.index());
  if (!node.name().empty()) text += " '" + Printable(node.name()) + "'";
  text += " ";
  if (!node.domain().empty()) text += Printable(node.domain()) + "::";
  text += Printable(node.op_type());
  if (node.opset() != 0) text += " (opset " + std::to_string(node.opset()) + ")";
  if (!node.module_path().empty()) text += " in " + Printable(node.module_path());
  return text;
}

void PrintDiagnostic(std::ostream& out, const v1::Diagnostic& diagnostic, std::size_t number,
                     const Ink& ink) {
  out << '\n'
      << "  " << number << ". " << SeverityText(diagnostic.severity(), ink) << ' '
      << ink.Bold(Printable(diagnostic.reason_code()));
  if (!diagnostic.stage().empty()) out << ink.Dim("  [" + Printable(diagnostic.stage()) + "]");
  out << '\n';
  const std::string indent(5 + std::to_string(number).size() - 1, ' ');
  if (!diagnostic.message().empty()) out << indent << Printable(diagnostic.message()) << '\n';
  std::string tensor = Printable(diagnostic.tensor());
  if (!diagnostic.tensor_type().empty()) {
    tensor += (tensor.empty() ? "" : "  ") + Printable(diagnostic.tensor_type());
  }
  const std::pair<std::string_view, std::string> rows[] = {
      {"where", diagnostic.has_node() ? NodeText(diagnostic.node()) : ""},
      {"tensor", tensor},
      {"found", Printable(diagnostic.found())},
      {"allowed", Printable(diagnostic.allowed())},
      {"hint", Printable(HintText(diagnostic))},
  };
  for (const auto& [label, text] : rows) {
    if (text.empty()) continue;
    std::string padded(label);
    padded.resize(9, ' ');
    out << indent << ink.Dim(padded) << text << '\n';
  }
}

}  // namespace smelt::client
