// CausalConvWithState: each channel filtered over the current and earlier positions; what a next
// call needs of them is the second result.
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status InferCausalConv(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  node.SetOutputType(0, node.input_type(0));
  if (node.input_rank(0) != 3 || node.input_rank(1) != 3) return Status::Ok();
  const Dim taps = node.input_shape(1).dim(2);
  if (!taps.is_static() || taps.value() < 1) return Status::Ok();
  Shape state = node.input_shape(0);
  state.dim(2) = Dim(taps.value() - 1);
  node.SetOutputType(1, {node.input_dtype(0), std::move(state)});
  return Status::Ok();
}

// The positions with `before` earlier ones in front: the state, or zeros.
ValueId WithPast(OnnxNode& node, Builder& out, std::int32_t before) {
  if (before == 0) return node.input(0);
  if (node.has_input(3)) {
    return out.Emit(
        OpKind::kConcatenation, {node.input(3), node.input(0)},
        {{"axis", std::int64_t{2}}, {"fused_activation_function", std::string("NONE")}});
  }
  const ValueId padding = out.Const(ir::Constant::FromValues<std::int32_t>(
      ir::DType::kI32, {3, 2}, std::vector<std::int32_t>{0, 0, 0, 0, before, 0}));
  return out.Emit(OpKind::kPad, {node.input(0), padding});
}

ValueId LastPositions(Builder& out, ValueId x, std::int32_t count) {
  if (count == 0) {
    return out.Emit(OpKind::kSlice, {x, out.ConstI32({0, 0, 0}), out.ConstI32({-1, -1, 0})});
  }
  return out.Emit(
      OpKind::kStridedSlice,
      {x, out.ConstI32({0, 0, -count}), out.ConstI32({0, 0, 0}), out.ConstI32({1, 1, 1})},
      {{"begin_mask", std::int64_t{3}}, {"end_mask", std::int64_t{7}}});
}

Status TranslateCausalConv(OnnxNode& node, Builder& out) {
  const ir::DType type = node.input_dtype(0);
  const std::int64_t channels = node.input_shape(1).dim(0).value();
  const std::int64_t taps = node.input_shape(1).dim(2).value();
  const auto before = static_cast<std::int32_t>(taps - 1);
  const ValueId padded = WithPast(node, out, before);
  ValueId bias = node.input(2);
  if (!bias.valid()) {
    const std::vector<double> zeros(static_cast<std::size_t>(channels));
    bias = out.Const(ir::Constant::FromValues<double>(ir::DType::kF64, {channels}, zeros)
                         .Cast(type)
                         .Evaluated());
  }
  const ValueId filter =
      out.Transpose(out.Reshape(node.input(1), Shape{channels, 1, 1, taps}), {1, 2, 3, 0});
  ValueId y = out.Emit(OpKind::kDepthwiseConv2d, {ToChannelsLast(out, padded), filter, bias},
                       {{"padding", std::string("VALID")},
                        {"stride_h", std::int64_t{1}},
                        {"stride_w", std::int64_t{1}},
                        {"dilation_h_factor", std::int64_t{1}},
                        {"dilation_w_factor", std::int64_t{1}},
                        {"depth_multiplier", std::int64_t{1}},
                        {"fused_activation_function", std::string("NONE")}});
  y = FromChannelsLast(out, y, 3);
  if (node.String("activation", "none") != "none") {
    y = out.Mul(y, out.Unary(OpKind::kLogistic, y));
  }
  node.SetOutput(0, y);
  if (node.has_output(1)) node.SetOutput(1, LastPositions(out, padded, before));
  return out.status();
}

// Weights (channels, 1, taps), bias (channels), past state (batch, channels, taps - 1).
Verdict OperandsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1) || node.input_rank(0) != 3) {
    return Verdict::kNotChecked;
  }
  const Shape& weights = node.input_shape(1);
  const Dim channels = node.input_shape(0).dim(1);
  const auto may_be = [](Dim dim, Dim value) {
    return dim == value || !dim.is_static() || !value.is_static();
  };
  if (weights.rank() != 3 || !weights.IsStatic() || weights.dim(1) != Dim(1) ||
      weights.dim(2).value() < 1 || weights.dim(0).value() < 1 ||
      !may_be(channels, weights.dim(0))) {
    return Violated(node, 1, node.input_text(1), finding);
  }
  if (node.knows_input(2) &&
      (node.input_rank(2) != 1 || !may_be(node.input_shape(2).dim(0), weights.dim(0)))) {
    return Violated(node, 2, node.input_text(2), finding);
  }
  if (node.knows_input(3)) {
    const Shape& past = node.input_shape(3);
    if (past.rank() != 3 || !may_be(past.dim(0), node.input_shape(0).dim(0)) ||
        !may_be(past.dim(1), weights.dim(0)) ||
        !may_be(past.dim(2), Dim(weights.dim(2).value() - 1))) {
      return Violated(node, 3, node.input_text(3), finding);
    }
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kCausalConv[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 3}, "input of rank {lo}"},
    {Reason::kDynamicDimensionUnsupported, StaticShape<1>, {}, "weights of static shape"},
    {Reason::kShapeMismatch,
     OperandsFit,
     {},
     "weights (channels, 1, taps), bias (channels), past state (batch, channels, taps - 1)"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"activation", "none", "silu", "swish">,
     {},
     "activation none, silu or swish"},
};

constexpr OnnxRule kRules[] = {
    {"", "CausalConvWithState", 27, 27, kCausalConv, InferCausalConv, TranslateCausalConv},
};

}  // namespace

std::span<const OnnxRule> CausalConvRules() { return kRules; }

}  // namespace smelt::onnx_import
