// Normalizations of the last axis that exporters spell out, with s = mean(y^2) + epsilon:
//
//   y / sqrt(s) * scale             RMS norm, of y = x
//   y / sqrt(s) * scale + shift     layer norm, of y = x - mean(x)
//
// where y / sqrt(s) may also be y * rsqrt(s) or y * (1 / sqrt(s)), and y^2 a product, a square or a
// power. Scale and shift are constants of as many values as the axis has.
#include <array>
#include <optional>
#include <string>

#include "core/ir/last_axes_norm.h"
#include "core/passes/composite_forms.h"
#include "core/passes/preprocess/product.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::Graph;
using ir::Op;
using ir::OpId;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// y / sqrt(mean(y^2) + epsilon).
struct Quotient {
  ValueId y;
  double epsilon = 0;
  OpId divides, squares;  // all that uses y of the pattern
  std::vector<OpId> ops;
};

struct Norm {
  ValueId x, scale, shift;
  double epsilon = 0;
  std::vector<OpId> ops;
};

// A mean over the last axis, which stays as 1.
bool IsLastMean(const Graph& graph, const Op* mean) {
  if (mean == nullptr || !mean->attrs.Bool("keep_dims")) return false;
  const int rank = graph.type(mean->input(0)).shape.rank();
  const ir::Constant* operand = graph.constant(mean->input(1));
  const auto axes = operand != nullptr ? operand->AsInts() : std::nullopt;
  return rank > 0 && axes && axes->size() == 1 &&
         ((*axes)[0] == rank - 1 || (*axes)[0] == std::int64_t{-1});
}

// sqrt(s) or 1 / sqrt(s) as `value`; s, and what computes it.
struct Root {
  ValueId of;
  bool inverse = false;
  std::vector<OpId> ops;
};
std::optional<Root> RootOf(const Graph& graph, ValueId value) {
  const OpId producer = graph.value(value).producer;
  if (const Op* root = InnerBy(graph, value, OpKind::kSqrt)) {
    return Root{root->input(0), false, {producer}};
  }
  if (const Op* root = InnerBy(graph, value, OpKind::kRsqrt)) {
    return Root{root->input(0), true, {producer}};
  }
  const Op* inverse = InnerBy(graph, value, OpKind::kDiv);
  if (inverse == nullptr || ScalarOf(graph, inverse->input(0)) != 1.0) return std::nullopt;
  const Op* root = InnerBy(graph, inverse->input(1), OpKind::kSqrt);
  if (root == nullptr) return std::nullopt;
  return Root{root->input(0), true, {producer, graph.value(inverse->input(1)).producer}};
}

// True when the operator gives the square of `y` and nothing else.
bool IsSquare(const Graph& graph, const Op& op, ValueId y) {
  if (op.input(0) != y) return false;
  if (op.kind == OpKind::kPow) return ScalarOf(graph, op.input(1)) == 2.0;
  return op.kind == OpKind::kSquare || (op.kind == OpKind::kMul && op.input(1) == y);
}

// Fills what lies behind `y` and the root; `divides` is set.
bool CompleteQuotient(const Graph& graph, const Root& root, Quotient& quotient) {
  const auto shifted = ShiftedOf(graph, root.of);
  if (!shifted || shifted->shift <= 0) return false;
  const Op* mean = InnerBy(graph, shifted->rest, OpKind::kMean);
  if (!IsLastMean(graph, mean)) return false;
  const ValueId square = mean->input(0);
  quotient.squares = graph.value(square).producer;
  if (!graph.HasOneUse(square) || !quotient.squares.valid()) return false;
  const Op& squares = graph.op(quotient.squares);
  if (MadeBy(graph, square, squares.kind) == nullptr || !IsSquare(graph, squares, quotient.y)) {
    return false;
  }
  quotient.epsilon = shifted->shift;
  quotient.ops = {quotient.divides};
  quotient.ops.insert(quotient.ops.end(), root.ops.begin(), root.ops.end());
  for (const OpId id : {shifted->op, graph.value(shifted->rest).producer, quotient.squares}) {
    quotient.ops.push_back(id);
  }
  return graph.type(quotient.y) == graph.type(graph.op(quotient.divides).result());
}

std::optional<Quotient> QuotientOf(const Graph& graph, ValueId value) {
  if (!graph.HasOneUse(value)) return std::nullopt;
  for (const OpKind kind : {OpKind::kDiv, OpKind::kMul}) {
    const Op* op = MadeBy(graph, value, kind);
    if (op == nullptr) continue;
    for (int side = 0; side < (kind == OpKind::kMul ? 2 : 1); ++side) {
      const auto root = RootOf(graph, op->input(1 - side));
      if (!root || root->inverse != (kind == OpKind::kMul)) continue;
      Quotient quotient;
      quotient.y = op->input(side);
      quotient.divides = graph.value(value).producer;
      if (CompleteQuotient(graph, *root, quotient)) return quotient;
    }
  }
  return std::nullopt;
}

