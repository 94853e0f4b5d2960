#include "client/view/tflite_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "client/view/model_rows.h"
#include "client/view/table.h"
#include "core/base/utf8.h"

namespace smelt::client {
namespace {

using Tflite = v1::TfliteDescription;

constexpr std::size_t kMostCellBytes = 100;  // a hostile name must not widen all rows

std::string Cell(const std::string& text) {
  return text.size() <= kMostCellBytes ? text : ClipUtf8(text, kMostCellBytes) + "...";
}

std::string Number(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.6g", value);
  return buffer.data();
}

std::string RuntimeText(const Tflite& model) {
  std::string text = model.needed_runtime().empty() ? "" : model.needed_runtime() + " or newer";
  if (!model.stated_min_runtime().empty()) {
    AddItem(text, "the file says " + Printable(model.stated_min_runtime()));
  }
  std::string unknown;
  for (const std::string& name : model.unknown_operators()) AddItem(unknown, Printable(name));
  if (!unknown.empty()) AddItem(text, "no release is known for " + unknown);
  return text;
}

std::string DataText(const Tflite& model) {
  std::string text = ShowBytes(model.data_bytes()) + " in " + Count(model.buffers(), "buffer");
  if (model.unused_bytes() != 0) text += ", " + ShowBytes(model.unused_bytes()) + " of it unused";
  return text;
}

// "f32[1,?,3]": open dimensions as the signature has them.
std::string TypeText(const Tflite::Tensor& tensor) {
  const auto& sizes = tensor.shape_signature().empty() ? tensor.shape() : tensor.shape_signature();
  std::string text;
  for (const std::int32_t size : sizes) {
    text += (text.empty() ? "" : ",") + (size == -1 ? "?" : std::to_string(size));
  }
  return tensor.type() + "[" + text + "]";
}

std::string ScalesText(const Tflite::Quantization& quantization) {
  const auto& scales = quantization.scales();
  const auto& zeros = quantization.zero_points();
  if (scales.empty()) return "";
  const auto [low, high] = std::minmax_element(scales.begin(), scales.end());
  std::string text = "scale " + Number(*low);
  if (scales.size() > 1) {
    text = std::to_string(scales.size()) + " scales " + Number(*low) + " to " + Number(*high) +
           " along axis " + std::to_string(quantization.axis());
  }
  if (zeros.empty()) return text;
  const auto [least, most] = std::minmax_element(zeros.begin(), zeros.end());
  text += ", zero " + std::to_string(*least);
  if (*least != *most) text += " to " + std::to_string(*most);
  return text;
}

std::string QuantizationText(const Tflite::Tensor& tensor) {
  if (!tensor.has_quantization()) return "";
  const Tflite::Quantization& quantization = tensor.quantization();
  std::string text = ScalesText(quantization);
  if (!quantization.details().empty()) {
    text = quantization.details();
    if (quantization.block_size() != 0) {
      text += " of " + std::to_string(quantization.block_size());
    }
    if (quantization.scales_tensor() >= 0) {
      text += ", scales in tensor " + std::to_string(quantization.scales_tensor());
    }
  }
  if (text.empty() && !quantization.min().empty() && !quantization.max().empty()) {
    text = "seen " + Number(quantization.min(0)) + " to " + Number(quantization.max(0));
  }
  return text.empty() ? "an empty table" : text;
}

std::string NotesText(const Tflite::Tensor& tensor) {
  std::string text;
  if (tensor.is_variable()) AddItem(text, "variable");
  if (tensor.has_sparsity()) AddItem(text, "sparse");
  if (tensor.external_buffer() != 0) {
    AddItem(text, "in another file, id " + std::to_string(tensor.external_buffer()));
  }
  if (tensor.variants() != 0) AddItem(text, Count(tensor.variants(), "variant"));
  if (const std::string quantization = QuantizationText(tensor); !quantization.empty()) {
    AddItem(text, quantization);
  }
  return text;
}

std::string TensorText(const Tflite::Subgraph& subgraph, std::int64_t index) {
  if (index < 0 || index >= subgraph.tensors_size()) {
    return "tensor " + std::to_string(index) + ", which is none";
  }
  const Tflite::Tensor& tensor = subgraph.tensors(static_cast<int>(index));
  const std::string notes = NotesText(tensor);
  return Printable(TypeText(tensor)) + (notes.empty() ? "" : "  " + Printable(notes));
}

void PrintSignature(std::ostream& out, const Tflite& model, const Tflite::SignatureEntry& entry,
                    const Ink& ink) {
  out << "signature " << QuotedName(entry.key()) << " of subgraph " << entry.subgraph() << '\n';
  if (entry.subgraph() >= static_cast<std::uint32_t>(model.subgraphs_size())) return;
  const Tflite::Subgraph& subgraph = model.subgraphs(static_cast<int>(entry.subgraph()));
  const auto print = [&](const char* label, const auto& ports) {
    for (const Tflite::Port& port : ports) {
      PrintModelRow(out, ink, label,
                    QuotedName(port.name()) + "  " + TensorText(subgraph, port.tensor()));
    }
  };
  print("input", entry.inputs());
  print("output", entry.outputs());
}

// The main subgraph's own, where no signature names them.
void PrintPorts(std::ostream& out, const Tflite::Subgraph& subgraph, const Ink& ink) {
  const auto print = [&](const char* label, const auto& tensors) {
    for (const std::int32_t index : tensors) {
      const bool is_tensor = index >= 0 && index < subgraph.tensors_size();
      const std::string name = is_tensor ? QuotedName(subgraph.tensors(index).name()) + "  " : "";
      PrintModelRow(out, ink, label, name + TensorText(subgraph, index));
    }
  };
  print("input", subgraph.inputs());
  print("output", subgraph.outputs());
}

template <class Numbers>
std::string NumbersText(const Numbers& numbers) {
  std::string text;
  for (const auto number : numbers) {
    text += (text.empty() ? "" : " ") + (number == -1 ? "-" : std::to_string(number));
  }
  return text;
}

void PrintOperators(std::ostream& out, const Tflite::Subgraph& subgraph) {
  Table table({"", "#", "OPERATOR", "VERSION", "INPUTS", "OUTPUTS", "OPTIONS"});
  int number = 0;
  for (const Tflite::Node& node : subgraph.operators()) {
    std::string options = node.options();
    if (node.custom_bytes() != 0) AddItem(options, ShowBytes(node.custom_bytes()) + " of its own");
    if (!node.subgraphs().empty()) AddItem(options, "calls " + NumbersText(node.subgraphs()));
    if (!node.intermediates().empty()) {
      AddItem(options, "intermediates " + NumbersText(node.intermediates()));
    }
    table.Add({"", std::to_string(number++), Cell(node.name()) + (node.custom() ? " (custom)" : ""),
               std::to_string(node.version()), Cell(NumbersText(node.inputs())),
               Cell(NumbersText(node.outputs())), options});
  }
  table.Print(out);
}

void PrintTensors(std::ostream& out, const Tflite::Subgraph& subgraph) {
  Table table({"", "#", "TENSOR", "TYPE", "BYTES", "AT", "NOTES"});
  int number = 0;
  for (const Tflite::Tensor& tensor : subgraph.tensors()) {
    const bool has_data = tensor.data().bytes() != 0;
    table.Add({"", std::to_string(number++), Cell(tensor.name()), Cell(TypeText(tensor)),
               has_data ? std::to_string(tensor.data().bytes()) : "",
               has_data ? std::to_string(tensor.data().offset()) : "", NotesText(tensor)});
  }
  table.Print(out);
}

}  // namespace

void PrintTfliteFacts(std::ostream& out, const v1::TfliteDescription& model, const Ink& ink) {
  std::string made = "schema " + std::to_string(model.schema_version());
  if (!model.description().empty()) made += ", " + QuotedName(model.description());
  PrintModelRow(out, ink, "made", made);
  PrintModelRow(out, ink, "runtime", RuntimeText(model));
  if (!model.not_read_because().empty()) {
    PrintModelRow(out, ink, "not read", "by other jobs: " + Printable(model.not_read_because()));
  }
  for (const std::string& what : model.not_kept()) {
    PrintModelRow(out, ink, "not kept", "by other jobs: " + Printable(what));
  }
  PrintModelRow(out, ink, "data", DataText(model));
  std::string metadata;
  for (const auto& entry : model.metadata()) {
    AddItem(metadata, Printable(entry.name()) + " " + ShowBytes(entry.data().bytes()));
  }
  PrintModelRow(out, ink, "metadata", metadata);
  std::string files;
  for (const std::string& file : model.external_files()) AddItem(files, QuotedName(file));
  PrintModelRow(out, ink, "data files", files);
}

void PrintTfliteGraphs(std::ostream& out, const v1::TfliteDescription& model, ModelDetail detail,
                       const Ink& ink) {
  for (const auto& entry : model.signatures()) PrintSignature(out, model, entry, ink);
  if (model.signatures().empty() && model.subgraphs_size() != 0) {
    out << "no signature\n";
    PrintPorts(out, model.subgraphs(0), ink);
  }
  if (detail == ModelDetail::kSummary) return;
  int index = 0;
  for (const Tflite::Subgraph& subgraph : model.subgraphs()) {
    out << "subgraph " << index++ << ' ' << QuotedName(subgraph.name()) << ": "
        << Count(static_cast<std::uint64_t>(subgraph.operators_size()), "operator") << ", "
        << Count(static_cast<std::uint64_t>(subgraph.tensors_size()), "tensor") << '\n';
    if (!subgraph.operators().empty()) PrintOperators(out, subgraph);
    if (!subgraph.tensors().empty()) PrintTensors(out, subgraph);
  }
}

}  // namespace smelt::client
