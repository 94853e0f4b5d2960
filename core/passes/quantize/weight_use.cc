// Found by running one-operator files in LiteRT 2.3: FULLY_CONNECTED and BATCH_MATMUL compute the
// same in all of its kernels only with asymmetric_quantize_inputs; CONV_2D only with a scale for
// each channel; the CPU delegate takes no hybrid DEPTHWISE_CONV_2D, which would cut the graph, and
// the kernels none with one scale; BATCH_MATMUL got its many scales without a new version, so that
// old runtimes would misread them; GATHER loses which row's scale an element had, EMBEDDING_LOOKUP
// gives the numbers themselves.
#include "core/passes/quantize/weight_use.h"

#include <algorithm>
#include <iterator>

namespace smelt::passes {
namespace {

using enum WeightChoice::Form;

constexpr WeightChoice kConvolution[] = {{kHybrid, 0}, {kStored, 0}, {kStored, kOneScale}};
constexpr WeightChoice kDepthwise[] = {{kStored, 3}, {kStored, kOneScale}};
constexpr WeightChoice kTransposed[] = {{kStored, 0}, {kStored, kOneScale}};
constexpr WeightChoice kProducts[] = {
    {kHybrid, 0}, {kHybrid, kOneScale}, {kStored, 0}, {kStored, kOneScale}};
constexpr WeightChoice kMatrices[] = {{kHybrid, kOneScale}, {kStored, kOneScale}};
constexpr WeightChoice kTable[] = {{kRows, 0}, {kLookup, kOneScale}};

constexpr std::int64_t kFew = 1024;
constexpr std::int64_t kFewOfConvolution = 8192;

constexpr WeightUse kUses[] = {
    {ir::OpKind::kConv2d, 1, kFewOfConvolution, kConvolution},
    {ir::OpKind::kDepthwiseConv2d, 1, kFewOfConvolution, kDepthwise},
    {ir::OpKind::kTransposeConv, 1, kFewOfConvolution, kTransposed},
    {ir::OpKind::kFullyConnected, 1, kFew, kProducts},
    {ir::OpKind::kBatchMatmul, 1, kFew, kMatrices},
    {ir::OpKind::kGather, 0, kFew, kTable},
};

}  // namespace

std::span<const WeightUse> WeightUses() { return kUses; }

const WeightUse* FindWeightUse(ir::OpKind kind, std::uint32_t operand) {
  const auto* found = std::ranges::find_if(
      kUses, [&](const WeightUse& one) { return one.kind == kind && one.operand == operand; });
  return found == std::end(kUses) ? nullptr : found;
}

}  // namespace smelt::passes
