// An attention's query, key and value are products of one tensor with three matrices. Side by side
// they are one FULLY_CONNECTED and a SPLIT, and the layout solver then turns all three into heads
// with one TRANSPOSE instead of three. Joined are the products of equal size
//
//   FULLY_CONNECTED(x, w_i, b_i) -> ... TRANSPOSE ... -> BATCH_MATMUL
//
// that meet in the same attention. The matrices stay where they are: the joined constant reads
// them.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/passes/legalize_site.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::Constant;
using ir::Graph;
using ir::Op;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;

// Looks from a product along the data to the attention that it belongs to.
class AttentionSearch {
 public:
  explicit AttentionSearch(const Graph& graph) : graph_(graph) {}

  // The attention's last BATCH_MATMUL; invalid where the product is moved by no TRANSPOSE before
  // the first one, or where there is none within `kReach` operators.
  OpId From(ValueId product) {
    Follow(product, /*through_products=*/false);
    if (!is_moved_ || products_.empty()) return {};
    const std::vector<OpId> first = products_;
    for (const OpId id : first) Follow(graph_.op(id).result(), /*through_products=*/true);
    return products_.back();
  }

 private:
  static constexpr std::size_t kReach = 48;  // bounds the work; an attention needs about twenty

  void Follow(ValueId from, bool through_products) {
    std::vector<ValueId> pending = {from};
    for (std::size_t at = 0; at < pending.size(); ++at) {
      for (const ir::Use use : graph_.UsesOf(pending[at])) {
        if (visited_.size() == kReach || std::ranges::find(visited_, use.op) != visited_.end()) {
          continue;
        }
        visited_.push_back(use.op);
        const Op& op = graph_.op(use.op);
        const bool is_product = op.kind == OpKind::kBatchMatmul;
        if (is_product) products_.push_back(use.op);
        is_moved_ = is_moved_ || op.kind == OpKind::kTranspose;
        if (EndsAttention(op, through_products) || (is_product && !through_products)) continue;
        pending.insert(pending.end(), op.results.begin(), op.results.end());
      }
    }
  }

  // Behind the scores, heads that are put together again belong to what follows.
  static bool EndsAttention(const Op& op, bool behind_scores) {
    return op.kind == OpKind::kReturn || op.kind == OpKind::kFullyConnected ||
           op.kind == OpKind::kConv2d || !op.regions.empty() ||
           (behind_scores && op.kind == OpKind::kTranspose);
  }

  const Graph& graph_;
  std::vector<OpId> visited_;
  std::vector<OpId> products_;
  bool is_moved_ = false;
};

// With constant weights, and a bias that is constant or absent.
bool IsJoinable(const Graph& graph, const Op& op) {
  const Constant* weights = graph.constant(op.input(1));
  return op.kind == OpKind::kFullyConnected && weights != nullptr &&
         weights->dtype() == ir::DType::kF32 && graph.type(op.result()).dtype == ir::DType::kF32 &&
         (!op.input(2).valid() || graph.constant(op.input(2)) != nullptr) &&
         op.attrs.String("fused_activation_function", "NONE") == "NONE" &&
         graph.HasUses(op.result());
}

// Could one operator compute both?
bool AreAlike(const Graph& graph, OpId a, OpId b) {
  const Op& x = graph.op(a);
  const Op& y = graph.op(b);
  return graph.constant(x.input(1))->shape() == graph.constant(y.input(1))->shape() &&
         graph.type(x.result()) == graph.type(y.result()) && x.attrs == y.attrs;
}

Constant BiasOf(const Graph& graph, const Op& op) {
  if (const Constant* bias = graph.constant(op.input(2))) {
    return bias->Reshaped(std::vector<std::int64_t>{bias->element_count()});
  }
  const float zero = 0;
  return Constant::Splat(ir::DType::kF32, {graph.constant(op.input(1))->shape()[0]},
                         std::as_bytes(std::span(&zero, 1)));
}

Status Join(PassContext& context, ir::GraphId graph_id, const std::vector<OpId>& products) {
  const LegalizeSite site{context, graph_id, products.front()};
  Graph& graph = site.graph();
  std::vector<Constant> weights, biases;
  bool is_biased = false;
  ir::OriginId origin = ir::kNoOrigin;
  for (const OpId id : products) {
    const Op& op = graph.op(id);
    weights.push_back(*graph.constant(op.input(1)));
    biases.push_back(BiasOf(graph, op));
    is_biased = is_biased || op.input(2).valid();
    origin = context.module.origins().Merge(origin, op.origin);
  }
  ir::Builder b = site.Before();
  b.set_origin(origin);
  const ValueId x = site.op().input(0);
  std::vector<ValueId> operands = {x, b.Const(Constant::Joined(std::move(weights)))};
  if (is_biased) operands.push_back(b.Const(Constant::Joined(std::move(biases))));
  const ValueId joined = b.Emit(OpKind::kFullyConnected, operands, site.op().attrs);
  SMELT_RETURN_IF_ERROR(b.status());
  const int last = b.type(joined).shape.rank() - 1;
  const auto count = static_cast<std::int64_t>(products.size());
  const std::vector<ValueId> parts =
      b.EmitMany(OpKind::kSplit, std::vector{b.ScalarI32(last), joined}, {{"num_splits", count}});
  SMELT_RETURN_IF_ERROR(b.status());
  for (std::size_t i = 0; i < products.size(); ++i) {
    const LegalizeSite product{context, graph_id, products[i]};
    SMELT_RETURN_IF_ERROR(product.Replace(b, parts[i]));
  }
  return Status::Ok();
}

}  // namespace

Status JoinProducts(PassContext& context) {
  for (const ir::GraphId graph_id : ReachableGraphs(context.module)) {
    const Graph& graph = context.module.graph(graph_id);
    std::map<std::pair<ValueId, OpId>, std::vector<OpId>> groups;  // by operand and attention
    for (const OpId id : graph) {
      const Op& op = graph.op(id);
      if (!IsJoinable(graph, op)) continue;
      const OpId attention = AttentionSearch(graph).From(op.result());
      if (!attention.valid()) continue;
      std::vector<OpId>& group = groups[{op.input(0), attention}];
      if (group.empty() || AreAlike(graph, group.front(), id)) group.push_back(id);
    }
    for (const auto& [where, products] : groups) {
      if (products.size() > 1) SMELT_RETURN_IF_ERROR(Join(context, graph_id, products));
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
