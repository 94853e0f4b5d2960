// Scaled dot product attention that exporters, and our importer, spell out on heads before lengths:
//
//   BATCH_MATMUL(SOFTMAX(scores), value)
//   scores = BATCH_MATMUL(query, key), scaled before or behind, plus a mask, and -infinity where
//            a condition says no
//
// The scale may be a factor of query, key or product, or of several. A condition becomes a part of
// the mask: next to the lowest float no finite score counts (but one beyond 1e31). A score that is
// infinite or no number, which the condition would have replaced, stays one when a number is added.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/interp/evaluate.h"
#include "core/ir/attention.h"
#include "core/passes/preprocess/product.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::Graph;
using ir::Op;
using ir::OpId;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr double kDrowns = -3e38;  // what is added to it is lost

struct Parts {
  ValueId query;  // [b, n, t, h]
  ValueId key;    // [b, n, h, s], or [b, n, s, h] when `key_rows`
  bool key_rows = false;
  ValueId value;    // [b, n, s, h]
  ValueId mask;     // may be absent
  ValueId allowed;  // a condition, may be absent
  double fill = 0;  // where it says no
  double scale = 1;
  std::vector<OpId> ops;
};

const Op* Product(const Graph& graph, ValueId value) {
  const Op* op = MadeBy(graph, value, OpKind::kBatchMatmul);
  return op != nullptr && !op->attrs.Bool("adj_x") ? op : nullptr;
}

// What is left of `value` without its scalar factors, if nothing else uses it.
ValueId Unscaled(const Graph& graph, ValueId value, Parts& parts) {
  if (!graph.HasOneUse(value)) return value;
  const ProductForm form = ProductOf(graph, value);
  if (form.factors.size() != 1 || graph.type(form.factors.front()) != graph.type(value)) {
    return value;
  }
  parts.scale *= form.scale;
  parts.ops.insert(parts.ops.end(), form.ops.begin(), form.ops.end());
  return form.factors.front();
}

// The scores without a condition and a mask; `value` is used by nothing else.
ValueId Unmasked(const Graph& graph, ValueId value, Parts& parts) {
  if (const Op* select = InnerBy(graph, value, OpKind::kSelectV2)) {
    const auto fill = ScalarOf(graph, select->input(2));
    if (!fill || !(*fill <= kDrowns)) return {};
    parts.allowed = select->input(0);
    parts.fill = *fill;
    parts.ops.push_back(graph.value(value).producer);
    value = select->input(1);
  }
  const Op* add = InnerBy(graph, value, OpKind::kAdd);
  if (add == nullptr) return value;
  parts.ops.push_back(graph.value(value).producer);
  for (int side = 0; side < 2; ++side) {
    Parts probe;
    const ValueId scores = add->input(side);
    if (Product(graph, Unscaled(graph, scores, probe)) == nullptr) continue;
    parts.mask = add->input(1 - side);
    return scores;
  }
  return {};
}

bool BroadcastsTo(const Shape& mask, const Shape& scores) {
  if (mask.rank() < 1 || mask.rank() > 4) return false;
  for (int i = 1; i <= mask.rank(); ++i) {
    const Dim to = scores.dim(4 - i);
    if (mask.dim(mask.rank() - i) != to && (i == 1 || mask.dim(mask.rank() - i) != Dim(1))) {
      return false;
    }
  }
  return true;
}

bool ShapesFit(const Graph& graph, const Parts& parts) {
  const Shape& query = graph.type(parts.query).shape;
  const Shape& key = graph.type(parts.key).shape;
  const Shape& value = graph.type(parts.value).shape;
  if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4) return false;
  const Dim keys = value.dim(2);
  if (!query.dim(1).is_static() || !query.dim(3).is_static()) return false;
  if (!ir::DelegatesTakeHeads(query.dim(0), query.dim(1))) return false;
  // A mask of its own is as long as the keys; one of another rank is made one of four.
  if (!parts.mask.valid() && !keys.is_static()) return false;
  const Shape scores{query.dim(0), query.dim(1), query.dim(2), keys};
  const Shape rows{query.dim(0), query.dim(1), keys, query.dim(3)};
  const Shape columns{query.dim(0), query.dim(1), query.dim(3), keys};
  if (value != rows || key != (parts.key_rows ? rows : columns)) return false;
  for (const ValueId mask : {parts.mask, parts.allowed}) {
    if (!mask.valid()) continue;
    const Shape& shape = graph.type(mask).shape;
    if (!BroadcastsTo(shape, scores) || (shape.rank() < 4 && !shape.IsStatic())) return false;
  }
  return true;
}

