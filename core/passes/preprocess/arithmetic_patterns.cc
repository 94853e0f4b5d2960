// Arithmetic that a cheaper operator computes: powers by small constants, products with several
// numbers.
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

constexpr PatternRule kRules[] = {
    {"pow_to_simple", "pseudo_ops_wave1", "POW by 2 becomes MUL, by 0.5 SQRT.", MatchPow,
     RewritePow},
    {"scale_chain", "constant_fold_a5", "Two scalar factors in a row become one.", MatchScales,
     RewriteScales},
};

}  // namespace

std::span<const PatternRule> ArithmeticPatterns() { return kRules; }

}  // namespace smelt::passes
