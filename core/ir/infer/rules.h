// The inference rules of the operator table, one function for each way in which result types follow
// from operands and attributes. Contract of each: InferFunction in op_table.h; operand counts were
// checked by the caller.
#pragma once

#include "core/ir/infer.h"

namespace smelt::ir::infer {

// elementwise.cc
Result<Types> Unary(const InferContext& context);       // the operand's own type
Result<Types> Binary(const InferContext& context);      // broadcast, one element type
Result<Types> Comparison(const InferContext& context);  // broadcast, bool
Result<Types> Logical(const InferContext& context);     // broadcast, bool operands
Result<Types> LogicalNot(const InferContext& context);
Result<Types> Select(const InferContext& context);
Result<Types> SelectV2(const InferContext& context);
Result<Types> Prelu(const InferContext& context);
Result<Types> Cast(const InferContext& context);
Result<Types> Dequantize(const InferContext& context);
Result<Types> Quantize(const InferContext& context);
Result<Types> Bitcast(const InferContext& context);

// conv.cc
Result<Types> Conv2d(const InferContext& context);
Result<Types> DepthwiseConv2d(const InferContext& context);
Result<Types> TransposeConv(const InferContext& context);

// conv_3d.cc
Result<Types> Conv3d(const InferContext& context);
Result<Types> Conv3dTranspose(const InferContext& context);

// pool.cc
Result<Types> Pool2d(const InferContext& context);
Result<Types> Resize(const InferContext& context);
Result<Types> ChannelNormalization(const InferContext& context);  // rank 4, type unchanged

// matmul.cc
Result<Types> FullyConnected(const InferContext& context);
Result<Types> BatchMatmul(const InferContext& context);

// reduce.cc
Result<Types> Reduce(const InferContext& context);
Result<Types> ReduceBool(const InferContext& context);
Result<Types> ArgReduce(const InferContext& context);
Result<Types> LastAxis(const InferContext& context);  // rank 1 or more, type unchanged
Result<Types> Cumsum(const InferContext& context);
Result<Types> TopkV2(const InferContext& context);

// shape.cc
Result<Types> Reshape(const InferContext& context);
Result<Types> Transpose(const InferContext& context);
Result<Types> ExpandDims(const InferContext& context);
Result<Types> Squeeze(const InferContext& context);
Result<Types> ShapeOf(const InferContext& context);
Result<Types> RankOf(const InferContext& context);
Result<Types> DepthToSpace(const InferContext& context);
Result<Types> SpaceToDepth(const InferContext& context);

// fill.cc
Result<Types> BroadcastTo(const InferContext& context);
Result<Types> Tile(const InferContext& context);
Result<Types> Fill(const InferContext& context);
Result<Types> Range(const InferContext& context);
Result<Types> OneHot(const InferContext& context);
Result<Types> Pad(const InferContext& context);  // PAD, PADV2, MIRROR_PAD

// slice.cc
Result<Types> Slice(const InferContext& context);
Result<Types> StridedSlice(const InferContext& context);
Result<Types> Reverse(const InferContext& context);
Result<Types> Gather(const InferContext& context);
Result<Types> GatherNd(const InferContext& context);
Result<Types> EmbeddingLookup(const InferContext& context);
Result<Types> DynamicUpdateSlice(const InferContext& context);

// suppression.cc
Result<Types> NonMaxSuppression(const InferContext& context);

// scatter.cc
Result<Types> ScatterNd(const InferContext& context);
Result<Types> UnsortedSegment(const InferContext& context);
Result<Types> Where(const InferContext& context);
Result<Types> ReverseSequence(const InferContext& context);

// join.cc
Result<Types> Concatenation(const InferContext& context);
Result<Types> Pack(const InferContext& context);
Result<Types> Unpack(const InferContext& context);
Result<Types> Split(const InferContext& context);
Result<Types> SplitV(const InferContext& context);

}  // namespace smelt::ir::infer
