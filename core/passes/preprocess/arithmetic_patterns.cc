// Arithmetic that a cheaper operator computes: powers by small constants, products with several
// numbers, quotients.
#include <cmath>

#include "core/passes/preprocess/product.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;

// x^0.5 and x^2.
bool MatchPow(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const ir::Op& op = graph.op(root);
  if (MadeBy(graph, op.result(), OpKind::kPow) == nullptr) return false;
  const auto exponent = ScalarOf(graph, op.input(1));
  if (exponent != 0.5 && exponent != 2.0) return false;
  match.x = op.input(0);
  match.alpha = *exponent;
  match.ops = {root};
  return true;
}

ValueId RewritePow(Builder& out, const ir::Graph&, const PatternMatch& match) {
  return match.alpha == 2 ? out.Mul(match.x, match.x) : out.Unary(OpKind::kSqrt, match.x);
}

// (x * a) * b, where divisions count as products.
bool MatchScales(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const ir::Op& op = graph.op(root);
  if (op.kind != OpKind::kMul && op.kind != OpKind::kDiv) return false;
  const auto scaled = [&](ValueId value, bool inner) -> ValueId {
    for (const OpKind kind : {OpKind::kMul, OpKind::kDiv}) {
      const ir::Op* made = inner ? InnerBy(graph, value, kind) : MadeBy(graph, value, kind);
      if (made == nullptr) continue;
      if (ScalarOf(graph, made->input(1))) return made->input(0);
      if (kind == OpKind::kMul && ScalarOf(graph, made->input(0))) return made->input(1);
    }
    return {};
  };
  const ValueId between = scaled(op.result(), false);
  if (!between.valid() || !scaled(between, true).valid()) return false;
  match.x = scaled(between, true);
  match.ops = {root, graph.value(between).producer};
  const auto factor = [&](OpId id) {
    const ir::Op& made = graph.op(id);
    const auto right = ScalarOf(graph, made.input(1));
    if (made.kind == OpKind::kDiv) return 1 / *right;
    return right ? *right : *ScalarOf(graph, made.input(0));
  };
  match.alpha = factor(match.ops[0]) * factor(match.ops[1]);
  // What one number can't hold: an overflow or a loss of bits that two steps don't have.
  const double magnitude = match.alpha < 0 ? -match.alpha : match.alpha;
  return magnitude > 1e-30 && magnitude < 1e30;
}

ValueId RewriteScales(Builder& out, const ir::Graph&, const PatternMatch& match) {
  return out.Mul(match.x, out.Scalar(ir::DType::kF32, match.alpha));
}

// x / sqrt(v + epsilon), as normalizations have it. The epsilon keeps the root's argument where its
// reciprocal is a normal number.
bool MatchRootQuotient(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const ir::Op& op = graph.op(root);
  if (MadeBy(graph, op.result(), OpKind::kDiv) == nullptr) return false;
  const ir::Op* deviation = InnerBy(graph, op.input(1), OpKind::kSqrt);
  if (deviation == nullptr) return false;
  const ir::Op* variance = MadeBy(graph, deviation->input(0), OpKind::kAdd);
  if (variance == nullptr) return false;
  const auto left = ScalarOf(graph, variance->input(0)),
             right = ScalarOf(graph, variance->input(1));
  if (left.value_or(0) < 1e-30 && right.value_or(0) < 1e-30) return false;
  match.x = op.input(0);
  match.ops = {root, graph.value(op.input(1)).producer};
  match.changes_shape = true;  // where a number is divided
  return true;
}

ValueId RewriteRootQuotient(Builder& out, const ir::Graph& graph, const PatternMatch& match) {
  const ValueId inverse = out.Unary(OpKind::kRsqrt, graph.op(match.ops[1]).input(0));
  const bool is_all = ScalarOf(graph, match.x) == 1 && out.status().ok() &&
                      out.type(inverse) == out.type(graph.op(match.ops[0]).result());
  return is_all ? inverse : out.Mul(match.x, inverse);
}

// x / 2^n, which a product computes to the bit.
bool MatchExactQuotient(const ir::Graph& graph, OpId root, PatternMatch& match) {
  const ir::Op& op = graph.op(root);
  if (MadeBy(graph, op.result(), OpKind::kDiv) == nullptr) return false;
  const auto divisor = ScalarOf(graph, op.input(1));
  int exponent = 0;
  if (!divisor || std::abs(std::frexp(*divisor, &exponent)) != 0.5) return false;
  if (exponent < -100 || exponent > 100) return false;
  match.x = op.input(0);
  match.alpha = 1 / *divisor;
  match.ops = {root};
  return true;
}

constexpr PatternRule kRules[] = {
    {"pow_to_simple", "pseudo_ops_wave1", "POW by 2 becomes MUL, by 0.5 SQRT.", MatchPow,
     RewritePow},
    {"divide_by_root", "pseudo_ops_wave1", "A quotient by SQRT becomes a product with RSQRT.",
     MatchRootQuotient, RewriteRootQuotient},
    {"divide_by_power_of_two", "pseudo_ops_wave1", "A quotient by a power of two becomes MUL.",
     MatchExactQuotient, RewriteScales},
    {"scale_chain", "constant_fold_a5", "Two scalar factors in a row become one.", MatchScales,
     RewriteScales},
};

}  // namespace

std::span<const PatternRule> ArithmeticPatterns() { return kRules; }

}  // namespace smelt::passes