std::optional<Parts> PartsOf(const Graph& graph, OpId root) {
  Parts parts;
  const Op* last = Product(graph, graph.op(root).result());
  if (last == nullptr || last->attrs.Bool("adj_y")) return std::nullopt;
  const Op* softmax = InnerBy(graph, last->input(0), OpKind::kSoftmax);
  if (softmax == nullptr || softmax->attrs.Float("beta") != 1) return std::nullopt;
  parts.ops = {root, graph.value(last->input(0)).producer};
  parts.value = last->input(1);
  ValueId scores = Unmasked(graph, softmax->input(0), parts);
  if (!scores.valid() || !graph.HasOneUse(scores)) return std::nullopt;
  scores = Unscaled(graph, scores, parts);
  const Op* first = Product(graph, scores);
  if (first == nullptr || !graph.HasOneUse(scores)) return std::nullopt;
  parts.ops.push_back(graph.value(scores).producer);
  parts.key_rows = first->attrs.Bool("adj_y");
  parts.query = Unscaled(graph, first->input(0), parts);
  parts.key = Unscaled(graph, first->input(1), parts);
  return ShapesFit(graph, parts) ? std::optional(std::move(parts)) : std::nullopt;
}

bool MatchAttention(const Graph& graph, OpId root, PatternMatch& match) {
  auto parts = PartsOf(graph, root);
  if (!parts) return false;
  match.x = parts->query;
  match.ops = std::move(parts->ops);
  return true;
}

// A SELECT_V2 of constants as one: nothing folds behind the import. One that is larger than what
// the importer would fold is left to the run.
ValueId Folded(Builder& out, ValueId select) {
  constexpr std::int64_t kMostElements = (std::int64_t{1} << 24) / 4;
  Graph& graph = out.graph();
  const OpId made = graph.value(select).producer;
  if (graph.type(select).shape.ElementCount().value_or(INT64_MAX) > kMostElements) return select;
  std::vector<interp::Tensor> values;
  std::vector<const interp::Tensor*> operands;
  values.reserve(3);
  for (const Op::Operand& operand : graph.op(made).operands) {
    const ir::Constant* constant = graph.constant(operand.value);
    if (constant == nullptr) return select;
    operands.push_back(&values.emplace_back(interp::Tensor::FromConstant(*constant)));
  }
  const auto results = interp::EvaluateOp(out.module(), OpKind::kSelectV2, {}, operands);
  if (!results.ok()) return select;
  graph.MakeConstant(select, results->front().ToConstant());
  graph.Erase(made);
  return select;
}

// Of rank 4, with as many columns as there are keys.
ValueId MaskOf(Builder& out, const Parts& parts, Dim keys) {
  ValueId mask = parts.mask;
  if (!mask.valid()) {
    const float zero = 0;
    mask = out.Const(ir::Constant::Splat(DType::kF32, {1, 1, 1, keys.value()},
                                         std::as_bytes(std::span(&zero, 1))));
  }
  if (parts.allowed.valid()) {
    mask = out.Emit(OpKind::kSelectV2, {parts.allowed, mask, out.Scalar(DType::kF32, parts.fill)});
  }
  if (!out.status().ok()) return {};
  if (parts.allowed.valid()) mask = Folded(out, mask);
  const Shape own = out.type(mask).shape;
  Shape wide;
  for (int i = own.rank(); i < 4; ++i) wide.push_back(1);
  for (const Dim dim : own) wide.push_back(dim);
  return own.rank() == 4 ? mask : out.Reshape(mask, wide);
}

ValueId RewriteAttention(Builder& out, const Graph& graph, const PatternMatch& match) {
  const Parts parts = *PartsOf(graph, match.ops.front());
  ir::Attention attention;
  attention.query = out.Transpose(parts.query, {0, 2, 1, 3});
  attention.key = parts.key_rows ? out.Transpose(parts.key, {0, 2, 1, 3})
                                 : out.Transpose(parts.key, {0, 3, 1, 2});
  attention.value = out.Transpose(parts.value, {0, 2, 1, 3});
  attention.mask = MaskOf(out, parts, graph.type(parts.value).shape.dim(2));
  attention.scale = parts.scale;
  attention.label = "chain." + std::to_string(out.module().graph_count());
  return out.Transpose(ir::EmitAttentionComposite(out, attention), {0, 2, 1, 3});
}

constexpr PatternRule kRules[] = {
    {"attention_chain", "pattern_fusion_wave2",
     "Scaled dot product attention becomes a composite; what a condition masks must be finite.",
     MatchAttention, RewriteAttention, ir::kAttention},
};

}  // namespace

std::span<const PatternRule> AttentionPattern() { return kRules; }

}  // namespace smelt::passes
