#include "core/import/onnx/ops/recurrent_activation.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::OpKind;
using ir::ValueId;

ValueId Affine(Builder& out, ValueId x, double alpha, double beta) {
  return out.Add(out.Mul(x, Like(out, x, alpha)), Like(out, x, beta));
}

ValueId ScaledTanh(Builder& out, ValueId x, double alpha, double beta) {
  return out.Mul(out.Unary(OpKind::kTanh, out.Mul(x, Like(out, x, beta))), Like(out, x, alpha));
}

// Functions that only cells have.
constexpr NamedActivation kOwn[] = {
    {"Affine", {"alpha", "beta"}, {}, Affine},
    {"ScaledTanh", {"alpha", "beta"}, {}, ScaledTanh},
};

struct Row {
  std::string_view name;
  bool has_defaults;  // of its parameters, if it takes any
};
constexpr Row kRows[] = {
    {"Affine", false},  {"Elu", true},         {"HardSigmoid", true},      {"LeakyRelu", true},
    {"Relu", true},     {"ScaledTanh", false}, {"Sigmoid", true},          {"Softplus", true},
    {"Softsign", true}, {"Tanh", true},        {"ThresholdedRelu", false},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

const Row* FindRow(std::string_view name) {
  for (const Row& row : kRows) {
    if (std::ranges::equal(row.name, name, {}, Lower, Lower)) return &row;
  }
  return nullptr;
}

const NamedActivation& FunctionOf(const Row& row) {
  for (const NamedActivation& own : kOwn) {
    if (own.name == row.name) return own;
  }
  return *FindActivation(row.name);
}

std::vector<std::string> Defaults(const OnnxNode& node) {
  if (node.op_type() == "RNN") return {"Tanh"};
  if (node.op_type() == "GRU") return {"Sigmoid", "Tanh"};
  return {"Sigmoid", "Tanh", "Tanh"};
}

std::vector<std::string> Names(const OnnxNode& node) {
  if (auto given = node.Strings("activations")) return *std::move(given);
  std::vector<std::string> names;
  for (int i = 0; i < DirectionCount(node); ++i) {
    for (std::string& name : Defaults(node)) names.push_back(std::move(name));
  }
  return names;
}

// A list of parameters, taken from its front.
class Parameters {
 public:
  Parameters(const OnnxNode& node, std::string_view attribute)
      : values_(node.Floats(attribute).value_or(std::vector<double>{})) {}

  std::optional<double> Next() {
    if (at_ == values_.size()) return std::nullopt;
    return values_[at_++];
  }

 private:
  std::vector<double> values_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<CellActivation> CellActivations(const OnnxNode& node, int direction) {
  Parameters alpha(node, "activation_alpha"), beta(node, "activation_beta");
  std::vector<CellActivation> all;
  for (const std::string& name : Names(node)) {
    const NamedActivation& function = FunctionOf(*FindRow(name));
    CellActivation& made = all.emplace_back(CellActivation{&function, 0, 0});
    if (function.parameter_count() > 0) made.first = alpha.Next().value_or(function.defaults[0]);
    if (function.parameter_count() > 1) made.second = beta.Next().value_or(function.defaults[1]);
  }
  const auto each = static_cast<std::ptrdiff_t>(all.size()) / DirectionCount(node);
  const auto first = all.begin() + each * direction;
  return {first, first + each};
}

Verdict CellActivationsFit(const OnnxNode& node, Bounds, Finding& finding) {
  const std::vector<std::string> names = Names(node);
  if (names.size() != Defaults(node).size() * static_cast<std::size_t>(DirectionCount(node))) {
    return Violated(std::to_string(names.size()) + " activations", finding);
  }
  Parameters alpha(node, "activation_alpha"), beta(node, "activation_beta");
  for (const std::string& name : names) {
    const Row* row = FindRow(name);
    if (row == nullptr) return Violated("activation \"" + name + "\"", finding);
    const int count = FunctionOf(*row).parameter_count();
    const bool given = (count < 1 || alpha.Next()) && (count < 2 || beta.Next());
    if (!given && !row->has_defaults) {
      return Violated("activation \"" + name + "\" without its parameters", finding);
    }
  }
  return Verdict::kHolds;
}

}  // namespace smelt::onnx_import
