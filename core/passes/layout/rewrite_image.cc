// The rewriting of channels-last kernels: the channels' pieces may come in another order, which
// constant weights follow.
#include <algorithm>
#include <utility>

#include "core/passes/layout/constant_order.h"
#include "core/passes/layout/rewrite.h"

namespace smelt::passes::layout {
namespace {

constexpr std::size_t kRows = 3;   // batch, height, width
constexpr int kFirstChannels = 3;  // the axis behind them

}  // namespace

Status Rewriter::RewriteImage(const Site& site) {
  SMELT_RETURN_IF_ERROR(TakeSideOperands(site));
  const Choice& choice = site.choice;
  const auto last = static_cast<int>(choice.relation->axes.size()) - 1;
  const PlannedAxis in{kFirstChannels, UnitsOf(choice, site.label, kFirstChannels)};
  const PlannedAxis out{last, UnitsOf(choice, site.label, last)};
  std::vector<Axis> taken;
  std::vector<Axis> made;
  if (choice.relation->freedom == Freedom::kMatrix) {
    taken = made = PixelRows(site, OperandPieces(choice, in, 0));
  } else {
    for (int axis = 0; axis < kFirstChannels; ++axis) {
      const PlannedAxis row{axis, UnitsOf(choice, site.label, axis)};
      taken.push_back(OperandPieces(choice, row, 0));
      made.push_back(ResultPieces(choice, row, 0));
    }
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

// Pixels that don't know their neighbours may be grouped into batch, height and width in any way:
// as the operand has them, or else in as few pieces as there are.
std::vector<Axis> Rewriter::PixelRows(const Site& site, const Axis& channels) {
  const Choice& choice = site.choice;
  std::vector<Axis> rows = store_.NaturalAxes(forms_.form(op(site).input(0)).tensor,
                                              choices_.OperandOrder(choice, site.label, 0));
  if (rows.size() == kRows + 1 && rows.back() == channels) {
    rows.pop_back();
    return rows;
  }
  rows.clear();
  for (const PlannedAxis& axis : Plan(site, -1)) {
    if (axis.axis >= kFirstChannels || axis.units.empty()) continue;
    Axis pieces = OperandPieces(choice, axis, 0);
    if (rows.size() == kRows) {
      rows.back().insert(rows.back().end(), pieces.begin(), pieces.end());
    } else {
      rows.push_back(std::move(pieces));
    }
  }
  rows.insert(rows.begin(), kRows - rows.size(), Axis{});
  return rows;
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
