// OpKind: the operators of the IR. TFLite builtins have TFLite's numbers and TFLite's semantics for
// every element type and rank; core.* operators say what TFLite has no word for; a composite is a
// name with attributes and usually a body.
#pragma once

#include <cstdint>

namespace smelt::ir {

enum class OpKind : std::uint16_t {
  kAdd = 0,
  kAveragePool2d = 1,
  kConcatenation = 2,
  kConv2d = 3,
  kDepthwiseConv2d = 4,
  kDepthToSpace = 5,
  kDequantize = 6,
  kFloor = 8,
  kFullyConnected = 9,
  kL2Normalization = 11,
  kLocalResponseNormalization = 13,
  kLogistic = 14,
  kMaxPool2d = 17,
  kRelu = 19,
  kReluN1To1 = 20,
  kRelu6 = 21,
  kReshape = 22,
  kResizeBilinear = 23,
  kSoftmax = 25,
  kSpaceToDepth = 26,
  kTanh = 28,
  kCustom = 32,  // attrs: custom_code; the rest is the operator's own
  kMul = 18,
  kPad = 34,
  kGather = 36,
  kTranspose = 39,
  kMean = 40,
  kSub = 41,
  kDiv = 42,
  kSqueeze = 43,
  kStridedSlice = 45,
  kExp = 47,
  kTopkV2 = 48,
  kSplit = 49,
  kLogSoftmax = 50,
  kCast = 53,
  kPrelu = 54,
  kMaximum = 55,
  kArgMax = 56,
  kMinimum = 57,
  kLess = 58,
  kNeg = 59,
  kPadv2 = 60,
  kGreater = 61,
  kGreaterEqual = 62,
  kLessEqual = 63,
  kSelect = 64,
  kSlice = 65,
  kSin = 66,
  kTransposeConv = 67,
  kTile = 69,
  kExpandDims = 70,
  kEqual = 71,
  kNotEqual = 72,
  kLog = 73,
  kSum = 74,
  kSqrt = 75,
  kRsqrt = 76,
  kShape = 77,
  kPow = 78,
  kArgMin = 79,
  kReduceProd = 81,
  kReduceMax = 82,
  kPack = 83,
  kLogicalOr = 84,
  kOneHot = 85,
  kLogicalAnd = 86,
  kLogicalNot = 87,
  kUnpack = 88,
  kReduceMin = 89,
  kFloorDiv = 90,
  kReduceAny = 91,
  kSquare = 92,
  kFill = 94,
  kFloorMod = 95,
  kRange = 96,
  kResizeNearestNeighbor = 97,
  kLeakyRelu = 98,
  kSquaredDifference = 99,
  kMirrorPad = 100,
  kAbs = 101,
  kSplitV = 102,
  kCeil = 104,
  kReverseV2 = 105,
  kGatherNd = 107,
  kCos = 108,
  kWhere = 109,
  kRank = 110,
  kElu = 111,
  kReverseSequence = 112,
  kRound = 116,
  kHardSwish = 117,
  kIf = 118,
  kWhile = 119,
  kNonMaxSuppressionV4 = 120,
  kScatterNd = 122,
  kSelectV2 = 123,
  kBatchMatmul = 126,
  kCumsum = 128,
  kBroadcastTo = 130,
  kConv3d = 132,
  kReduceAll = 140,
  kConv3dTranspose = 141,
  kGelu = 150,
  kDynamicUpdateSlice = 151,
  kRelu0To1 = 152,
  kUnsortedSegmentProd = 153,
  kUnsortedSegmentMax = 154,
  kUnsortedSegmentSum = 155,
  kAtan2 = 156,
  kUnsortedSegmentMin = 157,
  kSign = 158,
  kBitcast = 159,
  kBitwiseXor = 160,
  kRightShift = 161,
  kStablehloAnd = 176,
  kStablehloComposite = 206,  // a composite that the file keeps: attributes as there, one body

  // core.*: exact semantics in op_table.cc, a kernel in core/interp.
  kCoreErf = 1000,        // core.ERF: Gauss error function, elementwise, float types
  kCoreTruncMod = 1001,   // core.TRUNC_MOD: remainder with the dividend's sign, broadcasting
  kCoreRoundAway = 1002,  // reserved: core.ROUND_AWAY, half away from zero

  kComposite = 2000,  // attrs: name; the rest is the composite's own; optional body region
  kReturn = 2001,     // last op of every graph; its operands are the graph's results
};

// An operator that a TFLite runtime brings along: CUSTOM ones are registered by whoever uses it.
constexpr bool IsTfliteBuiltin(OpKind kind) {
  return static_cast<std::uint16_t>(kind) < 1000 && kind != OpKind::kCustom;
}

}  // namespace smelt::ir
