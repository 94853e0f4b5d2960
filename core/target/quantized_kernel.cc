// Each row is proven against LiteRT by files of one operator (tests/oracle/probe_quantized.py).
#include "core/target/quantized_kernel.h"

#include <algorithm>
#include <array>

namespace smelt::target {
namespace {

using enum ResultScale;
using ir::OpKind;

constexpr std::uint32_t kEvery = UINT32_MAX;
constexpr std::uint32_t kFirst = 1;
constexpr std::uint32_t kSecond = 2;
constexpr std::uint32_t kThird = 4;
constexpr bool kBoth = true;                       // int8 and int16
constexpr bool kOnlyInt8 = false;                  // int8 alone
constexpr FixedScale kUnit8 = {1.0F / 256, -128};  // [0, 1)
constexpr FixedScale kSigned8 = {1.0F / 128, 0};   // [-1, 1)
constexpr FixedScale k16 = {1.0F / 32768, 0};

constexpr QuantizedKernel Summed(OpKind kind, std::uint32_t activations, int weights, int axis,
                                 int bias) {
  return {kind, kFree, activations, kBoth, weights, axis, bias};
}
constexpr QuantizedKernel Fixed(OpKind kind, bool int16, FixedScale fixed8, FixedScale fixed16) {
  return {kind, kFixed, kFirst, int16, -1, 0, -1, fixed8, fixed16};
}
constexpr QuantizedKernel Coarse(OpKind kind, std::uint32_t activations, bool int16) {
  return {kind, kFree, activations, int16, -1, 0, -1, {}, {}, true};
}

constexpr QuantizedKernel kKernels[] = {
    // Sums of products.
    Summed(OpKind::kConv2d, kFirst, 1, 0, 2),
    Summed(OpKind::kDepthwiseConv2d, kFirst, 1, 3, 2),
    Summed(OpKind::kTransposeConv, kThird, 1, 0, 3),
    Summed(OpKind::kFullyConnected, kFirst, 1, 0, 2),
    {OpKind::kBatchMatmul, kFree, kFirst | kSecond, kBoth},
    // Elementwise.
    {OpKind::kAdd, kFree, kFirst | kSecond, kBoth},
    {OpKind::kSub, kFree, kFirst | kSecond, kBoth},
    {OpKind::kMul, kFree, kFirst | kSecond, kBoth},
    {OpKind::kMaximum, kShared, kFirst | kSecond, kBoth},
    {OpKind::kMinimum, kShared, kFirst | kSecond, kBoth},
    {OpKind::kRelu, kFree, kFirst, kBoth},
    {OpKind::kRelu6, kFree, kFirst, kBoth},
    {OpKind::kReluN1To1, kFree, kFirst, kOnlyInt8},
    {OpKind::kLeakyRelu, kFree, kFirst, kBoth},
    {OpKind::kPrelu, kFree, kFirst | kSecond, kOnlyInt8},
    {OpKind::kHardSwish, kFree, kFirst, kOnlyInt8},
    {OpKind::kElu, kFree, kFirst, kOnlyInt8},
    {OpKind::kGelu, kFree, kFirst, kOnlyInt8},
    {OpKind::kAbs, kFree, kFirst, kOnlyInt8},
    Fixed(OpKind::kLogistic, kBoth, kUnit8, k16),
    Fixed(OpKind::kTanh, kBoth, kSigned8, k16),
    // Along axes.
    Fixed(OpKind::kSoftmax, kBoth, kUnit8, k16),
    Fixed(OpKind::kL2Normalization, kOnlyInt8, kSigned8, {}),
    {OpKind::kMean, kFree, kFirst, kBoth},
    {OpKind::kReduceMax, kShared, kFirst, kBoth},
    {OpKind::kReduceMin, kShared, kFirst, kBoth},
    {OpKind::kArgMax, kNone, kFirst, kOnlyInt8},
    {OpKind::kArgMin, kNone, kFirst, kOnlyInt8},
    Coarse(OpKind::kSum, kFirst, kOnlyInt8),
    Coarse(OpKind::kSquaredDifference, kFirst | kSecond, kOnlyInt8),
    Coarse(OpKind::kExp, kFirst, kOnlyInt8),
    Coarse(OpKind::kRsqrt, kFirst, kOnlyInt8),
    Coarse(OpKind::kSqrt, kFirst, kOnlyInt8),
    // Windows.
    {OpKind::kAveragePool2d, kShared, kFirst, kBoth},
    {OpKind::kMaxPool2d, kShared, kFirst, kBoth},
    {OpKind::kResizeBilinear, kShared, kFirst, kBoth},
    {OpKind::kResizeNearestNeighbor, kShared, kFirst, kBoth},
    // Data that moves.
    {OpKind::kReshape, kShared, kFirst, kBoth},
    {OpKind::kSqueeze, kShared, kFirst, kBoth},
    {OpKind::kExpandDims, kShared, kFirst, kBoth},
    {OpKind::kTranspose, kShared, kFirst, kBoth},
    {OpKind::kConcatenation, kShared, kEvery, kBoth},
    {OpKind::kPack, kShared, kEvery, kBoth},
    {OpKind::kUnpack, kShared, kFirst, kBoth},
    {OpKind::kSplit, kShared, kSecond, kBoth},
    {OpKind::kSplitV, kShared, kFirst, kBoth},
    {OpKind::kSlice, kShared, kFirst, kBoth},
    {OpKind::kStridedSlice, kShared, kFirst, kBoth},
    {OpKind::kGather, kShared, kFirst, kBoth},
    {OpKind::kGatherNd, kShared, kFirst, kBoth},
    {OpKind::kTile, kShared, kFirst, kBoth},
    {OpKind::kBroadcastTo, kShared, kFirst, kBoth},
    {OpKind::kReverseV2, kShared, kFirst, kBoth},
    {OpKind::kSelect, kShared, kSecond | kThird, kBoth},
    {OpKind::kSelectV2, kShared, kSecond | kThird, kBoth},
    {OpKind::kPad, kShared, kFirst, kBoth},
    {OpKind::kPadv2, kShared, kFirst | kThird, kBoth},
    {OpKind::kMirrorPad, kShared, kFirst, kBoth},
    {OpKind::kSpaceToDepth, kShared, kFirst, kOnlyInt8},
    {OpKind::kDepthToSpace, kShared, kFirst, kOnlyInt8},
};

constexpr auto kByKind = [] {
  std::array<std::uint8_t, 256> rows{};  // number of the row, counted from 1
  for (std::size_t i = 0; i < std::size(kKernels); ++i) {
    rows.at(static_cast<std::size_t>(kKernels[i].kind)) = static_cast<std::uint8_t>(i + 1);
  }
  return rows;
}();

}  // namespace

const QuantizedKernel* FindQuantizedKernel(ir::OpKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  const std::uint8_t row = index < kByKind.size() ? kByKind[index] : 0;
  return row == 0 ? nullptr : &kKernels[row - 1];
}

std::span<const QuantizedKernel> QuantizedKernels() { return kKernels; }

bool IsActivation(const QuantizedKernel& kernel, int operand) {
  return kernel.activations == kEvery || (operand < 32 && (kernel.activations >> operand & 1) != 0);
}

}  // namespace smelt::target
