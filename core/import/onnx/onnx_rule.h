// The ONNX side of the rule tables, and the list of operator families.
//
// To add an operator: rows in a family file under ops/, its cases in that family's tests. A new
// family is one line here and one in rule_table.cc.
#pragma once

#include <span>
#include <string_view>

#include "core/import/onnx/onnx_node.h"
#include "core/ir/builder.h"
#include "core/rules/rule.h"

namespace smelt::onnx_import {

using OnnxConstraint = rules::Constraint<OnnxNode>;
using OnnxRule = rules::Rule<OnnxNode, ir::Builder>;

inline constexpr int kMinOpset = 1;
inline constexpr int kMaxOpset = 28;
// The domain of ONNX Runtime's own operators, and its only version.
inline constexpr std::string_view kContribDomain = "com.microsoft";
inline constexpr int kMaxContribVersion = 1;

// One family, one file of the same name under ops/.
std::span<const OnnxRule> ActivationRules();
std::span<const OnnxRule> AffineGridRules();
std::span<const OnnxRule> ArgExtremeRules();  // ArgMax, ArgMin
std::span<const OnnxRule> ArithmeticRules();  // binary and unary arithmetic
std::span<const OnnxRule> AttentionRules();
std::span<const OnnxRule> BitwiseRules();          // BitShift, Bitwise*, BitCast
std::span<const OnnxRule> BlockwiseMatMulRules();  // com.microsoft: MatMulNBits
std::span<const OnnxRule> CastRules();
std::span<const OnnxRule> CausalConvRules();
std::span<const OnnxRule> CenterCropPadRules();
std::span<const OnnxRule> ColumnImageRules();  // Col2Im
std::span<const OnnxRule> CompareRules();      // comparisons, logic, Where
std::span<const OnnxRule> ConcatRules();       // Concat, Split
std::span<const OnnxRule> ConstantRules();     // Constant, ConstantOfShape, Shape, Size
std::span<const OnnxRule> ConvRules();         // Conv, ConvInteger, QLinearConv
std::span<const OnnxRule> ConvTransposeRules();
std::span<const OnnxRule> CumulativeRules();  // CumSum, CumProd
std::span<const OnnxRule> DeformConvRules();
std::span<const OnnxRule> DeterminantRules();
std::span<const OnnxRule> DiagonalRules();  // Trilu, EyeLike
std::span<const OnnxRule> EinsumRules();
std::span<const OnnxRule> FourierRules();             // DFT, STFT
std::span<const OnnxRule> FusedNormalizationRules();  // com.microsoft: Skip*, GroupNorm
std::span<const OnnxRule> GatedActivationRules();     // SwiGLU, and com.microsoft's GELUs
std::span<const OnnxRule> GatherRules();
std::span<const OnnxRule> GatherElementsRules();  // GatherElements, GatherND
std::span<const OnnxRule> GridSampleRules();
std::span<const OnnxRule> GroupQueryAttentionRules();  // com.microsoft
std::span<const OnnxRule> IdentityRules();             // Identity, Dropout
std::span<const OnnxRule> IntegerMatMulRules();        // MatMulInteger, QLinearMatMul
std::span<const OnnxRule> LinearAttentionRules();
std::span<const OnnxRule> LocalResponseRules();  // LRN
std::span<const OnnxRule> LossRules();    // NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss
std::span<const OnnxRule> LpRules();      // LpNormalization, LpPool, GlobalLpPool
std::span<const OnnxRule> MatMulRules();  // MatMul, Gemm, and com.microsoft's fused ones
std::span<const OnnxRule> MaxUnpoolRules();
std::span<const OnnxRule> MelWeightRules();
std::span<const OnnxRule> MultiHeadAttentionRules();  // com.microsoft
std::span<const OnnxRule> NonMaxSuppressionRules();
std::span<const OnnxRule> NonZeroRules();        // NonZero, Compress
std::span<const OnnxRule> NormalizationRules();  // BatchNormalization, LayerNormalization
std::span<const OnnxRule> OneHotRules();         // OneHot, Hardmax
std::span<const OnnxRule> OptionalRules();       // OptionalHasElement, OptionalGetElement
std::span<const OnnxRule> PadRules();
std::span<const OnnxRule> PoolingRules();
std::span<const OnnxRule> ProjectedAttentionRules();  // com.microsoft: Attention
std::span<const OnnxRule> QLinearRules();             // com.microsoft: QLinearAdd and its like
std::span<const OnnxRule> QuantizeRules();  // QuantizeLinear, DequantizeLinear, dynamic too
std::span<const OnnxRule> RangeRules();
std::span<const OnnxRule> RecurrentRules();        // LSTM, GRU, RNN
std::span<const OnnxRule> ReduceRules();           // Reduce*
std::span<const OnnxRule> ReshapeRules();          // Reshape, Flatten, Squeeze, Unsqueeze
std::span<const OnnxRule> ResizeRules();           // Resize, Upsample
std::span<const OnnxRule> ReverseSequenceRules();  // ReverseSequence, TensorScatter
std::span<const OnnxRule> RoiRules();              // RoiAlign
std::span<const OnnxRule> RoiPoolRules();          // MaxRoiPool
std::span<const OnnxRule> RotaryEmbeddingRules();
std::span<const OnnxRule> ScatterRules();  // Scatter, ScatterElements, ScatterND
std::span<const OnnxRule> SliceRules();
std::span<const OnnxRule> SoftmaxRules();     // Softmax, LogSoftmax
std::span<const OnnxRule> SpaceDepthRules();  // DepthToSpace, SpaceToDepth
std::span<const OnnxRule> TileRules();        // Expand, Tile
std::span<const OnnxRule> TopKRules();
std::span<const OnnxRule> TransposeRules();
std::span<const OnnxRule> TrigonometryRules();
std::span<const OnnxRule> UniqueRules();
std::span<const OnnxRule> WindowFunctionRules();  // HannWindow, HammingWindow, BlackmanWindow

// Every family in one fixed order.
std::span<const std::span<const OnnxRule>> AllRules();

// The schema version in force for `op` when the model imports `opset` of the domain: the largest
// since-version not above it; 0 when the operator does not exist there. From the committed table of
// schema versions.
int SchemaVersion(std::string_view domain, std::string_view op, int opset);
// True when any version of the domain that we know defines the operator.
bool IsKnownOperator(std::string_view domain, std::string_view op);

// The rule for a schema version; null when none covers it.
const OnnxRule* FindRule(std::string_view domain, std::string_view op, int schema_version);

}  // namespace smelt::onnx_import
