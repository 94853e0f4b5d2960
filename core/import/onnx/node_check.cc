#include "core/import/onnx/node_check.h"

#include <array>
#include <climits>

#include "core/import/onnx/checks.h"

namespace smelt::onnx_import {
namespace {

// One run of the schema checks over one node.
class SchemaCheck {
 public:
  SchemaCheck(const OnnxNode& node, const NodeAttributes& attributes, const Schema& schema,
              ir::Diagnostics& diagnostics)
      : node_(node), attributes_(attributes), schema_(schema), diagnostics_(diagnostics) {}

  SchemaVerdict Run() {
    Operands();
    Results();
    Attributes();
    if (verdict_.shaped) ElementTypes();
    return verdict_;
  }

 private:
  ir::Diagnostic& Error(Reason reason, std::string message, bool structural) {
    verdict_.valid = false;
    if (structural) verdict_.shaped = false;
    diagnostics_.push_back(NodeDiagnostic(ir::Severity::kError, reason, node_.source(),
                                          NodeText(node_.source()) + ": " + std::move(message)));
    return diagnostics_.back();
  }

  static std::string Range(std::int32_t lo, std::int32_t hi) {
    if (hi == INT_MAX) return "at least " + std::to_string(lo);
    return lo == hi ? std::to_string(lo) : std::to_string(lo) + " to " + std::to_string(hi);
  }

  void Operands() {
    const std::string allowed = Range(schema_.min_inputs, schema_.max_inputs) + " inputs";
    const int count = node_.input_count();
    if (count > schema_.max_inputs) {
      auto& diagnostic =
          Error(Reason::kTooManyInputs, "has " + std::to_string(count) + " inputs", true);
      diagnostic.found = std::to_string(count) + " inputs";
      diagnostic.allowed = allowed;
      return;
    }
    const std::span<const SchemaOperand> formal = schema_.operands();
    for (int i = 0; i < static_cast<int>(formal.size()); ++i) {
      if (formal[static_cast<std::size_t>(i)].option != 0 || node_.has_input(i)) continue;
      auto& diagnostic =
          Error(Reason::kMissingInput, "required input " + std::to_string(i) + " is absent", true);
      diagnostic.found = "no input " + std::to_string(i);
      diagnostic.allowed = allowed;
    }
    if (verdict_.shaped && count < schema_.min_inputs) {
      auto& diagnostic =
          Error(Reason::kMissingInput, "has " + std::to_string(count) + " inputs", true);
      diagnostic.found = std::to_string(count) + " inputs";
      diagnostic.allowed = allowed;
    }
  }

  void Results() {
    int used = 0;
    for (int i = 0; i < node_.output_count(); ++i) {
      if (node_.has_output(i)) used = i + 1;
    }
    if (used <= schema_.max_outputs) return;
    auto& diagnostic =
        Error(Reason::kTooManyInputs, "has " + std::to_string(used) + " results", true);
    diagnostic.found = std::to_string(used) + " results";
    diagnostic.allowed = Range(schema_.min_outputs, schema_.max_outputs) + " results";
  }

  void Attributes() {
    for (const NodeAttribute& attribute : attributes_.all()) {
      const SchemaAttribute* formal = schema_.attribute(attribute.name);
      if (formal == nullptr) {
        diagnostics_.push_back(
            NodeDiagnostic(ir::Severity::kWarning, Reason::kUnknownAttribute, node_.source(),
                           NodeText(node_.source()) + ": attribute \"" + attribute.name +
                               "\" is not defined at version " + std::to_string(schema_.since) +
                               " of the operator; it is ignored"));
        diagnostics_.back().found = attribute.name;
      } else if (formal->kind != attribute.kind) {
        auto& diagnostic = Error(Reason::kAttributeTypeMismatch,
                                 "attribute \"" + attribute.name + "\" is stored as " +
                                     std::string(AttrKindName(attribute.kind)),
                                 true);
        diagnostic.found = AttrKindName(attribute.kind);
        diagnostic.allowed = AttrKindName(formal->kind);
      }
    }
    for (const SchemaAttribute& formal : schema_.attributes()) {
      if (!formal.required || attributes_.Find(formal.name) != nullptr) continue;
      auto& diagnostic = Error(Reason::kMissingAttribute,
                               "attribute \"" + std::string(formal.name) + "\" is absent", true);
      diagnostic.found = "absent";
      diagnostic.allowed = AttrKindName(formal.kind);
    }
  }

  void ElementTypes() {
    std::array<int, 8> first_of_group;
    first_of_group.fill(-1);
    for (int i = 0; i < node_.input_count(); ++i) {
      if (!node_.knows_input(i)) continue;
      const SchemaOperand* formal = schema_.operand(i);
      if (formal == nullptr) continue;
      const ir::DType dtype = node_.input_dtype(i);
      if (formal->types != 0 && !Contains(formal->types, dtype)) {
        auto& diagnostic = Error(
            Reason::kUnsupportedType,
            "input " + std::to_string(i) + " has element type " + std::string(ir::DTypeName(dtype)),
            false);
        Describe(i, std::string(ir::DTypeName(dtype)), diagnostic);
        diagnostic.allowed = TypeSetText(formal->types);
        continue;
      }
      if (formal->group == 0 || formal->group >= first_of_group.size()) continue;
      int& first = first_of_group[formal->group];
      if (first < 0) {
        first = i;
      } else if (node_.input_dtype(first) != dtype) {
        auto& diagnostic = Error(Reason::kTypeMismatch,
                                 "inputs " + std::to_string(first) + " and " + std::to_string(i) +
                                     " must have the same element type",
                                 false);
        Describe(i, std::string(ir::DTypeName(dtype)), diagnostic);
        diagnostic.allowed = ir::DTypeName(node_.input_dtype(first));
      }
    }
  }

  void Describe(int i, std::string found, ir::Diagnostic& diagnostic) {
    diagnostic.tensor = node_.input_name(i);
    diagnostic.tensor_type = node_.input_text(i);
    diagnostic.found = std::move(found);
  }

  const OnnxNode& node_;
  const NodeAttributes& attributes_;
  const Schema& schema_;
  ir::Diagnostics& diagnostics_;
  SchemaVerdict verdict_;
};

}  // namespace

ir::Diagnostic NodeDiagnostic(ir::Severity severity, Reason reason, const ir::SourceNode& node,
                              std::string message) {
  ir::Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.reason = reason;
  diagnostic.node = node;
  diagnostic.message = std::move(message);
  diagnostic.stage = "import";
  return diagnostic;
}

std::string NodeText(const ir::SourceNode& node) {
  return node.name.empty() ? node.op_type + " (node " + std::to_string(node.index) + ")"
                           : node.op_type + " \"" + node.name + "\"";
}

ir::Diagnostic OperatorDiagnostic(Reason reason, const ir::SourceNode& node,
                                  const std::string& why) {
  auto diagnostic = NodeDiagnostic(ir::Severity::kError, reason, node, NodeText(node) + ": " + why);
  diagnostic.found = node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
  return diagnostic;
}

ir::Diagnostic FromStatus(const Status& status, const ir::SourceNode& source) {
  auto diagnostic = NodeDiagnostic(ir::Severity::kError, status.reason(), source,
                                   NodeText(source) + ": " + std::string(status.message()));
  diagnostic.hint = std::string(status.hint());
  return diagnostic;
}

SchemaVerdict CheckSchema(const OnnxNode& node, const NodeAttributes& attributes,
                          const Schema& schema, ir::Diagnostics& diagnostics) {
  return SchemaCheck(node, attributes, schema, diagnostics).Run();
}

}  // namespace smelt::onnx_import
