// Rewriter: puts every operator of a graph into its chosen order, in place.
//
// Operands become the stored tensors in the wanted order (copied by a TRANSPOSE where they have
// another), constants become views, parameters that name axes are renamed, results get the types of
// the new order. The views TRANSPOSE, RESHAPE and so on of the old graph end unused and are erased.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/passes/layout/axis_plan.h"
#include "core/passes/layout/constant_order.h"
#include "core/passes/layout/layout.h"
#include "core/passes/layout/store.h"

namespace smelt::passes::layout {

class Rewriter {
 public:
  Rewriter(ir::Module& module, ir::GraphId graph, Forms& forms, const Choices& choices,
           const Labelling& labels, const LayoutOptions& options);

  Status Run();
  // The TRANSPOSEs that were inserted.
  const std::vector<Copy>& copies() const { return store_.copies(); }
  // The named tensors that are stored in another order than before, if that is asked for.
  std::vector<StoredOrder> Reorderings() const;

 private:
  // The operator at hand.
  struct Site {
    std::size_t node = 0;
    const Choice& choice;
    int label = 0;
    ir::OpId id;
  };

  Status RewriteOp(const Site& site);
  Status RewriteBarrier(const Site& site);
  Status RewriteElementwise(const Site& site);
  Status RewriteReduce(const Site& site);
  Status RewriteConcat(const Site& site);
  Status RewriteAxisRows(const Site& site);
  Status RewriteSplit(const Site& site);
  Status RewriteLastAxis(const Site& site);
  Status RewriteShape(const Site& site);
  Status RewriteFullyConnected(const Site& site);
  Status RewriteBatchMatmul(const Site& site);
  Status RewriteImage(const Site& site);
  Status RewriteFreshPieces(const Site& site);
  Status RewriteOutputs();

  ir::Op& op(const Site& site) { return graph_.op(site.id); }
  bool IsTensor(ir::ValueId value) const;
  std::vector<Axis> NaturalAxes(const Site& site, int operand);
  int LeadOperand(const Site& site);
  AxisPlan Plan(const Site& site, int lead);
  std::vector<Axis> WithoutLeadingOnes(const Site& site, int operand, std::vector<Axis> axes);
  // Operand k becomes its tensor with those axes; an absent or constant one stays.
  Status TakeOperand(const Site& site, int operand, const std::vector<Axis>& axes);
  Status TakeSideOperands(const Site& site);
  Status TakeConstant(const Site& site, int operand, const AxisPlan& plan);
  void SetConstant(const Site& site, int operand, ir::Constant constant);
  void SetInts(const Site& site, int operand, const std::vector<std::int64_t>& values, bool scalar);
  // A row of an operand with `width` numbers an axis, for each planned axis; `fill` for axes that
  // the operator leaves alone.
  void SetRows(const Site& site, int operand, const AxisPlan& plan,
               const std::vector<std::int64_t>& fill);
  std::int64_t InsideOf(const Choice& choice, const PlannedAxis& planned);
  // The pieces of a constant's axis that follows those of a planned axis, behind `pieces`.
  void AddPieces(const Choice& choice, const PlannedAxis& axis, bool of_result,
                 std::vector<ConstantPiece>& pieces);
  std::vector<Axis> PixelRows(const Site& site, const Axis& channels);
  void PermuteFilter(const Site& site, const PlannedAxis& in, const PlannedAxis& out);
  void MadeResult(const Site& site, int result, std::vector<Axis> axes);
  int PlaceOf(const AxisPlan& plan, int axis) const;
  ir::Dim SizeOf(const Axis& pieces) { return forms_.atoms().SizeOf(pieces); }
  ir::OriginId OriginOf(const Form& form) const;
  void KeepOrigin(ir::OpId user, const Form& form);
  Status EraseViews();
  void KeepName(ir::OpId view);
  void NoteOrder(ir::ValueId stored, ir::ValueId source);

  ir::Module& module_;
  const ir::GraphId graph_id_;
  ir::Graph& graph_;
  Forms& forms_;
  const Choices& choices_;
  const Labelling& labels_;
  const LayoutOptions options_;
  Store store_;
  std::unordered_map<std::uint32_t, std::vector<int>> orders_;  // by value; see StoredOrder
};

}  // namespace smelt::passes::layout
