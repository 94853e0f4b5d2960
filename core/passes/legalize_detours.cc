#include "core/passes/legalize_detours.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpKind;

// Ordered by kind: kind, data operands, data results, use.
// clang-format off
constexpr DataOperands kTable[] = {
    {OpKind::kAdd, 0b11, 1, DataUse::kRing},
    {OpKind::kAveragePool2d, 1, 1, DataUse::kComputes},
    {OpKind::kConcatenation, kEvery, 1, DataUse::kMoves},
    {OpKind::kConv2d, 0b111, 1, DataUse::kComputes},
    {OpKind::kDepthwiseConv2d, 0b111, 1, DataUse::kComputes},
    {OpKind::kDepthToSpace, 1, 1, DataUse::kMoves},
    {OpKind::kFloor, 1, 1, DataUse::kComputes},
    {OpKind::kFullyConnected, 0b111, 1, DataUse::kComputes},
    {OpKind::kL2Normalization, 1, 1, DataUse::kComputes},
    {OpKind::kLocalResponseNormalization, 1, 1, DataUse::kComputes},
    {OpKind::kLogistic, 1, 1, DataUse::kComputes},
    {OpKind::kMaxPool2d, 1, 1, DataUse::kOrders},
    {OpKind::kMul, 0b11, 1, DataUse::kRing},
    {OpKind::kRelu, 1, 1, DataUse::kOrders},
    {OpKind::kReluN1To1, 1, 1, DataUse::kOrders},
    {OpKind::kRelu6, 1, 1, DataUse::kOrders},
    {OpKind::kReshape, 1, 1, DataUse::kMoves},
    {OpKind::kResizeBilinear, 1, 1, DataUse::kComputes},
    {OpKind::kSoftmax, 1, 1, DataUse::kComputes},
    {OpKind::kSpaceToDepth, 1, 1, DataUse::kMoves},
    {OpKind::kTanh, 1, 1, DataUse::kComputes},
    {OpKind::kPad, 1, 1, DataUse::kMoves},
    {OpKind::kGather, 1, 1, DataUse::kMoves},
    {OpKind::kTranspose, 1, 1, DataUse::kMoves},
    {OpKind::kMean, 1, 1, DataUse::kComputes},
    {OpKind::kSub, 0b11, 1, DataUse::kRing},
    {OpKind::kDiv, 0b11, 1, DataUse::kComputes},
    {OpKind::kSqueeze, 1, 1, DataUse::kMoves},
    {OpKind::kStridedSlice, 1, 1, DataUse::kMoves},
    {OpKind::kExp, 1, 1, DataUse::kComputes},
    {OpKind::kTopkV2, 1, 1, DataUse::kOrders},
    {OpKind::kSplit, 0b10, kEvery, DataUse::kMoves},
    {OpKind::kLogSoftmax, 1, 1, DataUse::kComputes},
    {OpKind::kPrelu, 0b11, 1, DataUse::kComputes},
    {OpKind::kMaximum, 0b11, 1, DataUse::kOrders},
    {OpKind::kArgMax, 1, 0, DataUse::kOrders},
    {OpKind::kMinimum, 0b11, 1, DataUse::kOrders},
    {OpKind::kLess, 0b11, 0, DataUse::kOrders},
    {OpKind::kNeg, 1, 1, DataUse::kRing},
    {OpKind::kPadv2, 0b101, 1, DataUse::kMoves},
    {OpKind::kGreater, 0b11, 0, DataUse::kOrders},
    {OpKind::kGreaterEqual, 0b11, 0, DataUse::kOrders},
    {OpKind::kLessEqual, 0b11, 0, DataUse::kOrders},
    {OpKind::kSelect, 0b110, 1, DataUse::kMoves},
    {OpKind::kSlice, 1, 1, DataUse::kMoves},
    {OpKind::kSin, 1, 1, DataUse::kComputes},
    {OpKind::kTransposeConv, 0b1110, 1, DataUse::kComputes},
    {OpKind::kTile, 1, 1, DataUse::kMoves},
    {OpKind::kExpandDims, 1, 1, DataUse::kMoves},
    {OpKind::kEqual, 0b11, 0, DataUse::kRing},
    {OpKind::kNotEqual, 0b11, 0, DataUse::kRing},
    {OpKind::kLog, 1, 1, DataUse::kComputes},
    {OpKind::kSum, 1, 1, DataUse::kRing},
    {OpKind::kSqrt, 1, 1, DataUse::kComputes},
    {OpKind::kRsqrt, 1, 1, DataUse::kComputes},
    {OpKind::kPow, 0b11, 1, DataUse::kComputes},
    {OpKind::kArgMin, 1, 0, DataUse::kOrders},
    {OpKind::kReduceProd, 1, 1, DataUse::kRing},
    {OpKind::kReduceMax, 1, 1, DataUse::kOrders},
    {OpKind::kPack, kEvery, 1, DataUse::kMoves},
    {OpKind::kOneHot, 0b1100, 1, DataUse::kMoves},
    {OpKind::kUnpack, 1, kEvery, DataUse::kMoves},
    {OpKind::kReduceMin, 1, 1, DataUse::kOrders},
    {OpKind::kFloorDiv, 0b11, 1, DataUse::kComputes},
    {OpKind::kSquare, 1, 1, DataUse::kComputes},
    {OpKind::kFill, 0b10, 1, DataUse::kMoves},
    {OpKind::kFloorMod, 0b11, 1, DataUse::kComputes},
    {OpKind::kRange, 0b111, 1, DataUse::kComputes},
    {OpKind::kResizeNearestNeighbor, 1, 1, DataUse::kMoves},
    {OpKind::kLeakyRelu, 1, 1, DataUse::kComputes},
    {OpKind::kSquaredDifference, 0b11, 1, DataUse::kComputes},
    {OpKind::kMirrorPad, 1, 1, DataUse::kMoves},
    {OpKind::kAbs, 1, 1, DataUse::kComputes},
    {OpKind::kSplitV, 1, kEvery, DataUse::kMoves},
    {OpKind::kCeil, 1, 1, DataUse::kComputes},
    {OpKind::kReverseV2, 1, 1, DataUse::kMoves},
    {OpKind::kGatherNd, 1, 1, DataUse::kMoves},
    {OpKind::kCos, 1, 1, DataUse::kComputes},
    {OpKind::kWhere, 1, 0, DataUse::kOrders},
    {OpKind::kElu, 1, 1, DataUse::kComputes},
    {OpKind::kReverseSequence, 1, 1, DataUse::kMoves},
    {OpKind::kRound, 1, 1, DataUse::kComputes},
    {OpKind::kHardSwish, 1, 1, DataUse::kComputes},
    {OpKind::kScatterNd, 0b10, 1, DataUse::kRing},
    {OpKind::kSelectV2, 0b110, 1, DataUse::kMoves},
    {OpKind::kBatchMatmul, 0b11, 1, DataUse::kComputes},
    {OpKind::kCumsum, 1, 1, DataUse::kRing},
    {OpKind::kBroadcastTo, 1, 1, DataUse::kMoves},
    {OpKind::kConv3d, 0b111, 1, DataUse::kComputes},
    {OpKind::kConv3dTranspose, 0b1110, 1, DataUse::kComputes},
    {OpKind::kGelu, 1, 1, DataUse::kComputes},
    {OpKind::kRelu0To1, 1, 1, DataUse::kOrders},
    {OpKind::kUnsortedSegmentProd, 1, 1, DataUse::kRing},
    {OpKind::kUnsortedSegmentMax, 1, 1, DataUse::kOrders},
    {OpKind::kUnsortedSegmentSum, 1, 1, DataUse::kRing},
    {OpKind::kAtan2, 0b11, 1, DataUse::kComputes},
    {OpKind::kUnsortedSegmentMin, 1, 1, DataUse::kOrders},
    {OpKind::kSign, 1, 1, DataUse::kComputes},
};
// clang-format on
static_assert(std::ranges::is_sorted(kTable, {}, &DataOperands::kind));

