// The passes that make a module simpler without knowing the target. Legalization is in legalize.h.
// Each works on every graph of the module, in linear time, and merges the origins of what it
// replaces. A status other than OK is a defect of ours.
#pragma once

#include "core/base/status.h"
#include "core/passes/pass.h"

namespace smelt::passes {

// Removes TRANSPOSE, RESHAPE and CAST that change nothing; those of constants become views. Removes
// multiplication by 1 and addition of 0.
Status Canonicalize(PassContext& context);

// Multiplications and additions by per-channel constants behind a convolution or FULLY_CONNECTED go
// into its weights and bias, also where the importer's TRANSPOSE stands between.
Status FoldBatchNorm(PassContext& context);

// RELU, RELU6 and RELU_N1_TO_1 directly behind an operator with a fused activation become that.
Status FuseActivation(PassContext& context);

// FULLY_CONNECTED operators of one operand that become the heads of one attention become one, with
// a SPLIT behind it. Requires that composites are expanded, or kept.
Status JoinProducts(PassContext& context);

// Convolutions and products behind shuffled channels read these unshuffled, their weights in that
// order. Requires that activations are fused.
Status RouteChannels(PassContext& context);

// GATHER of one position, PACK and UNPACK become RESHAPE with SLICE, CONCATENATION and SPLIT.
Status ExposeViews(PassContext& context);

// Says with operators that LiteRT's CPU delegate takes what others say as well, exactly.
Status PreferDelegated(PassContext& context);

// Computes sizes by operators that LiteRT runs when it prepares a graph, where they say the same.
Status PrepareSizes(PassContext& context);

// Decides for all operators at once in which order of axes they work, so that few TRANSPOSEs are
// left (layout/layout.h). Requires that composites are expanded, or kept: those stay in the
// source's order.
Status SolveLayout(PassContext& context);

// Stores float32 weights as float16, if the job asks for it.
Status Float16Weights(PassContext& context);

// Weights of products, convolutions and tables become int8: operands of hybrid kernels where the
// runtime has one that gains by it, else behind a DEQUANTIZE (quantize/dynamic_range.cc).
Status DynamicRangeWeights(PassContext& context);

// Activations and weights become integers wherever the runtime has a kernel, if the job asks for it
// (quantize/full_integer.cc). Stands behind all that decides which operators there are: what is
// calibrated is the graph that is quantized.
Status FullInteger(PassContext& context);

// Operators of equal kind, operands and attributes become one.
Status ShareEqual(PassContext& context);

// Erases operators whose results nobody uses.
Status RemoveDead(PassContext& context);

}  // namespace smelt::passes
