#include "core/flat/options_table.h"

#include <algorithm>
#include <iterator>

namespace smelt::flat {
namespace {

using ir::OpKind;

constexpr std::string_view kPadding[] = {"SAME", "VALID"};
constexpr std::string_view kActivation[] = {"NONE",  "RELU", "RELU_N1_TO_1",
                                            "RELU6", "TANH", "SIGN_BIT"};
constexpr std::string_view kWeightsFormat[] = {"DEFAULT", "SHUFFLED4x16INT8"};
constexpr std::string_view kMirrorPad[] = {"REFLECT", "SYMMETRIC"};

constexpr OptionField kAddOptions[] = {
    {"fused_activation_function", 0, Storage::kEnum, kActivation, 0},
    {"pot_scale_int16", 1, Storage::kBool, {}, 1},
};
constexpr OptionField kPool2DOptions[] = {
    {"padding", 0, Storage::kEnum, kPadding, 0},
    {"stride_w", 1, Storage::kI32, {}, 0},
    {"stride_h", 2, Storage::kI32, {}, 0},
    {"filter_width", 3, Storage::kI32, {}, 0},
    {"filter_height", 4, Storage::kI32, {}, 0},
    {"fused_activation_function", 5, Storage::kEnum, kActivation, 0},
};
constexpr OptionField kConcatenationOptions[] = {
    {"axis", 0, Storage::kI32, {}, 0},
    {"fused_activation_function", 1, Storage::kEnum, kActivation, 0},
};
constexpr OptionField kConv2DOptions[] = {
    {"padding", 0, Storage::kEnum, kPadding, 0},
    {"stride_w", 1, Storage::kI32, {}, 0},
    {"stride_h", 2, Storage::kI32, {}, 0},
    {"fused_activation_function", 3, Storage::kEnum, kActivation, 0},
    {"dilation_w_factor", 4, Storage::kI32, {}, 1},
    {"dilation_h_factor", 5, Storage::kI32, {}, 1},
    {"quantized_bias_type", 6, Storage::kDType, {}, 0},
};
constexpr OptionField kDepthwiseConv2DOptions[] = {
    {"padding", 0, Storage::kEnum, kPadding, 0},
    {"stride_w", 1, Storage::kI32, {}, 0},
    {"stride_h", 2, Storage::kI32, {}, 0},
    {"depth_multiplier", 3, Storage::kI32, {}, 0},
    {"fused_activation_function", 4, Storage::kEnum, kActivation, 0},
    {"dilation_w_factor", 5, Storage::kI32, {}, 1},
    {"dilation_h_factor", 6, Storage::kI32, {}, 1},
};
constexpr OptionField kDepthToSpaceOptions[] = {
    {"block_size", 0, Storage::kI32, {}, 0},
};
constexpr OptionField kFullyConnectedOptions[] = {
    {"fused_activation_function", 0, Storage::kEnum, kActivation, 0},
    {"weights_format", 1, Storage::kEnum, kWeightsFormat, 0},
    {"keep_num_dims", 2, Storage::kBool, {}, 0},
    {"asymmetric_quantize_inputs", 3, Storage::kBool, {}, 0},
    {"quantized_bias_type", 4, Storage::kDType, {}, 0},
};
constexpr OptionField kL2NormOptions[] = {
    {"fused_activation_function", 0, Storage::kEnum, kActivation, 0},
};
constexpr OptionField kLocalResponseNormalizationOptions[] = {
    {"radius", 0, Storage::kI32, {}, 0},
    {"bias", 1, Storage::kF32, {}, 0},
    {"alpha", 2, Storage::kF32, {}, 0},
    {"beta", 3, Storage::kF32, {}, 0},
};
constexpr OptionField kMulOptions[] = {
    {"fused_activation_function", 0, Storage::kEnum, kActivation, 0},
};
constexpr OptionField kReshapeOptions[] = {
    {"new_shape", 0, Storage::kI32Vector, {}, 0},
};
constexpr OptionField kResizeBilinearOptions[] = {
    {"align_corners", 2, Storage::kBool, {}, 0},
    {"half_pixel_centers", 3, Storage::kBool, {}, 0},
};
constexpr OptionField kSoftmaxOptions[] = {
    {"beta", 0, Storage::kF32, {}, 0},
};
constexpr OptionField kSpaceToDepthOptions[] = {
    {"block_size", 0, Storage::kI32, {}, 0},
};
constexpr OptionField kGatherOptions[] = {
    {"axis", 0, Storage::kI32, {}, 0},
    {"batch_dims", 1, Storage::kI32, {}, 0},
};
constexpr OptionField kReducerOptions[] = {
    {"keep_dims", 0, Storage::kBool, {}, 0},
};
constexpr OptionField kSubOptions[] = {
    {"fused_activation_function", 0, Storage::kEnum, kActivation, 0},
    {"pot_scale_int16", 1, Storage::kBool, {}, 1},
};
constexpr OptionField kDivOptions[] = {
    {"fused_activation_function", 0, Storage::kEnum, kActivation, 0},
};
constexpr OptionField kSqueezeOptions[] = {
    {"squeeze_dims", 0, Storage::kI32Vector, {}, 0},
};
constexpr OptionField kStridedSliceOptions[] = {
    {"begin_mask", 0, Storage::kI32, {}, 0},       {"end_mask", 1, Storage::kI32, {}, 0},
    {"ellipsis_mask", 2, Storage::kI32, {}, 0},    {"new_axis_mask", 3, Storage::kI32, {}, 0},
    {"shrink_axis_mask", 4, Storage::kI32, {}, 0}, {"offset", 5, Storage::kBool, {}, 0},
};
constexpr OptionField kSplitOptions[] = {
    {"num_splits", 0, Storage::kI32, {}, 0},
};
constexpr OptionField kCastOptions[] = {
    {"in_data_type", 0, Storage::kDType, {}, 0},
    {"out_data_type", 1, Storage::kDType, {}, 0},
};
constexpr OptionField kArgMaxOptions[] = {
    {"output_type", 0, Storage::kDType, {}, 0},
};
constexpr OptionField kTransposeConvOptions[] = {
    {"padding", 0, Storage::kEnum, kPadding, 0},
    {"stride_w", 1, Storage::kI32, {}, 0},
    {"stride_h", 2, Storage::kI32, {}, 0},
    {"fused_activation_function", 3, Storage::kEnum, kActivation, 0},
    {"quantized_bias_type", 4, Storage::kDType, {}, 0},
};
constexpr OptionField kShapeOptions[] = {
    {"out_type", 0, Storage::kDType, {}, 0},
};
constexpr OptionField kArgMinOptions[] = {
    {"output_type", 0, Storage::kDType, {}, 0},
};
constexpr OptionField kPackOptions[] = {
    {"values_count", 0, Storage::kI32, {}, 0},
    {"axis", 1, Storage::kI32, {}, 0},
};
constexpr OptionField kOneHotOptions[] = {
    {"axis", 0, Storage::kI32, {}, 0},
};
constexpr OptionField kUnpackOptions[] = {
    {"num", 0, Storage::kI32, {}, 0},
    {"axis", 1, Storage::kI32, {}, 0},
};
constexpr OptionField kResizeNearestNeighborOptions[] = {
    {"align_corners", 0, Storage::kBool, {}, 0},
    {"half_pixel_centers", 1, Storage::kBool, {}, 0},
};
constexpr OptionField kLeakyReluOptions[] = {
    {"alpha", 0, Storage::kF32, {}, 0},
};
constexpr OptionField kMirrorPadOptions[] = {
    {"mode", 0, Storage::kEnum, kMirrorPad, 0},
};
constexpr OptionField kSplitVOptions[] = {
    {"num_splits", 0, Storage::kI32, {}, 0},
};
constexpr OptionField kReverseSequenceOptions[] = {
    {"seq_dim", 0, Storage::kI32, {}, 0},
    {"batch_dim", 1, Storage::kI32, {}, 0},
};
constexpr OptionField kIfOptions[] = {
    {"then_subgraph_index", 0, Storage::kRegion, {}, 0},
    {"else_subgraph_index", 1, Storage::kRegion, {}, 0},
};
constexpr OptionField kWhileOptions[] = {
    {"cond_subgraph_index", 0, Storage::kRegion, {}, 0},
    {"body_subgraph_index", 1, Storage::kRegion, {}, 0},
};
constexpr OptionField kBatchMatMulOptions[] = {
    {"adj_x", 0, Storage::kBool, {}, 0},
    {"adj_y", 1, Storage::kBool, {}, 0},
    {"asymmetric_quantize_inputs", 2, Storage::kBool, {}, 0},
};
constexpr OptionField kCumsumOptions[] = {
    {"exclusive", 0, Storage::kBool, {}, 0},
    {"reverse", 1, Storage::kBool, {}, 0},
};
constexpr OptionField kConv3DOptions[] = {
    {"padding", 0, Storage::kEnum, kPadding, 0},
    {"stride_d", 1, Storage::kI32, {}, 0},
    {"stride_w", 2, Storage::kI32, {}, 0},
    {"stride_h", 3, Storage::kI32, {}, 0},
    {"fused_activation_function", 4, Storage::kEnum, kActivation, 0},
    {"dilation_d_factor", 5, Storage::kI32, {}, 1},
    {"dilation_w_factor", 6, Storage::kI32, {}, 1},
    {"dilation_h_factor", 7, Storage::kI32, {}, 1},
};
constexpr OptionField kGeluOptions[] = {
    {"approximate", 0, Storage::kBool, {}, 0},
};
// The fourth slot is the encoding of the third, which has one value; the fifth a version of the
// composite, which none has.
constexpr OptionField kStableHLOCompositeOptions[] = {
    {"name", 0, Storage::kString, {}, 0},
    {"decomposition_subgraph_index", 1, Storage::kRegion, {}, 0},
    {"composite_attributes", 2, Storage::kOwn, {}, 0},
};

// Ordered by kind.
constexpr OptionsTable kTables[] = {
    {OpKind::kAdd, 1, 11, "AddOptions", kAddOptions},
    {OpKind::kAveragePool2d, 1, 5, "Pool2DOptions", kPool2DOptions},
    {OpKind::kConcatenation, 1, 10, "ConcatenationOptions", kConcatenationOptions},
    {OpKind::kConv2d, 1, 1, "Conv2DOptions", kConv2DOptions},
    {OpKind::kDepthwiseConv2d, 1, 2, "DepthwiseConv2DOptions", kDepthwiseConv2DOptions},
    {OpKind::kDepthToSpace, 1, 94, "DepthToSpaceOptions", kDepthToSpaceOptions},
    {OpKind::kDequantize, 1, 38, "DequantizeOptions", {}},
    {OpKind::kFullyConnected, 1, 8, "FullyConnectedOptions", kFullyConnectedOptions},
    {OpKind::kL2Normalization, 1, 12, "L2NormOptions", kL2NormOptions},
    {OpKind::kLocalResponseNormalization, 1, 13, "LocalResponseNormalizationOptions",
     kLocalResponseNormalizationOptions},
    {OpKind::kMaxPool2d, 1, 5, "Pool2DOptions", kPool2DOptions},
    {OpKind::kMul, 1, 21, "MulOptions", kMulOptions},
    {OpKind::kReshape, 1, 17, "ReshapeOptions", kReshapeOptions},
    {OpKind::kResizeBilinear, 1, 15, "ResizeBilinearOptions", kResizeBilinearOptions},
    {OpKind::kSoftmax, 1, 9, "SoftmaxOptions", kSoftmaxOptions},
    {OpKind::kSpaceToDepth, 1, 19, "SpaceToDepthOptions", kSpaceToDepthOptions},
    {OpKind::kPad, 1, 22, "PadOptions", {}},
    {OpKind::kGather, 1, 23, "GatherOptions", kGatherOptions},
    {OpKind::kTranspose, 1, 26, "TransposeOptions", {}},
    {OpKind::kMean, 1, 27, "ReducerOptions", kReducerOptions},
    {OpKind::kSub, 1, 28, "SubOptions", kSubOptions},
    {OpKind::kDiv, 1, 29, "DivOptions", kDivOptions},
    {OpKind::kSqueeze, 1, 30, "SqueezeOptions", kSqueezeOptions},
    {OpKind::kStridedSlice, 1, 32, "StridedSliceOptions", kStridedSliceOptions},
    {OpKind::kExp, 1, 33, "ExpOptions", {}},
    {OpKind::kTopkV2, 1, 34, "TopKV2Options", {}},
    {OpKind::kSplit, 1, 35, "SplitOptions", kSplitOptions},
    {OpKind::kLogSoftmax, 1, 36, "LogSoftmaxOptions", {}},
    {OpKind::kCast, 1, 37, "CastOptions", kCastOptions},
    {OpKind::kMaximum, 1, 39, "MaximumMinimumOptions", {}},
    {OpKind::kArgMax, 1, 40, "ArgMaxOptions", kArgMaxOptions},
    {OpKind::kMinimum, 1, 39, "MaximumMinimumOptions", {}},
    {OpKind::kLess, 1, 41, "LessOptions", {}},
    {OpKind::kNeg, 1, 42, "NegOptions", {}},
    {OpKind::kPadv2, 1, 43, "PadV2Options", {}},
    {OpKind::kGreater, 1, 44, "GreaterOptions", {}},
    {OpKind::kGreaterEqual, 1, 45, "GreaterEqualOptions", {}},
    {OpKind::kLessEqual, 1, 46, "LessEqualOptions", {}},
    {OpKind::kSelect, 1, 47, "SelectOptions", {}},
    {OpKind::kSlice, 1, 48, "SliceOptions", {}},
    {OpKind::kTransposeConv, 1, 49, "TransposeConvOptions", kTransposeConvOptions},
    {OpKind::kTile, 1, 51, "TileOptions", {}},
    {OpKind::kExpandDims, 1, 52, "ExpandDimsOptions", {}},
    {OpKind::kEqual, 1, 53, "EqualOptions", {}},
    {OpKind::kNotEqual, 1, 54, "NotEqualOptions", {}},
    {OpKind::kSum, 1, 27, "ReducerOptions", kReducerOptions},
    {OpKind::kShape, 1, 55, "ShapeOptions", kShapeOptions},
    {OpKind::kPow, 1, 56, "PowOptions", {}},
    {OpKind::kArgMin, 1, 57, "ArgMinOptions", kArgMinOptions},
    {OpKind::kReduceProd, 1, 27, "ReducerOptions", kReducerOptions},
    {OpKind::kReduceMax, 1, 27, "ReducerOptions", kReducerOptions},
    {OpKind::kPack, 1, 59, "PackOptions", kPackOptions},
    {OpKind::kLogicalOr, 1, 60, "LogicalOrOptions", {}},
    {OpKind::kOneHot, 1, 61, "OneHotOptions", kOneHotOptions},
    {OpKind::kLogicalAnd, 1, 62, "LogicalAndOptions", {}},
    {OpKind::kLogicalNot, 1, 63, "LogicalNotOptions", {}},
    {OpKind::kUnpack, 1, 64, "UnpackOptions", kUnpackOptions},
    {OpKind::kReduceMin, 1, 27, "ReducerOptions", kReducerOptions},
    {OpKind::kFloorDiv, 1, 65, "FloorDivOptions", {}},
    {OpKind::kReduceAny, 1, 27, "ReducerOptions", kReducerOptions},
    {OpKind::kSquare, 1, 66, "SquareOptions", {}},
    {OpKind::kFill, 1, 68, "FillOptions", {}},
    {OpKind::kFloorMod, 1, 72, "FloorModOptions", {}},
    {OpKind::kRange, 1, 73, "RangeOptions", {}},
    {OpKind::kResizeNearestNeighbor, 1, 74, "ResizeNearestNeighborOptions",
     kResizeNearestNeighborOptions},
    {OpKind::kLeakyRelu, 1, 75, "LeakyReluOptions", kLeakyReluOptions},
    {OpKind::kSquaredDifference, 1, 76, "SquaredDifferenceOptions", {}},
    {OpKind::kMirrorPad, 1, 77, "MirrorPadOptions", kMirrorPadOptions},
    {OpKind::kAbs, 1, 78, "AbsOptions", {}},
    {OpKind::kSplitV, 1, 79, "SplitVOptions", kSplitVOptions},
    {OpKind::kReverseV2, 1, 81, "ReverseV2Options", {}},
    {OpKind::kGatherNd, 1, 83, "GatherNdOptions", {}},
    {OpKind::kCos, 1, 84, "CosOptions", {}},
    {OpKind::kWhere, 1, 85, "WhereOptions", {}},
    {OpKind::kRank, 1, 86, "RankOptions", {}},
    {OpKind::kReverseSequence, 1, 87, "ReverseSequenceOptions", kReverseSequenceOptions},
    {OpKind::kQuantize, 1, 89, "QuantizeOptions", {}},
    {OpKind::kHardSwish, 1, 91, "HardSwishOptions", {}},
    {OpKind::kIf, 1, 92, "IfOptions", kIfOptions},
    {OpKind::kWhile, 1, 93, "WhileOptions", kWhileOptions},
    {OpKind::kNonMaxSuppressionV4, 1, 95, "NonMaxSuppressionV4Options", {}},
    {OpKind::kScatterNd, 1, 97, "ScatterNdOptions", {}},
    {OpKind::kSelectV2, 1, 98, "SelectV2Options", {}},
    {OpKind::kBatchMatmul, 1, 101, "BatchMatMulOptions", kBatchMatMulOptions},
    {OpKind::kCumsum, 1, 102, "CumsumOptions", kCumsumOptions},
    {OpKind::kBroadcastTo, 1, 104, "BroadcastToOptions", {}},
    {OpKind::kConv3d, 1, 106, "Conv3DOptions", kConv3DOptions},
    {OpKind::kReduceAll, 1, 27, "ReducerOptions", kReducerOptions},
    {OpKind::kConv3dTranspose, 1, 106, "Conv3DOptions", kConv3DOptions},
    {OpKind::kGelu, 1, 116, "GeluOptions", kGeluOptions},
    {OpKind::kUnsortedSegmentProd, 1, 118, "UnsortedSegmentProdOptions", {}},
    {OpKind::kUnsortedSegmentMax, 1, 119, "UnsortedSegmentMaxOptions", {}},
    {OpKind::kUnsortedSegmentSum, 1, 121, "UnsortedSegmentSumOptions", {}},
    {OpKind::kDynamicUpdateSlice, 1, 117, "DynamicUpdateSliceOptions", {}},
    {OpKind::kAtan2, 1, 122, "ATan2Options", {}},
    {OpKind::kUnsortedSegmentMin, 1, 120, "UnsortedSegmentMinOptions", {}},
    {OpKind::kSign, 1, 123, "SignOptions", {}},
    {OpKind::kBitcast, 1, 124, "BitcastOptions", {}},
    {OpKind::kBitwiseXor, 1, 125, "BitwiseXorOptions", {}},
    {OpKind::kRightShift, 1, 126, "RightShiftOptions", {}},
    {OpKind::kStablehloComposite, 2, 21, "StableHLOCompositeOptions", kStableHLOCompositeOptions},
};

}  // namespace

const OptionsTable* FindOptions(OpKind kind) {
  const auto* row = std::lower_bound(
      std::begin(kTables), std::end(kTables), kind,
      [](const OptionsTable& table, OpKind wanted) { return table.kind < wanted; });
  return row != std::end(kTables) && row->kind == kind ? row : nullptr;
}

std::optional<int> EnumValue(std::span<const std::string_view> names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<int>(at - names.begin());
}

std::optional<std::string_view> EnumName(std::span<const std::string_view> names, int value) {
  if (value < 0 || static_cast<std::size_t>(value) >= names.size()) return std::nullopt;
  return names[static_cast<std::size_t>(value)];
}

}  // namespace smelt::flat
