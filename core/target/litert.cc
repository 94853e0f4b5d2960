// The profile of LiteRT's CPU kernels: what gives right results in the release named below, stock
// resolver with XNNPACK. What loads and then aborts or computes nonsense is out. Each entry is
// probed by tests/oracle/probe_profile.py; an entry that fails there is corrected here.
#include <iterator>

#include "core/target/profile.h"

namespace smelt::target {
namespace {

using ir::DType;
using ir::OpKind;

constexpr TypeSet kF32 = Bit(DType::kF32);
constexpr TypeSet kF16 = Bit(DType::kF16);
constexpr TypeSet kBF16 = Bit(DType::kBF16);
constexpr TypeSet kF64 = Bit(DType::kF64);
constexpr TypeSet kI8 = Bit(DType::kI8);
constexpr TypeSet kI16 = Bit(DType::kI16);
constexpr TypeSet kI32 = Bit(DType::kI32);
constexpr TypeSet kI64 = Bit(DType::kI64);
constexpr TypeSet kU8 = Bit(DType::kU8);
constexpr TypeSet kU16 = Bit(DType::kU16);
constexpr TypeSet kU32 = Bit(DType::kU32);
constexpr TypeSet kU64 = Bit(DType::kU64);
constexpr TypeSet kBool = Bit(DType::kBool);
constexpr TypeSet kC64 = Bit(DType::kC64);
constexpr TypeSet kAll =
    kF32 | kF16 | kBF16 | kF64 | kI8 | kI16 | kI32 | kI64 | kU8 | kU16 | kU32 | kU64 | kBool;

// Measured to work up to this rank; nothing larger has been tried.
constexpr int kAny = 12;

// EXP and SOFTMAX run in float16 too, but XNNPACK's kernels are off by two units in the last place.
// Kind, element types, the operand they are read from, rank, operator version. Ordered by kind.
constexpr OperatorSupport kOperators[] = {
    {OpKind::kAdd, kF32 | kF16 | kI16 | kI32 | kI64, 0, 8, 6},
    {OpKind::kAveragePool2d, kF32, 0, 4, 3},
    {OpKind::kConcatenation, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kU32 | kI64 | kBool, 0,
     6, 7},
    {OpKind::kConv2d, kF32, 0, 4, 8},
    {OpKind::kDepthwiseConv2d, kF32, 0, 4, 7},
    {OpKind::kDepthToSpace, kF32 | kI8 | kU8 | kI32 | kI64, 0, 4, 2},
    {OpKind::kDequantize, kF16 | kI8, 0, kAny, 9},
    {OpKind::kEmbeddingLookup, kF32 | kI8, 1, kAny, 5},
    {OpKind::kFloor, kF32 | kF16 | kBF16, 0, kAny, 1},
    {OpKind::kFullyConnected, kF32, 0, 6, 14},
    {OpKind::kL2Normalization, kF32, 0, kAny, 2},
    {OpKind::kLocalResponseNormalization, kF32, 0, 4, 1},
    {OpKind::kLogistic, kF32, 0, kAny, 3},
    {OpKind::kMaxPool2d, kF32, 0, 4, 3},
    {OpKind::kMul, kF32 | kF16 | kI16 | kI32 | kI64 | kU32, 0, 8, 8},
    {OpKind::kRelu, kF32 | kF16, 0, kAny, 3},
    {OpKind::kReluN1To1, kF32, 0, kAny, 1},
    {OpKind::kRelu6, kF32, 0, kAny, 3},
    {OpKind::kReshape, kAll, 0, kAny, 1},
    {OpKind::kResizeBilinear, kF32, 0, 4, 4},
    {OpKind::kSoftmax, kF32, 0, 6, 4},
    {OpKind::kSpaceToDepth, kF32 | kI8 | kU8 | kI32 | kI64, 0, 4, 2},
    {OpKind::kTanh, kF32 | kF16 | kBF16, 0, kAny, 3},
    {OpKind::kPad, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kI64 | kBool, 0, 6, 6},
    {OpKind::kGather, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kI64 | kBool, 0, kAny, 8},
    {OpKind::kTranspose, kAll, 0, 8, 9},
    {OpKind::kMean, kF32 | kF16 | kI32 | kI64, 0, 6, 3},
    {OpKind::kSub, kF32 | kF16 | kI32 | kI64, 0, 8, 5},
    {OpKind::kDiv, kF32 | kF16 | kI32, 0, 8, 2},
    {OpKind::kSqueeze, kAll, 0, 8, 2},
    {OpKind::kStridedSlice, kAll, 0, kAny, 8},
    {OpKind::kExp, kF32, 0, kAny, 2},
    {OpKind::kTopkV2, kF32 | kI8 | kU8 | kI16 | kI32 | kI64, 0, kAny, 3},
    {OpKind::kSplit, kF32 | kF16 | kI8 | kU8 | kI16 | kI32 | kI64, 1, 6, 5},
    {OpKind::kLogSoftmax, kF32, 0, kAny, 2},
    {OpKind::kCast,
     kF32 | kF16 | kBF16 | kF64 | kI8 | kI16 | kI32 | kI64 | kU8 | kU16 | kU32 | kBool | kC64, 0,
     kAny, 9},
    {OpKind::kPrelu, kF32, 0, 8, 1},
    {OpKind::kMaximum, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kI64, 0, 8, 4},
    {OpKind::kArgMax, kF32 | kI8 | kU8 | kI32 | kBool, 0, kAny, 3},
    {OpKind::kMinimum, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kI64, 0, 8, 4},
    {OpKind::kLess, kF32 | kF16 | kBF16 | kI16 | kI32 | kI64, 0, 8, 3},
    {OpKind::kNeg, kF32 | kF16 | kBF16 | kI8 | kI16 | kI32 | kI64, 0, kAny, 1},
    {OpKind::kPadv2, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kI64 | kBool, 0, 5, 6},
    {OpKind::kGreater, kF32 | kF16 | kBF16 | kI16 | kI32 | kI64, 0, 8, 2},
    {OpKind::kGreaterEqual, kF32 | kF16 | kI16 | kI32 | kI64, 0, 8, 3},
    {OpKind::kLessEqual, kF32 | kF16 | kI16 | kI32 | kI64, 0, 8, 2},
    {OpKind::kSelect, kAll, 1, kAny, 4},
    {OpKind::kSlice, kAll, 0, kAny, 8},
    {OpKind::kSin, kF32 | kF16, 0, kAny, 2},
    {OpKind::kTransposeConv, kF32, 2, 4, 5},
    {OpKind::kTile, kAll, 0, kAny, 3},
    {OpKind::kExpandDims, kAll, 0, kAny, 1},
    {OpKind::kEqual, kF32 | kF16 | kI16 | kI32 | kI64 | kBool, 0, 8, 5},
    {OpKind::kNotEqual, kF32 | kF16 | kI32 | kI64 | kBool, 0, 8, 4},
    {OpKind::kLog, kF32 | kF16, 0, kAny, 2},
    {OpKind::kSum, kF32 | kF16 | kI32 | kI64, 0, 6, 2},
    {OpKind::kSqrt, kF32 | kF16, 0, kAny, 2},
    {OpKind::kRsqrt, kF32 | kF16, 0, kAny, 3},
    {OpKind::kShape, kAll, 0, kAny, 1},
    {OpKind::kPow, kF32 | kI32, 0, 8, 1},
    {OpKind::kArgMin, kF32 | kI8 | kU8 | kI32 | kBool, 0, kAny, 3},
    {OpKind::kReduceProd, kF32 | kI8 | kU8 | kI16 | kI32 | kI64, 0, 6, 2},
    {OpKind::kReduceMax, kF32 | kF16 | kI8 | kU8 | kI16 | kI32 | kI64, 0, 6, 3},
    {OpKind::kPack, kF32 | kI8 | kU8 | kI16 | kI32 | kU32 | kI64, 0, kAny, 5},
    {OpKind::kLogicalOr, kBool, 0, 8, 1},
    {OpKind::kOneHot, kF32 | kU8 | kI8 | kI32 | kI64 | kBool, 2, kAny, 1},
    {OpKind::kLogicalAnd, kBool, 0, 8, 1},
    {OpKind::kLogicalNot, kBool, 0, kAny, 1},
    {OpKind::kUnpack, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kBool, 0, kAny, 6},
    {OpKind::kReduceMin, kF32 | kF16 | kI8 | kU8 | kI16 | kI32 | kI64, 0, 6, 3},
    {OpKind::kFloorDiv, kF32 | kI8 | kI16 | kI32, 0, 8, 3},
    {OpKind::kReduceAny, kBool, 0, kAny, 1},
    {OpKind::kSquare, kF32 | kF16, 0, kAny, 1},
    {OpKind::kFill, kAll, 1, kAny, 5},
    {OpKind::kFloorMod, kF32 | kI8 | kI16 | kI32 | kI64, 0, 8, 2},
    {OpKind::kRange, kF32 | kI32 | kI64, 0, 1, 2},
    {OpKind::kResizeNearestNeighbor,
     kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kU16 | kI32 | kU32 | kBool, 0, 4, 4},
    {OpKind::kLeakyRelu, kF32, 0, kAny, 2},
    {OpKind::kSquaredDifference, kF32 | kF16 | kI32, 0, 8, 2},
    {OpKind::kMirrorPad, kAll, 0, kAny, 3},
    {OpKind::kAbs, kF32 | kF16 | kI16 | kI32, 0, kAny, 5},
    {OpKind::kSplitV, kF32 | kI8 | kU8 | kI16 | kI32 | kI64, 0, kAny, 3},
    {OpKind::kCeil, kF32 | kF16, 0, kAny, 1},
    {OpKind::kReverseV2, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kI64 | kBool, 0, 8, 4},
    {OpKind::kGatherNd, kF32 | kF16 | kBF16 | kI8 | kU8 | kI16 | kI32 | kI64 | kBool, 0, kAny, 6},
    {OpKind::kCos, kF32 | kF16, 0, kAny, 2},
    {OpKind::kWhere, kF32 | kI8 | kU8 | kI32 | kU32 | kI64 | kBool, 0, 8, 2},
    {OpKind::kRank, kAll, 0, kAny, 1},
    {OpKind::kElu, kF32, 0, kAny, 1},
    {OpKind::kReverseSequence, kF32 | kU8 | kI16 | kI32 | kI64, 0, kAny, 1},
    {OpKind::kQuantize, kF32 | kI8 | kU8 | kI16, 0, kAny, 6},
    {OpKind::kRound, kF32 | kF16 | kBF16, 0, kAny, 1},
    {OpKind::kHardSwish, kF32, 0, kAny, 1},
    {OpKind::kIf, kBool, 0, kAny, 1},
    {OpKind::kWhile, kAll, 0, kAny, 1},
    {OpKind::kNonMaxSuppressionV4, kF32, 0, 2, 1},
    {OpKind::kScatterNd, kF32 | kI8 | kU8 | kI32 | kI64 | kBool, 1, kAny, 1},
    {OpKind::kSelectV2, kAll, 1, 8, 2},
    {OpKind::kBatchMatmul, kF32 | kF16, 0, 6, 4},
    {OpKind::kCumsum, kF32 | kI32 | kI64, 0, kAny, 1},
    {OpKind::kBroadcastTo, kAll, 0, kAny, 4},
    {OpKind::kConv3d, kF32, 0, 5, 1},
    {OpKind::kReduceAll, kBool, 0, kAny, 1},
    {OpKind::kConv3dTranspose, kF32, 2, 5, 1},
    {OpKind::kGelu, kF32, 0, kAny, 3},
    {OpKind::kDynamicUpdateSlice, kAll, 0, 8, 6},
    {OpKind::kRelu0To1, kF32, 0, kAny, 1},
    {OpKind::kUnsortedSegmentProd, kF32 | kI32, 0, kAny, 1},
    {OpKind::kUnsortedSegmentMax, kF32 | kI32, 0, kAny, 1},
    {OpKind::kUnsortedSegmentSum, kF32 | kI32, 0, kAny, 1},
    {OpKind::kAtan2, kF32 | kF16 | kF64 | kBF16, 0, 8, 1},
    {OpKind::kUnsortedSegmentMin, kF32 | kI32, 0, kAny, 1},
    {OpKind::kSign, kF32 | kF64 | kI32, 0, kAny, 2},
    {OpKind::kBitcast, kAll, 0, kAny, 1},
    {OpKind::kBitwiseXor, kI8 | kU8 | kI16 | kU16 | kI32 | kU32, 0, 8, 1},
    {OpKind::kRightShift, kI8 | kU8 | kI16 | kU16 | kI32 | kU32, 0, 8, 1},
    {OpKind::kStablehloAnd, kI8 | kU8 | kI16 | kU16 | kI32 | kU32 | kI64 | kU64 | kBool, 0, 6, 1},
    {OpKind::kStablehloComposite, kF32, 0, kAny, 1},
};

}  // namespace

extern const Profile kLiteRt;
const Profile kLiteRt = {"litert", "LiteRT 2.3.0, CPU kernels and XNNPACK", kOperators};

}  // namespace smelt::target
