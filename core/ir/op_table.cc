// Exact semantics beyond the enumerator's name, for every element type (floats f32, f16, bf16,
// f64):
// - ADD, SUB, MUL, NEG, ABS, SQUARE, SQUARED_DIFFERENCE, SUM, REDUCE_PROD, CUMSUM: integers wrap.
// - DIV truncates on integers, FLOOR_DIV floors; integer division by 0 is an error of evaluation.
// - FLOOR_MOD has the divisor's sign, core.TRUNC_MOD the dividend's (fmod for floats).
// - POW of integers wraps; a negative integer exponent is an error of evaluation.
// - MAXIMUM, MINIMUM promise nothing for NaN.
// - ROUND is half to even, core.ROUND_AWAY half away from 0.
// - CAST: float to integer truncates and saturates, NaN becomes 0; integer to integer wraps;
//   anything but 0 (NaN too) is true; float to float rounds to nearest even.
// - BITCAST has the attribute out_data_type of the IR, which the file's options don't carry.
// - RIGHT_SHIFT is arithmetic on signed integers; counts are clamped to 0 .. width - 1.
// - SOFTMAX, LOG_SOFTMAX, L2_NORMALIZATION, TOPK_V2 work on the last axis; ARG_MAX takes the first
//   of equals.
// - SELECT: condition of the branches' shape, a scalar, or one for each row; SELECT_V2 broadcasts.
// - GELU: approximate is the tanh formula, else the error function.
// - SCATTER_ND adds where rows of indices are equal; WHERE lists places in row-major order.
// - UNSORTED_SEGMENT_* ignore negative segments and give an empty one the least finite value (MAX),
//   the largest (MIN), 1 or 0.
// - DYNAMIC_UPDATE_SLICE moves a start that lies outside of the operand to its nearest valid place.
// - NON_MAX_SUPPRESSION_V4 takes the best score first (the first of equals), above the score
//   threshold only, suppresses from the IoU threshold on, and fills its indices up with 0.
// - IF: (condition, captures...), regions then and else; WHILE: (state...), regions condition,
// body.
#include "core/ir/op_table.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/ir/infer/rules.h"

