#include "core/passes/legalize_rank.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/ir/op_table.h"
#include "core/passes/legalize_merge.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// The first operand or result of a higher rank; invalid when all fit.
ValueId AboveRank(const LegalizeSite& site, int max_rank) {
  for (const auto& operand : site.op().operands) {
    if (operand.value.valid() && site.type(operand.value).shape.rank() > max_rank) {
      return operand.value;
    }
  }
  for (const ValueId result : site.op().results) {
    if (site.type(result).shape.rank() > max_rank) return result;
  }
  return {};
}

// Axes that stay neighbours in their order move as one. The new shape and permutation; sizes of 1
// are dropped altogether.
struct MergedTranspose {
  std::vector<std::int64_t> shape;
  std::vector<int> permutation;
};

MergedTranspose MergeAxes(const std::vector<std::int64_t>& sizes,
                          const std::vector<std::int64_t>& permutation) {
  std::vector<std::vector<int>> runs;  // input axes, in output order
  for (const std::int64_t axis : permutation) {
    const auto input = static_cast<int>(axis);
    if (sizes[static_cast<std::size_t>(input)] == 1) continue;
    const bool follows = !runs.empty() && [&] {
      // Axes between them are all of size 1.
      const int last = runs.back().back();
      if (input <= last) return false;
      return std::all_of(sizes.begin() + last + 1, sizes.begin() + input,
                         [](std::int64_t size) { return size == 1; });
    }();
    if (follows) {
      runs.back().push_back(input);
    } else {
      runs.push_back({input});
    }
  }
  std::vector<int> order(runs.size());  // of the runs in the input
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::ranges::sort(order, {}, [&](int run) { return runs[static_cast<std::size_t>(run)][0]; });
  MergedTranspose merged;
  merged.permutation.resize(runs.size());
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto run = static_cast<std::size_t>(order[place]);
    std::int64_t size = 1;
    for (const int axis : runs[run]) size *= sizes[static_cast<std::size_t>(axis)];
    merged.shape.push_back(size);
    merged.permutation[run] = static_cast<int>(place);
  }
  return merged;
}

Status MergeTranspose(const LegalizeSite& site, int max_rank, bool& changed) {
  const ValueId x = site.op().input(0);
  const ir::Constant* perm = site.graph().constant(site.op().input(1));
  if (perm == nullptr || !site.type(x).shape.IsStatic()) return Status::Ok();
  const auto permutation = perm->AsInts();
  if (!permutation) return Status::Ok();
  const MergedTranspose merged = MergeAxes(site.type(x).shape.Sizes(), *permutation);
  if (static_cast<int>(merged.shape.size()) > max_rank) return Status::Ok();
  const Shape result = site.type(site.op().result()).shape;
  Builder b = site.Before();
  ValueId y = b.Reshape(x, Shape::Of(merged.shape));
  y = b.Reshape(b.Transpose(y, merged.permutation), result);
  changed = true;
  return site.Replace(b, y);
}

bool IsElementwise(OpKind kind) {
  // Inference of these gives the broadcast shape of the operands and looks at nothing else.
  static constexpr OpKind kKinds[] = {OpKind::kAdd,        OpKind::kFloor,
                                      OpKind::kLogistic,   OpKind::kMul,
                                      OpKind::kRelu,       OpKind::kReluN1To1,
                                      OpKind::kRelu6,      OpKind::kTanh,
                                      OpKind::kSub,        OpKind::kDiv,
                                      OpKind::kExp,        OpKind::kCast,
                                      OpKind::kMaximum,    OpKind::kMinimum,
                                      OpKind::kLess,       OpKind::kNeg,
                                      OpKind::kGreater,    OpKind::kGreaterEqual,
                                      OpKind::kLessEqual,  OpKind::kSin,
                                      OpKind::kEqual,      OpKind::kNotEqual,
                                      OpKind::kLog,        OpKind::kSqrt,
                                      OpKind::kRsqrt,      OpKind::kPow,
                                      OpKind::kLogicalOr,  OpKind::kLogicalAnd,
                                      OpKind::kLogicalNot, OpKind::kFloorDiv,
                                      OpKind::kSquare,     OpKind::kFloorMod,
                                      OpKind::kLeakyRelu,  OpKind::kSquaredDifference,
                                      OpKind::kAbs,        OpKind::kCeil,
                                      OpKind::kCos,        OpKind::kElu,
                                      OpKind::kRound,      OpKind::kHardSwish,
                                      OpKind::kSelectV2,   OpKind::kGelu,
                                      OpKind::kRelu0To1,   OpKind::kAtan2,
                                      OpKind::kSign,       OpKind::kBitwiseXor,
                                      OpKind::kRightShift, OpKind::kStablehloAnd};
  return std::ranges::find(kKinds, kind) != std::end(kKinds);
}

