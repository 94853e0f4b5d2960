// The rewriting of products. A matrix may be read transposed, so the two innermost axes of a
// BATCH_MATMUL come in either order; constant weights of a FULLY_CONNECTED are permuted.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/passes/layout/constant_order.h"
#include "core/passes/layout/rewrite.h"

namespace smelt::passes::layout {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// The planned axes that are rows.
AxisPlan RowsOf(const Choice& choice, const AxisPlan& plan) {
  AxisPlan rows;
  for (const PlannedAxis& axis : plan) {
    if (axis.axis >= 0 && choice.relation->axes[At(axis.axis)].row) rows.push_back(axis);
  }
  return rows;
}

// Whether axis `a` comes before axis `b`; in the source's order where one has size 1.
bool Before(const Choice& choice, int label, int a, int b) {
  std::optional<std::size_t> place_a;
  std::optional<std::size_t> place_b;
  const Label& order = choice.labels[At(label)];
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int axis = choice.units[At(order[i])].axis;
    if (axis == a) place_a = i;
    if (axis == b) place_b = i;
  }
  return place_a && place_b ? *place_a < *place_b : a < b;
}

}  // namespace

Status Rewriter::RewriteFullyConnected(const Site& site) {
  SMELT_RETURN_IF_ERROR(TakeSideOperands(site));
  const Choice& choice = site.choice;
  const int in_axis = static_cast<int>(choice.relation->axes.size()) - 2;
  const int out_axis = in_axis + 1;
  const PlannedAxis in{in_axis, UnitsOf(choice, site.label, in_axis)};
  const PlannedAxis out{out_axis, UnitsOf(choice, site.label, out_axis)};
  const Axis in_pieces = OperandPieces(choice, in, 0);
  // Rows may be grouped in any way: as the operand has them, if what is contracted is its last
  // axis.
  std::vector<Axis> axes = store_.NaturalAxes(forms_.form(op(site).input(0)).tensor,
                                              choices_.OperandOrder(choice, site.label, 0));
  if (axes.size() < 2 || axes.back() != in_pieces) {
    axes.clear();
    for (const PlannedAxis& row : RowsOf(choice, Plan(site, -1))) {
      axes.push_back(OperandPieces(choice, row, 0));
    }
    if (axes.empty()) axes.emplace_back();
    axes.push_back(in_pieces);
  }
  SMELT_RETURN_IF_ERROR(TakeOperand(site, 0, axes));
  op(site).attrs.Set("keep_num_dims", axes.size() != 2);
  if (!std::ranges::is_sorted(in.units) || !std::ranges::is_sorted(out.units)) {
    // Weights are (out, in), the bias is (out).
    std::vector<ConstantPiece> pieces;
    AddPieces(choice, out, /*of_result=*/true, pieces);
    const std::vector<ConstantPiece> bias_pieces = pieces;
    AddPieces(choice, in, /*of_result=*/false, pieces);
    const ir::Constant& weights = *graph_.constant(op(site).input(1));
    SetConstant(site, 1, Reordered(weights, pieces, weights.shape()));
    const ir::Constant* bias = graph_.constant(op(site).input(2));
    if (bias != nullptr && bias->element_count() > 1) {
      SetConstant(site, 2, Reordered(*bias, bias_pieces, bias->shape()));
    }
  }
  axes.back() = ResultPieces(choice, out, 0);
  MadeResult(site, 0, std::move(axes));
  return Status::Ok();
}

Status Rewriter::RewriteBatchMatmul(const Site& site) {
  const Choice& choice = site.choice;
  const int m = static_cast<int>(choice.relation->axes.size()) - 3;
  const int k = m + 1;
  const int n = m + 2;
  const AxisPlan rows = RowsOf(choice, Plan(site, -1));
  const auto pieces = [&](int axis, int operand) {
    return OperandPieces(choice, {axis, UnitsOf(choice, site.label, axis)}, operand);
  };
  const auto before = [&](int a, int b) { return Before(choice, site.label, a, b); };
  std::vector<Axis> x = OperandAxes(choice, rows, 0);
  x.push_back(pieces(before(m, k) ? m : k, 0));
  x.push_back(pieces(before(m, k) ? k : m, 0));
  std::vector<Axis> y = OperandAxes(choice, rows, 1);
  y.push_back(pieces(before(k, n) ? k : n, 1));
  y.push_back(pieces(before(k, n) ? n : k, 1));
  SMELT_RETURN_IF_ERROR(TakeOperand(site, 0, x));
  SMELT_RETURN_IF_ERROR(TakeOperand(site, 1, y));
  const auto result_pieces = [&](int axis) {
    return ResultPieces(choice, {axis, UnitsOf(choice, site.label, axis)}, 0);
  };
  std::vector<Axis> z = ResultAxes(choice, rows, 0);
  const bool swapped = before(n, m);
  z.push_back(result_pieces(swapped ? n : m));
  z.push_back(result_pieces(swapped ? m : n));
  ir::Op& matmul = op(site);
  if (swapped) {  // (x y)' = y' x'
    const ir::ValueId first = matmul.input(0);
    const ir::ValueId second = matmul.input(1);
    graph_.SetOperand({site.id, 0}, second);
    graph_.SetOperand({site.id, 1}, first);
    matmul.attrs.Set("adj_x", before(k, n));
    matmul.attrs.Set("adj_y", before(m, k));
  } else {
    matmul.attrs.Set("adj_x", before(k, m));
    matmul.attrs.Set("adj_y", before(n, k));
  }
  MadeResult(site, 0, std::move(z));
  return Status::Ok();
}

}  // namespace smelt::passes::layout
