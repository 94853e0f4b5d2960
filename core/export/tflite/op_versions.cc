#include "core/export/tflite/op_versions.h"

#include <algorithm>
#include <iterator>

namespace smelt::tflite_export {
namespace {

using ir::DType;
using ir::OpKind;

// What the rules look at: the tensors as they are written.
struct OpView {
  const ir::Graph& graph;
  const ir::Op& op;

  bool Has(int i) const { return op.input(i).valid(); }
  int Inputs() const { return op.input_count(); }
  DType In(int i) const { return Has(i) ? graph.type(op.input(i)).dtype : DType::kResource; }
  DType Out() const { return graph.type(op.result()).dtype; }
  const ir::Shape& InShape(int i) const { return graph.type(op.input(i)).shape; }
  int Rank(int i) const { return Has(i) ? InShape(i).rank() : 0; }
  const ir::QuantParams& InQuant(int i) const { return *graph.value(op.input(i)).quant; }
  const ir::QuantParams& OutQuant() const { return *graph.value(op.result()).quant; }
  bool Wide(int i) const { return In(i) == DType::kI16; }

  // Broadcasting beyond what the first kernels of these operators could do.
  bool BroadcastsAboveRank4() const {
    return InShape(0) != InShape(1) && std::max(Rank(0), Rank(1)) > 4;
  }
  // f32 activations with quantized weights in operand `weights`.
  bool Hybrid(int weights) const {
    return In(0) == DType::kF32 && In(weights) == DType::kI8 && Out() == DType::kF32;
  }
  bool AllI8() const { return In(0) == DType::kI8 && In(1) == DType::kI8 && Out() == DType::kI8; }
  // One scale an index of `axis`.
  bool ScalePer(int operand, int axis) const {
    const ir::Dim dim = InShape(operand).dim(axis);
    return dim.is_static() &&
           static_cast<std::int64_t>(InQuant(operand).scale.size()) == dim.value();
  }
  bool EitherSide(DType dtype) const { return In(0) == dtype || Out() == dtype; }
  bool Activated() const { return op.attrs.String("fused_activation_function", "NONE") != "NONE"; }
};

using When = bool (*)(const OpView&);

template <int operand, DType... dtypes>
bool InIs(const OpView& v) {
  return ((v.In(operand) == dtypes) || ...);
}
template <DType dtype>
bool InOutAre(const OpView& v) {
  return v.In(0) == dtype && v.Out() == dtype;
}
template <DType... dtypes>
bool SideIs(const OpView& v) {
  return (v.EitherSide(dtypes) || ...);
}
template <int rank>
bool RankAbove(const OpView& v) {
  return v.Rank(0) > rank;
}
bool PlainI16(const OpView& v) { return v.Wide(0) && v.InQuant(0).empty(); }
bool AboveRank4(const OpView& v) { return v.BroadcastsAboveRank4(); }
bool ProductScaleAtLeastOne(const OpView& v) {
  const ir::QuantParams& out = v.OutQuant();
  if (v.InQuant(0).empty() || v.InQuant(1).empty() || out.empty()) return false;
  return v.InQuant(0).scale[0] * v.InQuant(1).scale[0] / out.scale[0] >= 1.0F;
}
// Row for 16-bit addition with scales that are not powers of two; ours never are.
bool I16GeneralScale(const OpView& v) {
  return InOutAre<DType::kI16>(v) && !v.op.attrs.Bool("pot_scale_int16");
}
bool HalfPixels(const OpView& v) { return v.op.attrs.Bool("half_pixel_centers"); }
bool PixelOptions(const OpView& v) { return HalfPixels(v) || v.op.attrs.Bool("align_corners"); }
bool AsymmetricHybrid(const OpView& v) {
  return v.Hybrid(1) && v.op.attrs.Bool("asymmetric_quantize_inputs");
}
bool Grouped(const OpView& v) {
  return v.Rank(0) == 4 && v.Rank(1) == 4 && v.InShape(0).dim(3) != v.InShape(1).dim(3);
}
bool Dilated(const OpView& v) {
  return v.op.attrs.Int("dilation_w_factor", 1) != 1 || v.op.attrs.Int("dilation_h_factor", 1) != 1;
}
bool Wide16x8(const OpView& v) {
  return v.Wide(0) && v.In(1) == DType::kI8 && v.Out() == DType::kI16;
}
bool MovesAxes(const OpView& v) {
  return v.op.attrs.Int("ellipsis_mask") != 0 || v.op.attrs.Int("new_axis_mask") != 0;
}
bool TopkI16(const OpView& v) {
  const DType indices = v.graph.type(v.op.results.back()).dtype;
  return v.Wide(0) || v.Wide(1) || indices == DType::kI16;
}
bool AnyRank5(const OpView& v) { return v.Rank(0) == 5 || v.Rank(1) == 5 || v.Rank(2) == 5; }

struct VersionRule {
  OpKind kind;
  int version;
  When when;
};

// Grouped by kind; inside a kind the first row that holds decides. No row: version 1.
constexpr VersionRule kRules[] = {
    {OpKind::kAdd, 6, InIs<0, DType::kF16>},
    {OpKind::kAdd, 5, PlainI16},
    {OpKind::kAdd, 4, InIs<0, DType::kI64>},
    {OpKind::kAdd, 3, I16GeneralScale},
    {OpKind::kAdd, 2, InIs<0, DType::kI8>},
    {OpKind::kAveragePool2d, 3, InOutAre<DType::kI16>},
    {OpKind::kAveragePool2d, 2, InIs<0, DType::kI8>},
    {OpKind::kConcatenation, 7, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kConcatenation, 6, InIs<0, DType::kF16>},
    {OpKind::kConcatenation, 5, InIs<0, DType::kI4>},
    {OpKind::kConcatenation, 4, InIs<0, DType::kU32>},
    {OpKind::kConcatenation, 3, InIs<0, DType::kI16>},
    {OpKind::kConcatenation, 2, InIs<0, DType::kI8>},
    {OpKind::kConv2d, 8, Wide16x8},
    {OpKind::kConv2d, 6, Grouped},
    {OpKind::kConv2d, 4, [](const OpView& v) { return v.Wide(0) && v.Wide(1); }},
    {OpKind::kConv2d, 3, [](const OpView& v) { return v.AllI8(); }},
    {OpKind::kConv2d, 7,
     [](const OpView& v) { return InOutAre<DType::kI8>(v) && v.In(1) == DType::kI4; }},
    {OpKind::kConv2d, 5, [](const OpView& v) { return v.Hybrid(1) && v.ScalePer(1, 0); }},
    {OpKind::kConv2d, 2, [](const OpView& v) { return v.Hybrid(1); }},
    {OpKind::kDepthwiseConv2d, 5, [](const OpView& v) { return v.Wide(0) && v.Wide(1); }},
    {OpKind::kDepthwiseConv2d, 6, [](const OpView& v) { return v.Hybrid(1) && v.ScalePer(1, 3); }},
    {OpKind::kDepthwiseConv2d, 4, [](const OpView& v) { return v.Hybrid(1); }},
    {OpKind::kDepthwiseConv2d, 3, [](const OpView& v) { return v.AllI8(); }},
    {OpKind::kDepthwiseConv2d, 7,
     [](const OpView& v) { return InOutAre<DType::kI8>(v) && v.In(1) == DType::kI4; }},
    {OpKind::kDepthwiseConv2d, 2, Dilated},
    {OpKind::kDepthToSpace, 2, InIs<0, DType::kI8>},
    {OpKind::kDequantize, 3, InIs<0, DType::kF16, DType::kI16>},
    {OpKind::kDequantize, 5,
     [](const OpView& v) { return v.In(0) == DType::kI8 && v.InQuant(0).scale.size() > 1; }},
    {OpKind::kDequantize, 2, InIs<0, DType::kI8>},
    {OpKind::kEmbeddingLookup, 5, InIs<1, DType::kI2>},
    {OpKind::kEmbeddingLookup, 4,
     [](const OpView& v) {
       return v.In(1) == DType::kI4 || (v.InQuant(1).scale.size() > 1 && v.ScalePer(1, 0));
     }},
    {OpKind::kFullyConnected, 14, InIs<1, DType::kI2>},
    {OpKind::kFullyConnected, 13,
     [](const OpView& v) { return v.Wide(0) && v.In(1) == DType::kI4; }},
    {OpKind::kFullyConnected, 12, [](const OpView& v) { return v.Hybrid(1) && v.ScalePer(1, 0); }},
    {OpKind::kFullyConnected, 11, Wide16x8},
    {OpKind::kFullyConnected, 7, [](const OpView& v) { return v.Wide(0) && v.Wide(1); }},
    {OpKind::kFullyConnected, 6, [](const OpView& v) { return v.Inputs() == 2; }},
    {OpKind::kFullyConnected, 5, [](const OpView& v) { return v.op.attrs.Bool("keep_num_dims"); }},
    {OpKind::kFullyConnected, 4, [](const OpView& v) { return v.AllI8(); }},
    {OpKind::kFullyConnected, 10,
     [](const OpView& v) { return InOutAre<DType::kI8>(v) && v.In(1) == DType::kI4; }},
    {OpKind::kFullyConnected, 9, AsymmetricHybrid},
    {OpKind::kFullyConnected, 3, [](const OpView& v) { return v.Hybrid(1); }},
    {OpKind::kFullyConnected, 2,
     [](const OpView& v) {
       return v.op.attrs.String("weights_format", "DEFAULT") == "SHUFFLED4x16INT8";
     }},
    {OpKind::kL2Normalization, 2, [](const OpView& v) { return v.Out() == DType::kI8; }},
    {OpKind::kLogistic, 3, InOutAre<DType::kI16>},
    {OpKind::kLogistic, 2, InIs<0, DType::kI8>},
    {OpKind::kMaxPool2d, 3, InOutAre<DType::kI16>},
    {OpKind::kMaxPool2d, 2, InIs<0, DType::kI8>},
    {OpKind::kMul, 8, InIs<0, DType::kF16>},
    {OpKind::kMul, 7, [](const OpView& v) { return v.In(0) == DType::kU32 || PlainI16(v); }},
    {OpKind::kMul, 6, InIs<0, DType::kC64>},
    {OpKind::kMul, 5, InIs<0, DType::kI64>},
    {OpKind::kMul, 4, InIs<0, DType::kI16>},
    {OpKind::kMul, 3, ProductScaleAtLeastOne},
    {OpKind::kMul, 2, InIs<0, DType::kI8>},
    {OpKind::kRelu, 3, InIs<0, DType::kI16>},
    {OpKind::kRelu, 2, InIs<0, DType::kI8, DType::kU8>},
    {OpKind::kRelu6, 3, InIs<0, DType::kI16>},
    {OpKind::kRelu6, 2, InIs<0, DType::kI8>},
    {OpKind::kResizeBilinear, 4, InIs<0, DType::kI16>},
    {OpKind::kResizeBilinear, 3, HalfPixels},
    {OpKind::kResizeBilinear, 2, InIs<0, DType::kI8>},
    {OpKind::kSoftmax, 4, InIs<0, DType::kF16>},
    {OpKind::kSoftmax, 3, InIs<0, DType::kI16>},
    {OpKind::kSoftmax, 2, InIs<0, DType::kI8>},
    {OpKind::kSpaceToDepth, 2, InIs<0, DType::kI8>},
    {OpKind::kTanh, 3, InOutAre<DType::kI16>},
    {OpKind::kTanh, 2, InIs<0, DType::kI8>},
    {OpKind::kPad, 6, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kPad, 5, InIs<0, DType::kBool>},
    {OpKind::kPad, 4, RankAbove<4>},
    {OpKind::kPad, 3, InIs<0, DType::kI16>},
    {OpKind::kPad, 2, InIs<0, DType::kI8>},
    {OpKind::kGather, 8, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kGather, 7, InIs<0, DType::kI4>},
    {OpKind::kGather, 6, InIs<1, DType::kI16>},
    {OpKind::kGather, 5, [](const OpView& v) { return v.op.attrs.Int("batch_dims") != 0; }},
    {OpKind::kGather, 4, InIs<0, DType::kI16>},
    {OpKind::kGather, 3, InIs<0, DType::kBool>},
    {OpKind::kGather, 2, InIs<0, DType::kI8>},
    {OpKind::kTranspose, 9, InIs<0, DType::kF16>},
    {OpKind::kTranspose, 8,
     [](const OpView& v) { return v.Rank(0) > 6 || v.In(0) == DType::kBF16; }},
    {OpKind::kTranspose, 7, InIs<0, DType::kI4>},
    {OpKind::kTranspose, 6, RankAbove<5>},
    {OpKind::kTranspose, 5, InIs<0, DType::kI16>},
    {OpKind::kTranspose, 4, RankAbove<4>},
    {OpKind::kTranspose, 3, InIs<0, DType::kBool>},
    {OpKind::kTranspose, 2, InIs<0, DType::kI8>},
    {OpKind::kMean, 3, InIs<0, DType::kI16>},
    {OpKind::kMean, 2, InIs<0, DType::kI8>},
    {OpKind::kSub, 5, I16GeneralScale},
    {OpKind::kSub, 4, InIs<0, DType::kI64>},
    {OpKind::kSub, 3, AboveRank4},
    {OpKind::kSub, 2, InIs<0, DType::kI8>},
    {OpKind::kDiv, 2, AboveRank4},
    {OpKind::kSqueeze, 2, InIs<0, DType::kString>},
    {OpKind::kStridedSlice, 8, [](const OpView& v) { return v.op.attrs.Bool("offset"); }},
    {OpKind::kStridedSlice, 7, InIs<0, DType::kU32>},
    {OpKind::kStridedSlice, 6, MovesAxes},
    {OpKind::kStridedSlice, 5, InIs<0, DType::kString>},
    {OpKind::kStridedSlice, 4, RankAbove<4>},
    {OpKind::kStridedSlice, 3, InIs<0, DType::kBool>},
    {OpKind::kStridedSlice, 2, InIs<0, DType::kI8>},
    {OpKind::kExp, 2, InIs<0, DType::kI8, DType::kI16>},
    {OpKind::kTopkV2, 3, TopkI16},
    {OpKind::kTopkV2, 2, InIs<0, DType::kI8>},
    {OpKind::kSplit, 5, InIs<1, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kSplit, 4, InIs<1, DType::kI16>},
    {OpKind::kSplit, 3, InIs<1, DType::kI32>},
    {OpKind::kSplit, 2, InIs<1, DType::kI8>},
    {OpKind::kLogSoftmax, 2, InIs<0, DType::kI8>},
    {OpKind::kCast, 9, SideIs<DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kCast, 8, SideIs<DType::kI2, DType::kU4>},
    {OpKind::kCast, 7, SideIs<DType::kBF16>},
    {OpKind::kCast, 6,
     [](const OpView& v) { return v.In(0) == DType::kI4 && v.Out() == DType::kF32; }},
    {OpKind::kCast, 5, SideIs<DType::kF64, DType::kF16>},
    {OpKind::kCast, 4, SideIs<DType::kU16>},
    {OpKind::kCast, 3, SideIs<DType::kI8>},
    {OpKind::kCast, 2, SideIs<DType::kU32>},
    {OpKind::kMaximum, 4, InOutAre<DType::kI16>},
    {OpKind::kMaximum, 3, AboveRank4},
    {OpKind::kMaximum, 2, InIs<0, DType::kI8>},
    {OpKind::kArgMax, 3, InIs<0, DType::kBool>},
    {OpKind::kArgMax, 2, InIs<0, DType::kI8>},
    {OpKind::kMinimum, 4, InOutAre<DType::kI16>},
    {OpKind::kMinimum, 3, AboveRank4},
    {OpKind::kMinimum, 2, InIs<0, DType::kI8>},
    {OpKind::kLess, 3, InIs<0, DType::kI16>},
    {OpKind::kLess, 2, InIs<0, DType::kI8>},
    {OpKind::kPadv2, 6, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kPadv2, 5, InIs<0, DType::kBool>},
    {OpKind::kPadv2, 4, RankAbove<4>},
    {OpKind::kPadv2, 3, InIs<0, DType::kI16>},
    {OpKind::kPadv2, 2, InIs<0, DType::kI8>},
    {OpKind::kGreater, 2, InIs<0, DType::kI8>},
    {OpKind::kGreaterEqual, 3, InIs<0, DType::kI16>},
    {OpKind::kGreaterEqual, 2, InIs<0, DType::kI8>},
    {OpKind::kLessEqual, 2, InIs<0, DType::kI8>},
    {OpKind::kSelect, 4, InIs<0, DType::kU32>},
    {OpKind::kSelect, 3, AnyRank5},
    {OpKind::kSelect, 2, InIs<0, DType::kI8>},
    {OpKind::kSlice, 8, InIs<0, DType::kF16>},
    {OpKind::kSlice, 7, InIs<0, DType::kI4>},
    {OpKind::kSlice, 6, InIs<0, DType::kU32>},
    {OpKind::kSlice, 5, RankAbove<4>},
    {OpKind::kSlice, 4, InIs<0, DType::kI16>},
    {OpKind::kSlice, 3, InIs<0, DType::kString>},
    {OpKind::kSlice, 2, InIs<0, DType::kI8>},
    {OpKind::kSin, 2, InIs<0, DType::kF16>},
    {OpKind::kTransposeConv, 4, [](const OpView& v) { return v.Activated(); }},
    {OpKind::kTransposeConv, 3, [](const OpView& v) { return v.Has(3); }},
    {OpKind::kTransposeConv, 2, InIs<1, DType::kI8>},
    {OpKind::kTile, 3, InIs<0, DType::kI8>},
    {OpKind::kTile, 2, InIs<0, DType::kString>},
    {OpKind::kEqual, 5, InIs<0, DType::kI16>},
    {OpKind::kEqual, 3, InIs<0, DType::kString>},
    {OpKind::kEqual, 2, InIs<0, DType::kI8>},
    {OpKind::kNotEqual, 4, InIs<0, DType::kI16>},
    {OpKind::kNotEqual, 3, InIs<0, DType::kString>},
    {OpKind::kNotEqual, 2, InIs<0, DType::kI8>},
    {OpKind::kLog, 2, InIs<0, DType::kI8, DType::kI16>},
    {OpKind::kSum, 2, InIs<0, DType::kI8>},
    {OpKind::kSqrt, 2, InIs<0, DType::kI8, DType::kI16>},
    {OpKind::kRsqrt, 3, InIs<0, DType::kI16>},
    {OpKind::kRsqrt, 2, InIs<0, DType::kI8>},
    {OpKind::kArgMin, 3, InIs<0, DType::kBool>},
    {OpKind::kArgMin, 2, InIs<0, DType::kI8>},
    {OpKind::kReduceProd, 2, InIs<0, DType::kI8, DType::kI16>},
    {OpKind::kReduceMax, 3, InIs<0, DType::kI16>},
    {OpKind::kReduceMax, 2, InIs<0, DType::kI8>},
    {OpKind::kPack, 5, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kPack, 2, InIs<0, DType::kI8>},
    {OpKind::kPack, 3, InOutAre<DType::kI16>},
    {OpKind::kPack, 4, InIs<0, DType::kU32>},
    {OpKind::kUnpack, 6, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kUnpack, 2, InIs<0, DType::kI8, DType::kU8>},
    {OpKind::kUnpack, 3, InIs<0, DType::kBool>},
    {OpKind::kUnpack, 4, InOutAre<DType::kI16>},
    {OpKind::kUnpack, 5, InIs<0, DType::kF16, DType::kBF16>},
    {OpKind::kReduceMin, 3, InIs<0, DType::kI16>},
    {OpKind::kReduceMin, 2, InIs<0, DType::kI8>},
    {OpKind::kFloorDiv, 3, InIs<0, DType::kI16, DType::kI8>},
    {OpKind::kFloorDiv, 2, InIs<0, DType::kF32>},
    {OpKind::kFill, 5, InIs<1, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kFill, 4, InIs<1, DType::kF16>},
    {OpKind::kFill, 3, InIs<1, DType::kI8, DType::kI16>},
    {OpKind::kFill, 2, InIs<1, DType::kBool, DType::kString>},
    {OpKind::kFloorMod, 2, InIs<0, DType::kI16, DType::kI8>},
    {OpKind::kRange, 2, InIs<0, DType::kI64>},
    {OpKind::kResizeNearestNeighbor, 4, InIs<0, DType::kI16>},
    {OpKind::kResizeNearestNeighbor, 3, PixelOptions},
    {OpKind::kResizeNearestNeighbor, 2, InIs<0, DType::kI8>},
    {OpKind::kLeakyRelu, 2, InIs<0, DType::kI16>},
    {OpKind::kSquaredDifference, 2, InIs<0, DType::kI8>},
    {OpKind::kMirrorPad, 3, InIs<0, DType::kI16>},
    {OpKind::kMirrorPad, 2, InIs<0, DType::kI8>},
    {OpKind::kAbs, 5, InIs<0, DType::kI32>},
    {OpKind::kAbs, 4, PlainI16},
    {OpKind::kAbs, 3, InIs<0, DType::kI16>},
    {OpKind::kAbs, 2, InIs<0, DType::kI8, DType::kU8>},
    {OpKind::kSplitV, 3, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kSplitV, 2, InIs<0, DType::kI8>},
    {OpKind::kReverseV2, 4, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kReverseV2, 3, InIs<0, DType::kI8>},
    {OpKind::kReverseV2, 2, InIs<0, DType::kBool>},
    {OpKind::kGatherNd, 6, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kGatherNd, 5, InIs<0, DType::kBool>},
    {OpKind::kGatherNd, 4, InIs<1, DType::kI16>},
    {OpKind::kGatherNd, 3, InIs<0, DType::kI16>},
    {OpKind::kGatherNd, 2, InIs<0, DType::kString>},
    {OpKind::kCos, 2, InIs<0, DType::kF16>},
    {OpKind::kQuantize, 5, SideIs<DType::kU4>},
    {OpKind::kQuantize, 4, SideIs<DType::kI4>},
    {OpKind::kQuantize, 3, [](const OpView& v) { return v.OutQuant().scale.size() > 1; }},
    {OpKind::kQuantize, 2, [](const OpView& v) { return v.Out() == DType::kI16; }},
    {OpKind::kWhere, 2, [](const OpView& v) { return v.In(0) != DType::kBool; }},
    {OpKind::kSelectV2, 2, InIs<0, DType::kU32>},
    {OpKind::kBatchMatmul, 3, InIs<0, DType::kI16>},
    {OpKind::kBatchMatmul, 2, InIs<0, DType::kI8>},
    {OpKind::kBatchMatmul, 4, AsymmetricHybrid},
    {OpKind::kBroadcastTo, 4, InIs<0, DType::kF8E4M3FN, DType::kF8E5M2>},
    {OpKind::kBroadcastTo, 3, InIs<0, DType::kI8, DType::kI16>},
    {OpKind::kBroadcastTo, 2, [](const OpView&) { return true; }},
    {OpKind::kGelu, 3, InIs<0, DType::kF16>},
    {OpKind::kGelu, 2, InIs<0, DType::kI8, DType::kU8>},
    {OpKind::kDynamicUpdateSlice, 6, InIs<0, DType::kBF16>},
    {OpKind::kDynamicUpdateSlice, 5, InIs<0, DType::kI4>},
    {OpKind::kDynamicUpdateSlice, 4, InIs<0, DType::kI16>},
    {OpKind::kDynamicUpdateSlice, 3, InIs<0, DType::kF16>},
    {OpKind::kDynamicUpdateSlice, 2, InIs<2, DType::kI64>},
    {OpKind::kSign, 2, InIs<0, DType::kI32>},
};

}  // namespace

int OperatorVersion(const ir::Graph& graph, const ir::Op& op) {
  const OpView view{graph, op};
  for (const VersionRule& rule : kRules) {
    if (rule.kind == op.kind && rule.when(view)) return rule.version;
  }
  return 1;
}

}  // namespace smelt::tflite_export
