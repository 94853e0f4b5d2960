// The rewriting of channels-last kernels: the channels' pieces may come in another order, which
// constant weights follow.
#include <algorithm>
#include <utility>

#include "core/passes/layout/constant_order.h"
#include "core/passes/layout/rewrite.h"

namespace smelt::passes::layout {
namespace {

constexpr int kRows = 3;  // batch, height, width

}  // namespace

Status Rewriter::RewriteImage(const Site& site) {
  const Choice& choice = site.choice;
  const auto last = static_cast<int>(choice.relation->axes.size()) - 1;
  const PlannedAxis in{kRows, UnitsOf(choice, site.label, kRows)};
  const PlannedAxis out{last, UnitsOf(choice, site.label, last)};
  std::vector<Axis> taken;
  std::vector<Axis> made;
  for (int axis = 0; axis < kRows; ++axis) {
    const PlannedAxis row{axis, UnitsOf(choice, site.label, axis)};
    taken.push_back(OperandPieces(choice, row, 0));
    made.push_back(ResultPieces(choice, row, 0));
  }
  taken.push_back(OperandPieces(choice, in, 0));
  made.push_back(ResultPieces(choice, out, 0));
  SMELT_RETURN_IF_ERROR(TakeOperand(site, 0, taken));
  const bool in_order = std::ranges::is_sorted(in.units) && std::ranges::is_sorted(out.units);
  const ir::OpKind kind = op(site).kind;
  const bool has_filter = kind == ir::OpKind::kConv2d || kind == ir::OpKind::kDepthwiseConv2d;
  if (has_filter && !in_order) PermuteFilter(site, in, out);
  MadeResult(site, 0, std::move(made));
  return Status::Ok();
}

// Filters are (out, height, width, in); those of DEPTHWISE_CONV_2D are (1, height, width,
// channels).
void Rewriter::PermuteFilter(const Site& site, const PlannedAxis& in, const PlannedAxis& out) {
  const ir::Constant& filter = *graph_.constant(op(site).input(1));
  std::vector<ConstantPiece> of_out;
  AddPieces(site.choice, out, /*of_result=*/true, of_out);
  std::vector<ConstantPiece> pieces = {{1, 0}};
  if (op(site).kind == ir::OpKind::kConv2d) pieces = of_out;
  for (const std::size_t axis : {1U, 2U}) {
    pieces.push_back({filter.shape()[axis], static_cast<int>(pieces.size())});
  }
  AddPieces(site.choice, in, /*of_result=*/false, pieces);
  SetConstant(site, 1, Reordered(filter, pieces, filter.shape()));
  const ir::Constant* bias = graph_.constant(op(site).input(2));
  if (bias == nullptr || bias->element_count() == 1) return;
  SetConstant(site, 2, Reordered(*bias, of_out, bias->shape()));
}

}  // namespace smelt::passes::layout