// Types that hold every value of `from` and, as CAST back wraps, give the same integer arithmetic.
std::span<const DType> WiderTypes(DType from, DataUse use) {
  static constexpr DType kBoolAs[] = {DType::kI8, DType::kU8, DType::kI32};
  static constexpr DType kSmall[] = {DType::kI32};
  static constexpr DType kSmallOrdered[] = {DType::kI32, DType::kF32};
  static constexpr DType kI32As[] = {DType::kI64};
  static constexpr DType kHalf[] = {DType::kF32};
  switch (from) {
    case DType::kBool:
      // No arithmetic: 1 + 1 is no bool.
      return use == DataUse::kMoves || use == DataUse::kOrders ? std::span<const DType>(kBoolAs)
                                                               : std::span<const DType>();
    case DType::kI8:
    case DType::kU8:
    case DType::kI16:
    case DType::kU16:
      if (use == DataUse::kOrders || use == DataUse::kMoves) return kSmallOrdered;
      return kSmall;
    case DType::kI32:
    case DType::kU32:
      return kI32As;
    case DType::kF16:
    case DType::kBF16:
      return kHalf;
    case DType::kF32:
    case DType::kF64:
    case DType::kI64:
    case DType::kU64:
    case DType::kString:
    case DType::kC64:
    case DType::kC128:
    case DType::kResource:
    case DType::kVariant:
    case DType::kI4:
    case DType::kI2:
    case DType::kU4:
    case DType::kF8E4M3FN:
    case DType::kF8E5M2:
      return {};
  }
  return {};
}

// Integers of the width of `dtype`, signed first: more kernels have those.
std::span<const DType> SameWidth(DType dtype) {
  static constexpr DType k8[] = {DType::kI8, DType::kU8};
  static constexpr DType k16[] = {DType::kI16, DType::kU16};
  static constexpr DType k32[] = {DType::kI32, DType::kU32, DType::kF32};
  static constexpr DType k64[] = {DType::kI64, DType::kU64};
  switch (ir::ElementBits(dtype)) {
    case 8:
      return k8;
    case 16:
      return k16;
    case 32:
      return k32;
    case 64:
      return k64;
    default:
      return {};
  }
}

}  // namespace

const DataOperands* FindDataOperands(OpKind kind) {
  const auto* row = std::ranges::lower_bound(kTable, kind, {}, &DataOperands::kind);
  return row != std::end(kTable) && row->kind == kind ? row : nullptr;
}

std::optional<Detour> FindDetour(DataUse use, DType dtype, target::TypeSet supported) {
  const auto has = [&](DType other) { return (supported & target::Bit(other)) != 0; };
  // Modulo 2^n an unsigned number is the signed one with the same bits.
  const bool same_bits =
      use == DataUse::kMoves || (use == DataUse::kRing && ir::IsUnsignedInteger(dtype));
  if (same_bits) {
    for (const DType other : SameWidth(dtype)) {
      if (use == DataUse::kRing && !ir::IsInteger(other)) continue;
      if (has(other)) return Detour{other, true};
    }
  }
  for (const DType wider : WiderTypes(dtype, use)) {
    if (has(wider)) return Detour{wider, false};
  }
  return std::nullopt;
}

}  // namespace smelt::passes
