// Sizes that the run tells are known when LiteRT prepares the graph, as long as every operator on
// the way from SHAPE computes then: SHAPE, STRIDED_SLICE, GATHER, RESHAPE, CONCATENATION, MUL,
// REDUCE_PROD and TILE do. Any other makes the tensors behind it dynamic, which are allocated in
// the middle of a run: slower, and next to a delegate not always right on a second run. Where these
// operators say the same, they are used:
//
//   SLICE, SPLIT, SPLIT_V      STRIDED_SLICE
//   SQUEEZE, EXPAND_DIMS       RESHAPE
//
// The kernel of SLICE makes every result dynamic whose operand has an open axis, whatever it reads,
// and the delegate leaves it alone: there too STRIDED_SLICE is used, which both take.
//
// Found by allocating such files in LiteRT 2.3 and asking for their shapes before the first run.
#include <algorithm>
#include <optional>
#include <vector>

#include "core/passes/legalize_site.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::Op;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;

constexpr OpKind kPrepared[] = {OpKind::kStridedSlice, OpKind::kGather,     OpKind::kReshape,
                                OpKind::kMul,          OpKind::kReduceProd, OpKind::kTile,
                                OpKind::kConcatenation};

class SizePreparer {
 public:
  SizePreparer(PassContext& context, ir::GraphId graph_id)
      : context_(context), graph_id_(graph_id), graph_(context.module.graph(graph_id)) {}

  Status Run() {
    for (const OpId id : graph_) {
      const Op& op = graph_.op(id);
      if (op.kind == OpKind::kShape) {
        Mark(op.result());
      } else if (IsOfSizes(op)) {
        SMELT_RETURN_IF_ERROR(Visit({context_, graph_id_, id}));
      } else if (op.kind == OpKind::kSlice) {
        SMELT_RETURN_IF_ERROR(CutOpen({context_, graph_id_, id}));
      }
    }
    return Status::Ok();
  }

 private:
  void Mark(ValueId value) {
    if (value.index >= is_size_.size()) is_size_.resize(graph_.value_count(), false);
    is_size_[value.index] = true;
  }
  bool IsSize(ValueId value) const {
    return value.valid() && value.index < is_size_.size() && is_size_[value.index];
  }
  // Sizes and constants are all that it reads.
  bool IsOfSizes(const Op& op) const {
    bool any = false;
    for (const auto& operand : op.operands) {
      const bool is_size = IsSize(operand.value);
      if (operand.value.valid() && !is_size && graph_.constant(operand.value) == nullptr) {
        return false;
      }
      any = any || is_size;
    }
    return any;
  }

  Status Visit(const LegalizeSite& site) {
    switch (site.op().kind) {
      case OpKind::kSlice:
      case OpKind::kSplitV:
        return Cut(site, site.op().input(0));
      case OpKind::kSplit:
        return Cut(site, site.op().input(1));
      case OpKind::kSqueeze:
      case OpKind::kExpandDims:
        return Reshape(site);
      default:
        if (std::ranges::find(kPrepared, site.op().kind) != std::end(kPrepared)) {
          Mark(site.op().result());
        }
        return Status::Ok();
    }
  }

  // Each result is the piece of the row `x` that follows the one before.
  Status Cut(const LegalizeSite& site, ValueId x) {
    std::int64_t begin = 0;
    if (site.op().kind == OpKind::kSlice) {
      const ir::Constant* from = graph_.constant(site.op().input(1));
      const auto row = from != nullptr ? from->AsInts() : std::nullopt;
      if (!row || row->size() != 1) return Status::Ok();
      begin = row->front();
    }
    const auto results = site.op().results;
    const bool are_rows = std::ranges::all_of(results, [&](ValueId result) {
      return site.type(result).shape.rank() == 1 && site.type(result).shape.IsStatic();
    });
    if (site.type(x).shape.rank() != 1 || !are_rows) return Status::Ok();
    Builder b = site.Before();
    for (const ValueId result : results) {
      const std::int64_t end = begin + site.type(result).shape.dim(0).value();
      const auto bound = [&](std::int64_t at) {
        return b.ConstI32({static_cast<std::int32_t>(at)});
      };
      const ValueId made = b.Emit(OpKind::kStridedSlice, {x, bound(begin), bound(end), bound(1)});
      SMELT_RETURN_IF_ERROR(b.status());
      site.ReplaceResult(result, made);
      Mark(made);
      begin = end;
    }
    graph_.Erase(site.id);
    ++context_.rewrites;
    return Status::Ok();
  }

  Status CutOpen(const LegalizeSite& site) {
    const ValueId x = site.op().input(0);
    const ir::Constant* from = graph_.constant(site.op().input(1));
    const ir::Constant* sizes = graph_.constant(site.op().input(2));
    if (site.type(x).shape.IsStatic() || from == nullptr || sizes == nullptr) return Status::Ok();
    const auto begin = from->AsInts(), size = sizes->AsInts();
    if (!begin || !size) return Status::Ok();
    std::vector<std::int32_t> first, end;
    std::int64_t to_the_end = 0;
    for (std::size_t axis = 0; axis < begin->size(); ++axis) {
      const std::int64_t stop = (*begin)[axis] + std::max<std::int64_t>((*size)[axis], 0);
      if ((*size)[axis] < 0) to_the_end |= std::int64_t{1} << axis;
      first.push_back(static_cast<std::int32_t>((*begin)[axis]));
      end.push_back(static_cast<std::int32_t>(stop));
    }
    const std::vector<std::int32_t> strides(first.size(), 1);
    Builder b = site.Before();
    const ValueId operands[] = {x, b.ConstI32(first), b.ConstI32(end), b.ConstI32(strides)};
    const ir::Attributes attrs{{"end_mask", to_the_end}};
    const ValueId made =
        b.EmitTyped(OpKind::kStridedSlice, operands, attrs, site.type(site.op().result()));
    return site.Replace(b, made);
  }

  Status Reshape(const LegalizeSite& site) {
    const ir::Shape shape = site.type(site.op().result()).shape;
    if (!shape.IsStatic()) return Status::Ok();
    Builder b = site.Before();
    std::vector<std::int32_t> sizes;
    for (const ir::Dim dim : shape) sizes.push_back(static_cast<std::int32_t>(dim.value()));
    const std::vector<std::int64_t> same(sizes.begin(), sizes.end());
    const ValueId made =
        b.Emit(OpKind::kReshape, {site.op().input(0), b.ConstI32(sizes)}, {{"new_shape", same}});
    SMELT_RETURN_IF_ERROR(site.Replace(b, made));
    Mark(made);
    return Status::Ok();
  }

  PassContext& context_;
  ir::GraphId graph_id_;
  ir::Graph& graph_;
  std::vector<bool> is_size_;  // by value
};

}  // namespace

Status PrepareSizes(PassContext& context) {
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    SMELT_RETURN_IF_ERROR(SizePreparer(context, graph).Run());
  }
  return Status::Ok();
}

}  // namespace smelt::passes
