// Print: the writing half of the text form. text.h shows the grammar by example.
#include <algorithm>
#include <map>
#include <variant>

#include "core/ir/constant_text.h"
#include "core/ir/op_table.h"
#include "core/ir/text.h"
#include "core/ir/text_number.h"

namespace smelt::ir {
namespace {

template <class Values, class F>
std::string List(const Values& values, F&& text_of) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + text_of(value);
  return text;
}

struct AttrPrinter {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return FloatText(value); }
  std::string operator()(const std::string& value) const { return QuotedText(value); }
  std::string operator()(const std::vector<std::int64_t>& values) const {
    return "[" + List(values, [](std::int64_t v) { return std::to_string(v); }) + "]";
  }
  std::string operator()(const std::vector<double>& values) const {
    // An empty list must still say of what.
    if (values.empty()) return "[.]";
    return "[" + List(values, [](double v) { return FloatText(v); }) + "]";
  }
};

std::string QuantText(const QuantParams& quant) {
  if (quant.empty()) return "";
  return " quant(axis=" + std::to_string(quant.axis) + ", scale=[" +
         List(quant.scale, [](float v) { return FloatText(v); }) + "], zero=[" +
         List(quant.zero_point, [](std::int64_t v) { return std::to_string(v); }) + "])";
}

class ModulePrinter {
 public:
  ModulePrinter(const Module& module, const PrintOptions& options)
      : module_(module), options_(options) {
    for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
      ++graphs_called_[module.graph(GraphId{i}).name()];
    }
  }

  std::string Run() {
    out_ = "module {\n";
    for (const auto& [key, value] : module_.metadata) {
      out_ += "  metadata " + QuotedText(key) + " " + QuotedText(value) + "\n";
    }
    PrintSources();
    PrintSymbols();
    for (std::uint32_t i = 0; i < module_.graph_count(); ++i) PrintGraph(GraphId{i});
    for (const Signature& signature : module_.signatures) {
      const auto names = [](const std::vector<std::string>& list) {
        return "(" + List(list, [](const std::string& name) { return QuotedText(name); }) + ")";
      };
      out_ += "  signature " + QuotedText(signature.key) + " " + GraphLabel(signature.graph) + " " +
              names(signature.input_names) + " -> " + names(signature.output_names) + "\n";
    }
    return out_ + "}\n";
  }

 private:
  void PrintSources() {
    std::size_t id = 0;
    for (const SourceNode& source : module_.origins().sources()) {
      out_ += "  source " + std::to_string(id) + " " + QuotedText(source.name) + " " +
              WordText(source.op_type) + " opset " + std::to_string(source.opset) + " path " +
              QuotedText(source.module_path);
      if (source.index != id) out_ += " node " + std::to_string(source.index);
      if (!source.domain.empty()) out_ += " domain " + QuotedText(source.domain);
      out_ += "\n";
      ++id;
    }
  }

  void PrintSymbols() {
    for (const std::string& name : module_.symbols().names()) {
      const DimOrigin* origin = module_.symbols().OriginOf(name);
      out_ += "  symbol " + WordText(name) + " " + QuotedText(origin->input) + " " +
              std::to_string(origin->axis) + "\n";
    }
  }

  // Several graphs may have one name (branches of two IFs): then the number is said too.
  std::string GraphLabel(GraphId id) const {
    const std::string& name = module_.graph(id).name();
    const bool unique = graphs_called_.at(name) == 1;
    return "@" + WordText(name) + (unique ? "" : "#" + std::to_string(id.index));
  }

  // "%3", or `%3 "name"` where it is defined.
  std::string Label(ValueId id) const {
    return id.valid() ? "%" + std::to_string(numbers_[id.index]) : "_";
  }
  std::string Define(const Graph& graph, ValueId id) {
    numbers_[id.index] = next_number_++;
    const std::string& name = graph.value(id).name;
    return Label(id) + (name.empty() ? "" : " " + QuotedText(name));
  }
  std::string TypeText(const Graph& graph, ValueId id) const {
    return module_.symbols().Text(graph.type(id)) + QuantText(*graph.value(id).quant);
  }

  void PrintGraph(GraphId id) {
    const Graph& graph = module_.graph(id);
    numbers_.assign(graph.value_count(), kUnnumbered);
    next_number_ = 0;
    out_ +=
        "  graph " + GraphLabel(id) + "(" +
        List(graph.inputs(),
             [&](ValueId input) { return Define(graph, input) + ": " + TypeText(graph, input); }) +
        ") {\n";
    for (const OpId op : graph) PrintOp(graph, op);
    PrintOp(graph, graph.return_op());
    out_ += "  }\n";
  }

  void PrintOp(const Graph& graph, OpId id) {
    const Op& op = graph.op(id);
    std::vector<ValueId> operands;
    for (const Op::Operand& operand : op.operands) {
      operands.push_back(operand.value);
      if (operand.value.valid() && numbers_[operand.value.index] == kUnnumbered) {
        PrintConstant(graph, operand.value);
      }
    }
    const std::string arguments = List(operands, [this](ValueId value) { return Label(value); });
    if (op.kind == OpKind::kReturn) {
      out_ += "    return" + (arguments.empty() ? "" : " " + arguments) + "\n";
      return;
    }
    const std::string results =
        List(op.results, [&](ValueId result) { return Define(graph, result); });
    out_ += "    " + results + (results.empty() ? "" : " = ") +
            std::string(GetOpInfo(op.kind).name) + "(" + arguments + ")";
    if (!op.attrs.empty()) out_ += " {" + PrintAttributes(op.attrs) + "}";
    if (!op.regions.empty()) {
      out_ += " regions(" +
              List(op.regions, [this](GraphId region) { return GraphLabel(region); }) + ")";
    }
    out_ += " : " + List(op.results, [&](ValueId result) { return TypeText(graph, result); });
    if (op.origin != kNoOrigin) {
      out_ += " from {" +
              List(module_.origins().SourcesOf(op.origin),
                   [](SourceId source) { return std::to_string(source); }) +
              "}";
    }
    out_ += "\n";
  }

  // Constants are printed where they are used first; unused ones are not part of the program.
  void PrintConstant(const Graph& graph, ValueId id) {
    const Constant* constant = graph.constant(id);
    const std::string label = Define(graph, id);
    if (constant == nullptr) {
      out_ += "    " + label + " = undefined\n";  // of a malformed module; does not parse
      return;
    }
    out_ += "    " + label + " = const " + TypeText(graph, id) + " " +
            ConstantText(*constant, options_.constants) + "\n";
  }

  static constexpr std::uint32_t kUnnumbered = UINT32_MAX;
  const Module& module_;
  const PrintOptions& options_;
  std::map<std::string, int> graphs_called_;
  std::vector<std::uint32_t> numbers_;  // by value, of the graph being printed
  std::uint32_t next_number_ = 0;
  std::string out_;
};

}  // namespace

std::string PrintAttributes(const Attributes& attrs) {
  return List(attrs, [](const auto& attr) {
    return WordText(attr.first) + "=" + std::visit(AttrPrinter{}, attr.second);
  });
}

std::string Print(const Module& module, const PrintOptions& options) {
  return ModulePrinter(module, options).Run();
}

}  // namespace smelt::ir
