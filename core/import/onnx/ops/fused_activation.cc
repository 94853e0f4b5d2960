#include "core/import/onnx/ops/fused_activation.h"

#include <string>

#include "core/import/onnx/ops/named_activation.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::ValueId;

std::string Name(const OnnxNode& node) { return node.String("activation", ""); }

bool HasParameterList(const OnnxNode& node) { return node.op_type() == "FusedConv"; }

}  // namespace

ValueId EmitFusedActivation(const OnnxNode& node, Builder& out, ValueId x) {
  const std::string name = Name(node);
  if (name.empty()) return x;
  const NamedActivation& activation = *FindActivation(name);
  const auto list = node.Floats("activation_params");
  double values[2] = {};
  for (std::size_t i = 0; i < static_cast<std::size_t>(activation.parameter_count()); ++i) {
    values[i] = HasParameterList(node)
                    ? (*list)[i]
                    : node.Float("activation_" + std::string(activation.parameters[i]),
                                 activation.defaults[i]);
  }
  return activation.emit(out, x, values[0], values[1]);
}

Verdict FusedActivationFits(const OnnxNode& node, Bounds, Finding& finding) {
  const std::string name = Name(node);
  if (name.empty()) return Verdict::kHolds;
  const NamedActivation* activation = FindActivation(name);
  if (activation == nullptr || (name == "Clip" && !HasParameterList(node))) {
    return Violated("activation \"" + name + "\"", finding);
  }
  if (!HasParameterList(node)) return Verdict::kHolds;
  const std::size_t count = node.Floats("activation_params").value_or(std::vector<double>{}).size();
  if (count == static_cast<std::size_t>(activation->parameter_count())) return Verdict::kHolds;
  return Violated("activation \"" + name + "\" with " + std::to_string(count) + " parameters",
                  finding);
}

}  // namespace smelt::onnx_import
