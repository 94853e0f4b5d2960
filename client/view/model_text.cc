#include "client/view/model_text.h"

#include <algorithm>
#include <string>
#include <vector>

#include "client/view/model_rows.h"
#include "client/view/tflite_text.h"

namespace smelt::client {
namespace {

// "45: CONV_2D v3 35, ADD v2 10": the most frequent first.
std::string OperatorsText(const v1::ModelDescription& model) {
  std::vector<const v1::ModelDescription::Operator*> sorted;
  std::uint64_t total = 0;
  for (const auto& op : model.operators()) {
    sorted.push_back(&op);
    total += op.count();
  }
  std::ranges::stable_sort(sorted,
                           [](const auto* a, const auto* b) { return a->count() > b->count(); });
  std::string text;
  for (const auto* op : sorted) {
    const bool is_foreign = model.has_onnx() ? op->domain() != "ai.onnx" : op->domain() == "custom";
    std::string name = Printable(op->name());
    if (is_foreign) name = Printable(op->domain()) + " " + name;
    if (model.has_tflite()) name += " v" + std::to_string(op->version());
    AddItem(text, name + " " + std::to_string(op->count()));
  }
  return text.empty() ? "0" : std::to_string(total) + ": " + text;
}

std::string TypesText(const v1::ModelDescription& model) {
  std::string text;
  for (const auto& type : model.types()) {
    AddItem(text, Printable(type.type()) + " " + ShowBytes(type.bytes()) + " of " +
                      Count(type.tensors(), "tensor"));
  }
  return text;
}

void PrintProblems(std::ostream& out, const v1::ModelDescription& model, const Ink& ink) {
  const auto shown = static_cast<std::uint64_t>(model.problems_size());
  for (const std::string& problem : model.problems()) {
    out << ink.Yellow("problem: ") << Printable(problem) << '\n';
  }
  if (model.problem_count() > shown) {
    out << ink.Yellow("problem: ") << "and " << model.problem_count() - shown << " more\n";
  }
}

std::string MadeText(const v1::OnnxDescription& model) {
  std::string text = "IR version " + std::to_string(model.ir_version());
  if (!model.producer().empty()) text += ", by " + QuotedName(model.producer());
  return text;
}

void PrintOnnxFacts(std::ostream& out, const v1::OnnxDescription& model, const Ink& ink) {
  PrintModelRow(out, ink, "made", MadeText(model));
  std::vector<std::pair<std::string, std::int64_t>> imports(model.opset_imports().begin(),
                                                            model.opset_imports().end());
  std::ranges::sort(imports);
  std::string opsets;
  for (const auto& [domain, version] : imports) {
    AddItem(opsets, Printable(domain) + " " + std::to_string(version));
  }
  PrintModelRow(out, ink, "opsets", opsets);
  std::vector<std::pair<std::string, std::string>> entries(model.metadata().begin(),
                                                           model.metadata().end());
  std::ranges::sort(entries);
  std::string metadata;
  for (const auto& [key, value] : entries) {
    AddItem(metadata, Printable(key) + " " + ShowBytes(value.size()));
  }
  PrintModelRow(out, ink, "metadata", metadata);
  for (const auto& file : model.external_files()) {
    PrintModelRow(out, ink, "data file",
                  QuotedName(file.location()) + ", " + ShowBytes(file.bytes()) + " of " +
                      Count(file.tensors(), "tensor"));
  }
}

void PrintOnnxGraph(std::ostream& out, const v1::OnnxDescription& model, ModelDetail detail,
                    const Ink& ink) {
  out << "graph " << QuotedName(model.graph()) << '\n';
  for (const auto& value : model.inputs()) {
    PrintModelRow(out, ink, "input", QuotedName(value.name()) + "  " + Printable(value.type()));
  }
  for (const auto& value : model.outputs()) {
    PrintModelRow(out, ink, "output", QuotedName(value.name()) + "  " + Printable(value.type()));
  }
  if (detail == ModelDetail::kSummary) return;
  for (const auto& function : model.functions()) {
    PrintModelRow(out, ink, "function",
                  Printable(function.domain()) + "::" + Printable(function.name()) + ", " +
                      Count(function.nodes(), "node"));
  }
}

}  // namespace

void PrintModel(std::ostream& out, const v1::ModelDescription& model, ModelDetail detail,
                const Ink& ink) {
  const std::string kind = model.has_tflite() ? "TFLite" : model.has_onnx() ? "ONNX" : "unknown";
  out << ink.Bold(Printable(model.file_name())) << ": " << kind << ", "
      << ShowBytes(model.file_bytes()) << '\n';
  PrintModelRow(out, ink, "sha256", Printable(model.sha256()));
  if (model.has_tflite()) PrintTfliteFacts(out, model.tflite(), ink);
  if (model.has_onnx()) PrintOnnxFacts(out, model.onnx(), ink);
  PrintModelRow(out, ink, "types", TypesText(model));
  PrintModelRow(out, ink, "operators", OperatorsText(model));
  if (model.has_tflite()) PrintTfliteGraphs(out, model.tflite(), detail, ink);
  if (model.has_onnx()) PrintOnnxGraph(out, model.onnx(), detail, ink);
  PrintProblems(out, model, ink);
}

}  // namespace smelt::client
