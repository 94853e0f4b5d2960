// The one explicit list of operator families.
#include <array>
#include <unordered_map>
#include <vector>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ByOperator = std::unordered_map<std::string_view, std::vector<const OnnxRule*>>;

ByOperator IndexRules() {
  ByOperator index;
  for (const std::span<const OnnxRule> family : AllRules()) {
    for (const OnnxRule& rule : family) index[rule.op].push_back(&rule);
  }
  return index;
}

}  // namespace

std::span<const std::span<const OnnxRule>> AllRules() {
  static const std::array kFamilies = {
      ActivationRules(),
      AffineGridRules(),
      ArgExtremeRules(),
      ArithmeticRules(),
      AttentionRules(),
      BitwiseRules(),
      BlockwiseMatMulRules(),
      CastRules(),
      CausalConvRules(),
      CenterCropPadRules(),
      ColumnImageRules(),
      CompareRules(),
      ConcatRules(),
      ConstantRules(),
      ConvRules(),
      ConvTransposeRules(),
      CumulativeRules(),
      DeformConvRules(),
      DeterminantRules(),
      DiagonalRules(),
      EinsumRules(),
      FourierRules(),
      FusedNormalizationRules(),
      GatedActivationRules(),
      GatherRules(),
      GatherElementsRules(),
      GridSampleRules(),
      GroupQueryAttentionRules(),
      IdentityRules(),
      IntegerMatMulRules(),
      LinearAttentionRules(),
      LocalResponseRules(),
      LossRules(),
      LpRules(),
      MatMulRules(),
      MaxUnpoolRules(),
      MelWeightRules(),
      MultiHeadAttentionRules(),
      NonMaxSuppressionRules(),
      NonZeroRules(),
      NormalizationRules(),
      OneHotRules(),
      OptionalRules(),
      PadRules(),
      PoolingRules(),
      ProjectedAttentionRules(),
      QLinearRules(),
      QuantizeRules(),
      RangeRules(),
      RecurrentRules(),
      ReduceRules(),
      ReshapeRules(),
      ResizeRules(),
      ReverseSequenceRules(),
      RoiPoolRules(),
      RoiRules(),
      RotaryEmbeddingRules(),
      ScatterRules(),
      SliceRules(),
      SoftmaxRules(),
      SpaceDepthRules(),
      TileRules(),
      TopKRules(),
      TransposeRules(),
      TrigonometryRules(),
      UniqueRules(),
      WindowFunctionRules(),
  };
  return kFamilies;
}

const OnnxRule* FindRule(std::string_view domain, std::string_view op, int schema_version) {
  static const ByOperator index = IndexRules();
  const auto found = index.find(op);
  if (found == index.end()) return nullptr;
  for (const OnnxRule* rule : found->second) {
    if (rule->domain == domain && schema_version >= rule->since && schema_version <= rule->until) {
      return rule;
    }
  }
  return nullptr;
}

}  // namespace smelt::onnx_import