// Operands of one static shape, or single elements: the dimensions don't matter.
Status Flatten(const LegalizeSite& site, bool& changed) {
  const ir::TensorType type = site.type(site.op().result());
  const auto count = type.shape.ElementCount();
  if (!count) return Status::Ok();
  std::vector<ValueId> operands;
  for (const auto& operand : site.op().operands) {
    const Shape& shape = site.type(operand.value).shape;
    if (shape != type.shape && shape.ElementCount() != 1) return Status::Ok();
    operands.push_back(operand.value);
  }
  Builder b = site.Before();
  for (ValueId& operand : operands) {
    operand = b.Reshape(operand, Shape{*site.type(operand).shape.ElementCount()});
  }
  const OpKind kind = site.op().kind;
  const ValueId flat = b.EmitTyped(kind, operands, site.op().attrs, {type.dtype, Shape{*count}});
  changed = true;
  return site.Replace(b, b.Reshape(flat, type.shape));
}

// ATAN2's kernel takes operands of unequal shapes and computes nonsense; STABLEHLO_AND refuses
// them.
Status BroadcastOperands(const LegalizeSite& site, bool& changed) {
  const Shape result = site.type(site.op().result()).shape;
  std::vector<ValueId> operands;
  for (const auto& operand : site.op().operands) operands.push_back(operand.value);
  const bool equal = std::ranges::all_of(
      operands, [&](ValueId operand) { return site.type(operand).shape == result; });
  if (equal) return Status::Ok();
  // Sizes that only the run tells are those of an operand that has them all.
  const auto full = std::ranges::find_if(
      operands, [&](ValueId operand) { return site.type(operand).shape == result; });
  if (!result.IsStatic() && full == operands.end()) {
    site.Refuse(Reason::kDynamicDimensionUnsupported, operands.front(),
                "operands of different shapes that are not static", "operands of one shape");
    return Status::Ok();
  }
  Builder b = site.Before();
  ValueId sizes;
  if (result.IsStatic()) {
    std::vector<std::int32_t> dims;
    for (const ir::Dim dim : result) dims.push_back(static_cast<std::int32_t>(dim.value()));
    sizes = b.ConstI32(dims);
  } else {
    sizes = b.Emit(OpKind::kShape, {*full}, {{"out_type", std::string("i32")}});
  }
  for (ValueId& operand : operands) {
    const ir::TensorType type = site.type(operand);
    if (type.shape == result) continue;
    const ValueId spread[] = {operand, sizes};
    operand = b.EmitTyped(OpKind::kBroadcastTo, spread, {}, {type.dtype, result});
  }
  changed = true;
  return site.Replace(b, b.Emit(site.op().kind, operands, site.op().attrs));
}

// Of a scalar these give the scalar.
bool OnlyMoves(OpKind kind) {
  static constexpr OpKind kKinds[] = {OpKind::kTranspose, OpKind::kSlice, OpKind::kStridedSlice,
                                      OpKind::kReverseV2, OpKind::kPad,   OpKind::kPadv2,
                                      OpKind::kMirrorPad, OpKind::kTile};
  return std::ranges::find(kKinds, kind) != std::end(kKinds);
}

// Shapes that a kernel accepts and gets wrong.
Status LegalizeShape(const LegalizeSite& site, bool& changed) {
  const OpKind kind = site.op().kind;
  if (kind == OpKind::kAtan2 || kind == OpKind::kStablehloAnd)
    return BroadcastOperands(site, changed);
  // An empty permutation has no bytes, which the kernel takes for a value that is still to come;
  // the delegate does not run a slice of a scalar.
  if (OnlyMoves(kind) && site.type(site.op().input(0)).shape.rank() == 0 &&
      site.type(site.op().result()).shape.rank() == 0) {
    changed = true;
    return site.Replace(site.Before(), site.op().input(0));
  }
  return Status::Ok();
}

}  // namespace

Status LegalizeRank(const LegalizeSite& site, const target::OperatorSupport& support,
                    bool& changed) {
  const ValueId bad = AboveRank(site, support.max_rank);
  if (!bad.valid()) return LegalizeShape(site, changed);
  const OpKind kind = site.op().kind;
  if (kind == OpKind::kTranspose) {
    SMELT_RETURN_IF_ERROR(MergeTranspose(site, support.max_rank, changed));
  } else if (IsElementwise(kind)) {
    SMELT_RETURN_IF_ERROR(Flatten(site, changed));
  } else {
    SMELT_RETURN_IF_ERROR(MergeDimensions(site, support.max_rank, changed));
  }
  if (changed) return Status::Ok();
  site.Refuse(Reason::kRuntimeRankUnsupported, bad,
              "rank " + std::to_string(site.type(bad).shape.rank()),
              "ranks up to " + std::to_string(support.max_rank));
  return Status::Ok();
}

}  // namespace smelt::passes