namespace smelt::ir {
namespace {

using enum AttrType;
constexpr bool kRequired = true;

constexpr AttrSpec kActivationAttrs[] = {{"fused_activation_function", kString}};
constexpr AttrSpec kAddedAttrs[] = {{"fused_activation_function", kString},
                                    {"pot_scale_int16", kBool}};
constexpr AttrSpec kArgReduceAttrs[] = {{"output_type", kString, kRequired}};
constexpr AttrSpec kAxisAttrs[] = {{"axis", kInt}};
constexpr AttrSpec kBatchMatmulAttrs[] = {
    {"adj_x", kBool}, {"adj_y", kBool}, {"asymmetric_quantize_inputs", kBool}};
// The stored type of the result, which nothing else tells.
constexpr AttrSpec kResultTypeAttrs[] = {{"out_data_type", kString, kRequired}};
constexpr AttrSpec kBlockAttrs[] = {{"block_size", kInt, kRequired}};
constexpr AttrSpec kCastAttrs[] = {{"in_data_type", kString},
                                   {"out_data_type", kString, kRequired}};
constexpr AttrSpec kCompositeAttrs[] = {{"name", kString, kRequired}};  // the others are its own
constexpr AttrSpec kConcatAttrs[] = {{"axis", kInt}, {"fused_activation_function", kString}};
constexpr AttrSpec kConvAttrs[] = {
    {"padding", kString, kRequired},        {"stride_w", kInt, kRequired},
    {"stride_h", kInt, kRequired},          {"fused_activation_function", kString},
    {"dilation_w_factor", kInt, kRequired}, {"dilation_h_factor", kInt, kRequired},
    {"quantized_bias_type", kString}};
constexpr AttrSpec kCumsumAttrs[] = {{"exclusive", kBool}, {"reverse", kBool}};
constexpr AttrSpec kCustomAttrs[] = {{"custom_code", kString, kRequired}};  // and its own
constexpr AttrSpec kDepthwiseAttrs[] = {
    {"padding", kString, kRequired},        {"stride_w", kInt, kRequired},
    {"stride_h", kInt, kRequired},          {"depth_multiplier", kInt},
    {"fused_activation_function", kString}, {"dilation_w_factor", kInt, kRequired},
    {"dilation_h_factor", kInt, kRequired}};
constexpr AttrSpec kFullyConnectedAttrs[] = {{"fused_activation_function", kString},
                                             {"weights_format", kString},
                                             {"keep_num_dims", kBool},
                                             {"asymmetric_quantize_inputs", kBool},
                                             {"quantized_bias_type", kString}};
constexpr AttrSpec kGatherAttrs[] = {{"axis", kInt}, {"batch_dims", kInt}};
constexpr AttrSpec kGeluAttrs[] = {{"approximate", kBool}};
constexpr AttrSpec kLeakyReluAttrs[] = {{"alpha", kFloat, kRequired}};
constexpr AttrSpec kLocalResponseAttrs[] = {{"radius", kInt, kRequired},
                                            {"bias", kFloat, kRequired},
                                            {"alpha", kFloat, kRequired},
                                            {"beta", kFloat, kRequired}};
constexpr AttrSpec kMirrorPadAttrs[] = {{"mode", kString, kRequired}};
constexpr AttrSpec kPackAttrs[] = {{"values_count", kInt}, {"axis", kInt}};
constexpr AttrSpec kPoolAttrs[] = {
    {"padding", kString, kRequired},    {"stride_w", kInt, kRequired},
    {"stride_h", kInt, kRequired},      {"filter_width", kInt, kRequired},
    {"filter_height", kInt, kRequired}, {"fused_activation_function", kString}};
constexpr AttrSpec kConv3dAttrs[] = {
    {"padding", kString, kRequired},        {"stride_d", kInt, kRequired},
    {"stride_w", kInt, kRequired},          {"stride_h", kInt, kRequired},
    {"fused_activation_function", kString}, {"dilation_d_factor", kInt, kRequired},
    {"dilation_w_factor", kInt, kRequired}, {"dilation_h_factor", kInt, kRequired}};
constexpr AttrSpec kReducerAttrs[] = {{"keep_dims", kBool}};
constexpr AttrSpec kReshapeAttrs[] = {{"new_shape", kInts}};
constexpr AttrSpec kResizeAttrs[] = {{"align_corners", kBool}, {"half_pixel_centers", kBool}};
constexpr AttrSpec kReverseSequenceAttrs[] = {{"seq_dim", kInt}, {"batch_dim", kInt}};
constexpr AttrSpec kShapeAttrs[] = {{"out_type", kString, kRequired}};
constexpr AttrSpec kSoftmaxAttrs[] = {{"beta", kFloat, kRequired}};
constexpr AttrSpec kSplitAttrs[] = {{"num_splits", kInt, kRequired}};
constexpr AttrSpec kSqueezeAttrs[] = {{"squeeze_dims", kInts}};
constexpr AttrSpec kStridedSliceAttrs[] = {{"begin_mask", kInt},       {"end_mask", kInt},
                                           {"ellipsis_mask", kInt},    {"new_axis_mask", kInt},
                                           {"shrink_axis_mask", kInt}, {"offset", kBool}};
constexpr AttrSpec kTransposeConvAttrs[] = {{"padding", kString, kRequired},
                                            {"stride_w", kInt, kRequired},
                                            {"stride_h", kInt, kRequired},
                                            {"fused_activation_function", kString},
                                            {"quantized_bias_type", kString}};
constexpr AttrSpec kUnpackAttrs[] = {{"num", kInt, kRequired}, {"axis", kInt}};

// clang-format off
constexpr OpInfo kOps[] = {
    // kind, name, least and most operands, results, attributes, inference
    {OpKind::kAdd, "ADD", 2, 2, 1, kAddedAttrs, &infer::Binary},
    {OpKind::kAveragePool2d, "AVERAGE_POOL_2D", 1, 1, 1, kPoolAttrs, &infer::Pool2d},
    {OpKind::kConcatenation, "CONCATENATION", 1, -1, 1, kConcatAttrs, &infer::Concatenation},
    {OpKind::kConv2d, "CONV_2D", 3, 3, 1, kConvAttrs, &infer::Conv2d},
    {OpKind::kDepthwiseConv2d, "DEPTHWISE_CONV_2D", 2, 3, 1,
     kDepthwiseAttrs, &infer::DepthwiseConv2d},
    {OpKind::kDepthToSpace, "DEPTH_TO_SPACE", 1, 1, 1, kBlockAttrs, &infer::DepthToSpace},
    {OpKind::kDequantize, "DEQUANTIZE", 1, 1, 1, {}, &infer::Dequantize},
    {OpKind::kEmbeddingLookup, "EMBEDDING_LOOKUP", 2, 2, 1,
     kResultTypeAttrs, &infer::EmbeddingLookup},
    {OpKind::kFloor, "FLOOR", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kFullyConnected, "FULLY_CONNECTED", 2, 3, 1,
     kFullyConnectedAttrs, &infer::FullyConnected},
    {OpKind::kL2Normalization, "L2_NORMALIZATION", 1, 1, 1, kActivationAttrs, &infer::LastAxis},
    {OpKind::kLocalResponseNormalization, "LOCAL_RESPONSE_NORMALIZATION", 1, 1, 1,
     kLocalResponseAttrs, &infer::ChannelNormalization},
    {OpKind::kLogistic, "LOGISTIC", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kMaxPool2d, "MAX_POOL_2D", 1, 1, 1, kPoolAttrs, &infer::Pool2d},
    {OpKind::kMul, "MUL", 2, 2, 1, kActivationAttrs, &infer::Binary},
    {OpKind::kRelu, "RELU", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kReluN1To1, "RELU_N1_TO_1", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kRelu6, "RELU6", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kReshape, "RESHAPE", 1, 2, 1, kReshapeAttrs, &infer::Reshape},
    {OpKind::kResizeBilinear, "RESIZE_BILINEAR", 2, 2, 1, kResizeAttrs, &infer::Resize},
    {OpKind::kSoftmax, "SOFTMAX", 1, 1, 1, kSoftmaxAttrs, &infer::LastAxis},
    {OpKind::kSpaceToDepth, "SPACE_TO_DEPTH", 1, 1, 1, kBlockAttrs, &infer::SpaceToDepth},
    {OpKind::kTanh, "TANH", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kCustom, "CUSTOM", 0, -1, -1, kCustomAttrs, nullptr},
    {OpKind::kPad, "PAD", 2, 2, 1, {}, &infer::Pad},
    {OpKind::kGather, "GATHER", 2, 2, 1, kGatherAttrs, &infer::Gather},
    {OpKind::kTranspose, "TRANSPOSE", 2, 2, 1, {}, &infer::Transpose},
    {OpKind::kMean, "MEAN", 2, 2, 1, kReducerAttrs, &infer::Reduce},
    {OpKind::kSub, "SUB", 2, 2, 1, kAddedAttrs, &infer::Binary},
    {OpKind::kDiv, "DIV", 2, 2, 1, kActivationAttrs, &infer::Binary},
    {OpKind::kSqueeze, "SQUEEZE", 1, 1, 1, kSqueezeAttrs, &infer::Squeeze},
    {OpKind::kStridedSlice, "STRIDED_SLICE", 4, 4, 1, kStridedSliceAttrs, &infer::StridedSlice},
    {OpKind::kExp, "EXP", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kTopkV2, "TOPK_V2", 2, 2, 2, {}, &infer::TopkV2},
    {OpKind::kSplit, "SPLIT", 2, 2, -1, kSplitAttrs, &infer::Split},
    {OpKind::kLogSoftmax, "LOG_SOFTMAX", 1, 1, 1, {}, &infer::LastAxis},
    {OpKind::kCast, "CAST", 1, 1, 1, kCastAttrs, &infer::Cast},
    {OpKind::kPrelu, "PRELU", 2, 2, 1, {}, &infer::Prelu},
    {OpKind::kMaximum, "MAXIMUM", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kArgMax, "ARG_MAX", 2, 2, 1, kArgReduceAttrs, &infer::ArgReduce},
    {OpKind::kMinimum, "MINIMUM", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kLess, "LESS", 2, 2, 1, {}, &infer::Comparison},
    {OpKind::kNeg, "NEG", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kPadv2, "PADV2", 3, 3, 1, {}, &infer::Pad},
    {OpKind::kGreater, "GREATER", 2, 2, 1, {}, &infer::Comparison},
    {OpKind::kGreaterEqual, "GREATER_EQUAL", 2, 2, 1, {}, &infer::Comparison},
    {OpKind::kLessEqual, "LESS_EQUAL", 2, 2, 1, {}, &infer::Comparison},
    {OpKind::kSelect, "SELECT", 3, 3, 1, {}, &infer::Select},
    {OpKind::kSlice, "SLICE", 3, 3, 1, {}, &infer::Slice},
    {OpKind::kSin, "SIN", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kTransposeConv, "TRANSPOSE_CONV", 3, 4, 1, kTransposeConvAttrs, &infer::TransposeConv},
    {OpKind::kTile, "TILE", 2, 2, 1, {}, &infer::Tile},
    {OpKind::kExpandDims, "EXPAND_DIMS", 2, 2, 1, {}, &infer::ExpandDims},
    {OpKind::kEqual, "EQUAL", 2, 2, 1, {}, &infer::Comparison},
    {OpKind::kNotEqual, "NOT_EQUAL", 2, 2, 1, {}, &infer::Comparison},
    {OpKind::kLog, "LOG", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kSum, "SUM", 2, 2, 1, kReducerAttrs, &infer::Reduce},
    {OpKind::kSqrt, "SQRT", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kRsqrt, "RSQRT", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kShape, "SHAPE", 1, 1, 1, kShapeAttrs, &infer::ShapeOf},
    {OpKind::kPow, "POW", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kArgMin, "ARG_MIN", 2, 2, 1, kArgReduceAttrs, &infer::ArgReduce},
    {OpKind::kReduceProd, "REDUCE_PROD", 2, 2, 1, kReducerAttrs, &infer::Reduce},
    {OpKind::kReduceMax, "REDUCE_MAX", 2, 2, 1, kReducerAttrs, &infer::Reduce},
    {OpKind::kPack, "PACK", 1, -1, 1, kPackAttrs, &infer::Pack},
    {OpKind::kLogicalOr, "LOGICAL_OR", 2, 2, 1, {}, &infer::Logical},
    {OpKind::kOneHot, "ONE_HOT", 4, 4, 1, kAxisAttrs, &infer::OneHot},
    {OpKind::kLogicalAnd, "LOGICAL_AND", 2, 2, 1, {}, &infer::Logical},
    {OpKind::kLogicalNot, "LOGICAL_NOT", 1, 1, 1, {}, &infer::LogicalNot},
    {OpKind::kUnpack, "UNPACK", 1, 1, -1, kUnpackAttrs, &infer::Unpack},
    {OpKind::kReduceMin, "REDUCE_MIN", 2, 2, 1, kReducerAttrs, &infer::Reduce},
    {OpKind::kFloorDiv, "FLOOR_DIV", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kReduceAny, "REDUCE_ANY", 2, 2, 1, kReducerAttrs, &infer::ReduceBool},
    {OpKind::kSquare, "SQUARE", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kFill, "FILL", 2, 2, 1, {}, &infer::Fill},
    {OpKind::kFloorMod, "FLOOR_MOD", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kRange, "RANGE", 3, 3, 1, {}, &infer::Range},
    {OpKind::kResizeNearestNeighbor, "RESIZE_NEAREST_NEIGHBOR", 2, 2, 1,
     kResizeAttrs, &infer::Resize},
    {OpKind::kLeakyRelu, "LEAKY_RELU", 1, 1, 1, kLeakyReluAttrs, &infer::Unary},
    {OpKind::kSquaredDifference, "SQUARED_DIFFERENCE", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kMirrorPad, "MIRROR_PAD", 2, 2, 1, kMirrorPadAttrs, &infer::Pad},
    {OpKind::kAbs, "ABS", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kSplitV, "SPLIT_V", 3, 3, -1, kSplitAttrs, &infer::SplitV},
    {OpKind::kCeil, "CEIL", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kReverseV2, "REVERSE_V2", 2, 2, 1, {}, &infer::Reverse},
    {OpKind::kGatherNd, "GATHER_ND", 2, 2, 1, {}, &infer::GatherNd},
    {OpKind::kCos, "COS", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kWhere, "WHERE", 1, 1, 1, {}, &infer::Where},
    {OpKind::kRank, "RANK", 1, 1, 1, {}, &infer::RankOf},
    {OpKind::kElu, "ELU", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kReverseSequence, "REVERSE_SEQUENCE", 2, 2, 1,
     kReverseSequenceAttrs, &infer::ReverseSequence},
    {OpKind::kQuantize, "QUANTIZE", 1, 1, 1, kResultTypeAttrs, &infer::Quantize},
    {OpKind::kRound, "ROUND", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kHardSwish, "HARD_SWISH", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kIf, "IF", 1, -1, -1, {}, nullptr},
    {OpKind::kWhile, "WHILE", 0, -1, -1, {}, nullptr},
    {OpKind::kNonMaxSuppressionV4, "NON_MAX_SUPPRESSION_V4", 5, 5, 2, {},
     &infer::NonMaxSuppression},
    {OpKind::kScatterNd, "SCATTER_ND", 3, 3, 1, {}, &infer::ScatterNd},
    {OpKind::kSelectV2, "SELECT_V2", 3, 3, 1, {}, &infer::SelectV2},
    {OpKind::kBatchMatmul, "BATCH_MATMUL", 2, 2, 1, kBatchMatmulAttrs, &infer::BatchMatmul},
    {OpKind::kCumsum, "CUMSUM", 2, 2, 1, kCumsumAttrs, &infer::Cumsum},
    {OpKind::kBroadcastTo, "BROADCAST_TO", 2, 2, 1, {}, &infer::BroadcastTo},
    {OpKind::kConv3d, "CONV_3D", 2, 3, 1, kConv3dAttrs, &infer::Conv3d},
    {OpKind::kReduceAll, "REDUCE_ALL", 2, 2, 1, kReducerAttrs, &infer::ReduceBool},
    {OpKind::kConv3dTranspose, "CONV_3D_TRANSPOSE", 3, 4, 1,
     kConv3dAttrs, &infer::Conv3dTranspose},
    {OpKind::kGelu, "GELU", 1, 1, 1, kGeluAttrs, &infer::Unary},
    {OpKind::kDynamicUpdateSlice, "DYNAMIC_UPDATE_SLICE", 3, 3, 1, {},
     &infer::DynamicUpdateSlice},
    {OpKind::kRelu0To1, "RELU_0_TO_1", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kUnsortedSegmentProd, "UNSORTED_SEGMENT_PROD", 3, 3, 1, {}, &infer::UnsortedSegment},
    {OpKind::kUnsortedSegmentMax, "UNSORTED_SEGMENT_MAX", 3, 3, 1, {}, &infer::UnsortedSegment},
    {OpKind::kUnsortedSegmentSum, "UNSORTED_SEGMENT_SUM", 3, 3, 1, {}, &infer::UnsortedSegment},
    {OpKind::kAtan2, "ATAN2", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kUnsortedSegmentMin, "UNSORTED_SEGMENT_MIN", 3, 3, 1, {}, &infer::UnsortedSegment},
    {OpKind::kSign, "SIGN", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kBitcast, "BITCAST", 1, 1, 1, kResultTypeAttrs, &infer::Bitcast},
    {OpKind::kBitwiseXor, "BITWISE_XOR", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kRightShift, "RIGHT_SHIFT", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kStablehloAnd, "STABLEHLO_AND", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kStablehloComposite, "STABLEHLO_COMPOSITE", 1, -1, -1, kCompositeAttrs, nullptr},
    {OpKind::kCoreErf, "core.ERF", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kCoreTruncMod, "core.TRUNC_MOD", 2, 2, 1, {}, &infer::Binary},
    {OpKind::kCoreRoundAway, "core.ROUND_AWAY", 1, 1, 1, {}, &infer::Unary},
    {OpKind::kComposite, "composite", 0, -1, -1, kCompositeAttrs, nullptr},
    {OpKind::kReturn, "return", 0, -1, 0, {}, nullptr},
};
// clang-format on

constexpr std::size_t kOpCount = std::size(kOps);
static_assert(std::is_sorted(std::begin(kOps), std::end(kOps),
                             [](const OpInfo& a, const OpInfo& b) { return a.kind < b.kind; }));

// Rows by name.
constexpr std::array<std::uint8_t, kOpCount> ByName() {
  std::array<std::uint8_t, kOpCount> order{};
  for (std::size_t i = 0; i < kOpCount; ++i) order[i] = static_cast<std::uint8_t>(i);
  std::sort(order.begin(), order.end(),
            [](std::uint8_t a, std::uint8_t b) { return kOps[a].name < kOps[b].name; });
  return order;
}
static_assert(kOpCount < 256);
constexpr auto kByName = ByName();

Status CheckOperandCount(const OpInfo& info, std::span<const OperandInfo> operands) {
  const auto count = static_cast<int>(operands.size());
  if (info.max_operands >= 0 && count > info.max_operands) {
    return {Reason::kTooManyInputs, std::string(info.name) + " takes at most " +
                                        std::to_string(info.max_operands) + " operands"};
  }
  const auto present = [&](int i) {
    return i < count && operands[static_cast<std::size_t>(i)].type != nullptr;
  };
  const int needed = info.max_operands < 0 ? std::max(count, info.min_operands) : info.min_operands;
  for (int i = 0; i < needed; ++i) {
    if (present(i)) continue;
    return {Reason::kMissingInput, std::string(info.name) + " lacks operand " + std::to_string(i)};
  }
  return {};
}

}  // namespace

std::span<const OpInfo> AllOps() { return kOps; }

const OpInfo& GetOpInfo(OpKind kind) {
  const auto* found = std::lower_bound(std::begin(kOps), std::end(kOps), kind,
                                       [](const OpInfo& row, OpKind k) { return row.kind < k; });
  SMELT_CHECK(found != std::end(kOps) && found->kind == kind);
  return *found;
}

std::optional<OpKind> OpKindFromName(std::string_view name) {
  const auto found =
      std::lower_bound(kByName.begin(), kByName.end(), name,
                       [](std::uint8_t row, std::string_view n) { return kOps[row].name < n; });
  if (found == kByName.end() || kOps[*found].name != name) return std::nullopt;
  return kOps[*found].kind;
}

Result<std::vector<TensorType>> InferTypes(const Graph& graph, SymbolTable& symbols, OpKind kind,
                                           std::span<const ValueId> operands,
                                           const Attributes& attrs) {
  std::vector<OperandInfo> infos;
  infos.reserve(operands.size());
  for (const ValueId id : operands) {
    infos.push_back(id.valid() ? OperandInfo{&graph.type(id), graph.constant(id)} : OperandInfo{});
  }
  return InferTypes(symbols, kind, infos, attrs);
}

Result<std::vector<TensorType>> InferTypes(SymbolTable& symbols, OpKind kind,
                                           std::span<const OperandInfo> operands,
                                           const Attributes& attrs) {
  const OpInfo& info = GetOpInfo(kind);
  SMELT_CHECK(info.infer != nullptr);
  SMELT_RETURN_IF_ERROR(CheckOperandCount(info, operands));
  auto types = info.infer({symbols, operands, attrs});
  if (!types.ok()) return std::move(types).status().WithContext(std::string(info.name));
  return types;
}

}  // namespace smelt::ir