// A constant of one value for each index of the last axis, along it.
bool IsRow(const Graph& graph, ValueId value, const Shape& like) {
  const ir::Constant* constant = graph.constant(value);
  if (constant == nullptr || constant->dtype() != ir::DType::kF32) return false;
  const Shape& shape = graph.type(value).shape;
  const ir::Dim last = like.dim(like.rank() - 1);
  return shape.rank() >= 1 && shape.rank() <= like.rank() && last.is_static() &&
         shape.dim(shape.rank() - 1) == last && constant->element_count() == last.value();
}

// x - mean(x) as `value`: x.
ValueId Centered(const Graph& graph, ValueId value, OpId* mean_op) {
  const Op* sub = MadeBy(graph, value, OpKind::kSub);
  const Op* mean = sub != nullptr ? InnerBy(graph, sub->input(1), OpKind::kMean) : nullptr;
  if (!IsLastMean(graph, mean) || mean->input(0) != sub->input(0)) return {};
  *mean_op = graph.value(sub->input(1)).producer;
  return sub->input(0);
}

// quotient * scale as `value`, in either order.
std::optional<Norm> ScaledQuotient(const Graph& graph, ValueId value, Quotient& quotient) {
  const Op* mul = MadeBy(graph, value, OpKind::kMul);
  if (mul == nullptr || graph.type(value).shape.rank() < 2) return std::nullopt;
  for (int side = 0; side < 2; ++side) {
    if (!IsRow(graph, mul->input(side), graph.type(value).shape)) continue;
    auto found = QuotientOf(graph, mul->input(1 - side));
    if (!found) continue;
    quotient = *std::move(found);
    Norm norm{quotient.y, mul->input(side), {}, quotient.epsilon, {graph.value(value).producer}};
    norm.ops.insert(norm.ops.end(), quotient.ops.begin(), quotient.ops.end());
    return norm;
  }
  return std::nullopt;
}

std::optional<Norm> RmsNormAt(const Graph& graph, OpId root) {
  Quotient quotient;
  OpId mean;
  auto norm = ScaledQuotient(graph, graph.op(root).result(), quotient);
  // What is centered belongs to a layer norm, be it one without a shift.
  if (norm && Centered(graph, quotient.y, &mean).valid()) return std::nullopt;
  return norm;
}

std::optional<Norm> LayerNormAt(const Graph& graph, OpId root) {
  const Op* add = MadeBy(graph, graph.op(root).result(), OpKind::kAdd);
  if (add == nullptr) return std::nullopt;
  for (int side = 0; side < 2; ++side) {
    const ValueId shift = add->input(side);
    const ValueId scaled = add->input(1 - side);
    if (!graph.HasOneUse(scaled) || !IsRow(graph, shift, graph.type(add->result()).shape)) continue;
    Quotient quotient;
    auto norm = ScaledQuotient(graph, scaled, quotient);
    if (!norm) continue;
    OpId mean;
    norm->x = Centered(graph, quotient.y, &mean);
    const std::array<OpId, 2> users = {quotient.divides, quotient.squares};
    if (!norm->x.valid() || !OnlyUsedBy(graph, quotient.y, users)) continue;
    norm->shift = shift;
    norm->ops.insert(norm->ops.begin(), root);
    norm->ops.push_back(graph.value(quotient.y).producer);
    norm->ops.push_back(mean);
    return norm;
  }
  return std::nullopt;
}

template <std::optional<Norm> (*kFind)(const Graph&, OpId)>
bool Match(const Graph& graph, OpId root, PatternMatch& match) {
  auto norm = kFind(graph, root);
  if (!norm) return false;
  match.x = norm->x;
  match.ops = std::move(norm->ops);
  return true;
}

template <std::optional<Norm> (*kFind)(const Graph&, OpId)>
ValueId Rewrite(Builder& out, const Graph& graph, const PatternMatch& match) {
  const Norm found = *kFind(graph, match.ops.front());
  const Shape& shape = graph.type(found.x).shape;
  const Shape row{shape.dim(shape.rank() - 1)};
  ir::LastAxesNorm norm;
  norm.root_mean_square = !found.shift.valid();
  norm.axis = shape.rank() - 1;
  norm.epsilon = found.epsilon;
  norm.x = found.x;
  norm.scale = out.Reshape(found.scale, row);
  if (found.shift.valid()) norm.bias = out.Reshape(found.shift, row);
  norm.label = "chain." + std::to_string(out.module().graph_count());
  const std::vector<ValueId> results = ir::EmitLastAxesNorm(out, norm, 1);
  return results.empty() ? ValueId{} : results.front();
}

constexpr PatternRule kRules[] = {
    {"rms_norm_chain", "pattern_fusion_wave2", "A root mean square norm becomes a composite.",
     Match<RmsNormAt>, Rewrite<RmsNormAt>, kRmsNorm},
    {"layer_norm_chain", "pattern_fusion_wave2", "A layer norm becomes a composite.",
     Match<LayerNormAt>, Rewrite<LayerNormAt>, kGroupNorm},
};

}  // namespace

std::span<const PatternRule> NormPatterns() { return kRules; }

}  // namespace smelt::passes
