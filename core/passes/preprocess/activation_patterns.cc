// Activations that exporters spell out: GELU in both forms, HARD_SWISH, LEAKY_RELU, and clamps that
// follow each other.
#include <cmath>
#include <numbers>

#include "core/passes/preprocess/product.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;

void Append(std::vector<OpId>& ops, const std::vector<OpId>& more) {
  ops.insert(ops.end(), more.begin(), more.end());
}

// x / sqrt(2).
bool IsErfArgument(const ir::Graph& graph, ValueId t, PatternMatch& match) {
  const ProductForm form = ProductOf(graph, t);
  Append(match.ops, form.ops);
  return graph.HasOneUse(t) && form.Is({match.x}) && IsClose(form.scale, std::numbers::sqrt2 / 2);
}

// sqrt(2 / pi) * (x + 0.044715 x^3), or with x taken out of the sum.
bool IsTanhArgument(const ir::Graph& graph, ValueId t, PatternMatch& match) {
  const ValueId x = match.x;
  const ProductForm outer = ProductOf(graph, t);
  Append(match.ops, outer.ops);
  if (!graph.HasOneUse(t) || !IsClose(outer.scale, std::sqrt(2 / std::numbers::pi))) return false;
  constexpr double kCubic = 0.044715;
  for (const ValueId sum : outer.factors) {
    const ir::Op* add = InnerBy(graph, sum, OpKind::kAdd);
    if (add == nullptr) continue;
    for (int side = 0; side < 2; ++side) {
      const ValueId first = add->input(side);
      const ProductForm second = ProductOf(graph, add->input(1 - side));
      if (!IsClose(second.scale, kCubic) || !graph.HasOneUse(add->input(1 - side))) continue;
      const bool cubic = outer.Is({sum}) && first == x && second.Is({x, x, x});
      const bool taken_out =
          outer.Is({sum, x}) && ScalarOf(graph, first) == 1.0 && second.Is({x, x});
      if (!cubic && !taken_out) continue;
      match.ops.push_back(graph.value(sum).producer);
      Append(match.ops, second.ops);
      return true;
    }
  }
  return false;
}

// 0.5 x (1 + erf(..)) or 0.5 x (1 + tanh(..)), multiplied in any order.
bool MatchGelu(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const ProductForm product = ProductOf(graph, graph.op(root).result());
  if (product.factors.size() != 2 || !IsClose(product.scale, 0.5)) return false;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto shifted = ShiftedOf(graph, product.factors[i]);
    if (!shifted || shifted->shift != 1) continue;
    match.x = product.factors[1 - i];
    match.ops = product.ops;
    match.ops.push_back(shifted->op);
    for (const OpKind kind : {OpKind::kCoreErf, OpKind::kTanh}) {
      const ir::Op* curve = InnerBy(graph, shifted->rest, kind);
      if (curve == nullptr) continue;
      match.ops.push_back(graph.value(shifted->rest).producer);
      match.approximate = kind == OpKind::kTanh;
      return match.approximate ? IsTanhArgument(graph, curve->input(0), match)
                               : IsErfArgument(graph, curve->input(0), match);
    }
  }
  return false;
}

ValueId RewriteGelu(Builder& out, const ir::Graph&, const PatternMatch& match) {
  return out.Emit(OpKind::kGelu, {match.x}, {{"approximate", match.approximate}});
}

// x relu6(x + 3) / 6, multiplied in any order.
bool MatchHardSwish(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const ProductForm product = ProductOf(graph, graph.op(root).result());
  if (product.factors.size() != 2 || !IsClose(product.scale, 1.0 / 6)) return false;
  for (std::size_t i = 0; i < 2; ++i) {
    const ir::Op* clamp = InnerBy(graph, product.factors[i], OpKind::kRelu6);
    if (clamp == nullptr) continue;
    const auto shifted = ShiftedOf(graph, clamp->input(0));
    match.x = product.factors[1 - i];
    if (!shifted || shifted->shift != 3 || shifted->rest != match.x) continue;
    match.ops = product.ops;
    match.ops.push_back(graph.value(product.factors[i]).producer);
    match.ops.push_back(shifted->op);
    return true;
  }
  return false;
}

ValueId RewriteHardSwish(Builder& out, const ir::Graph&, const PatternMatch& match) {
  return out.Unary(OpKind::kHardSwish, match.x);
}

// max(x, a x) with a between 0 and 1.
bool MatchLeakyRelu(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const ir::Op& op = graph.op(root);
  if (MadeBy(graph, op.result(), OpKind::kMaximum) == nullptr) return false;
  for (int side = 0; side < 2; ++side) {
    const ValueId scaled = op.input(side);
    const ProductForm form = ProductOf(graph, scaled);
    match.x = op.input(1 - side);
    const bool slopes = form.ops.size() == 1 && form.scale > 0 && form.scale < 1;
    if (!slopes || !graph.HasOneUse(scaled) || !form.Is({match.x})) continue;
    match.alpha = form.scale;
    match.ops = {root, form.ops.front()};
    return true;
  }
  return false;
}

ValueId RewriteLeakyRelu(Builder& out, const ir::Graph&, const PatternMatch& match) {
  return out.Emit(OpKind::kLeakyRelu, {match.x}, {{"alpha", match.alpha}});
}

// A clamp from 0 behind another one that takes nothing from it: RELU before RELU or RELU6.
bool MatchReluChain(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const OpKind kind = graph.op(root).kind;
  if (kind != OpKind::kRelu && kind != OpKind::kRelu6) return false;
  const ValueId before = graph.op(root).input(0);
  const ir::Op* inner = InnerBy(graph, before, OpKind::kRelu);
  if (inner == nullptr) return false;
  match.x = inner->input(0);
  match.ops = {root, graph.value(before).producer};
  return true;
}

ValueId RewriteReluChain(Builder& out, const ir::Graph& graph, const PatternMatch& match) {
  return out.Unary(graph.op(match.ops.front()).kind, match.x);
}

constexpr PatternRule kRules[] = {
    {"relu_chain", "pattern_fusion_wave2", "RELU before RELU or RELU6 goes.", MatchReluChain,
     RewriteReluChain},
    {"gelu_chain", "pattern_fusion_wave2", "0.5 x (1 + erf or tanh) becomes GELU.", MatchGelu,
     RewriteGelu},
    {"hard_swish_chain", "pseudo_ops_wave1", "x relu6(x + 3) / 6 becomes HARD_SWISH.",
     MatchHardSwish, RewriteHardSwish},
    {"leaky_relu_chain", "pseudo_ops_wave1", "max(x, a x) becomes LEAKY_RELU.", MatchLeakyRelu,
     RewriteLeakyRelu},
};

}  // namespace

std::span<const PatternRule> ActivationPatterns() { return kRules; }

}  // namespace smelt::passes
