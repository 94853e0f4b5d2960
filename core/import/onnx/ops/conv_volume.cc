#include "core/import/onnx/ops/conv_volume.h"

#include <algorithm>
#include <array>
#include <string>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

using Plans = std::array<AxisPlan, 3>;  // depth, height, width

Plans PlansOf(Builder& out, const VolumeConvolution& conv) {
  const Shape& shape = out.type(conv.x).shape;
  Plans plans;
  for (int i = 0; i < 3; ++i) {
    plans[static_cast<std::size_t>(i)] =
        PlanAxis(out.module().symbols(), shape.dim(i + 2), conv.window, i);
  }
  return plans;
}

// (N, D, H, W, C) with explicit padding.
ValueId Padded(Builder& out, ValueId x, const Plans& plans) {
  std::array<std::int32_t, 10> pads = {};
  for (std::size_t i = 0; i < 3; ++i) {
    pads[2 * i + 2] = static_cast<std::int32_t>(*plans[i].begin);
    pads[2 * i + 3] = static_cast<std::int32_t>(*plans[i].end);
  }
  if (std::ranges::all_of(pads, [](std::int32_t amount) { return amount == 0; })) return x;
  const ValueId table =
      out.Const(ir::Constant::FromValues<std::int32_t>(DType::kI32, {5, 2}, std::span(pads)));
  return out.Emit(OpKind::kPad, {x, table});
}

ValueId WholeVolume(Builder& out, const VolumeConvolution& conv, ValueId x, const Plans& plans) {
  const auto all = [&](auto holds) { return std::ranges::all_of(plans, holds); };
  const bool same = all([](const AxisPlan& plan) { return plan.is_same; }) &&
                    !all([](const AxisPlan& plan) { return plan.is_valid(); });
  if (!same) x = Padded(out, x, plans);
  const std::vector<WindowAxis>& axes = conv.window.axes;
  const ValueId filter = out.Transpose(conv.weights, {2, 3, 4, 1, 0});
  return out.Emit(OpKind::kConv3d, {x, filter, conv.bias},
                  {{"padding", std::string(same ? "SAME" : "VALID")},
                   {"stride_d", axes[0].stride},
                   {"stride_h", axes[1].stride},
                   {"stride_w", axes[2].stride},
                   {"dilation_d_factor", axes[0].dilation},
                   {"dilation_h_factor", axes[1].dilation},
                   {"dilation_w_factor", axes[2].dilation},
                   {"fused_activation_function", std::string("NONE")}});
}

// Plane `at` of the kernel: (out, in / group, h, w).
ValueId KernelPlane(Builder& out, ValueId weights, std::int64_t at) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(weights).shape;
  const Shape plane{shape.dim(0), shape.dim(1), shape.dim(3), shape.dim(4)};
  if (const ir::Constant* constant = out.constant(weights)) {
    std::vector<std::int64_t> size = constant->shape();
    size[2] = 1;
    const std::vector<std::int64_t> begin = {0, 0, at, 0, 0}, ones(5, 1);
    return out.Reshape(out.Const(constant->Sliced(begin, size, ones)), plane);
  }
  const auto first = static_cast<std::int32_t>(at);
  return out.Reshape(out.Emit(OpKind::kSlice, {weights, out.ConstI32({0, 0, first, 0, 0}),
                                               out.ConstI32({-1, -1, 1, -1, -1})}),
                     plane);
}

// The planes of padded x that plane `at` of the kernel meets, all of them a batch of images.
ValueId InputPlanes(Builder& out, ValueId x, const WindowAxis& axis, Dim count, std::int64_t at) {
  if (!out.status().ok()) return {};
  const auto first = static_cast<std::int32_t>(at * axis.dilation);
  const auto end =
      static_cast<std::int32_t>(at * axis.dilation + (count.value() - 1) * axis.stride + 1);
  constexpr std::int64_t kOthers = 0b11101;
  const ValueId planes =
      out.Emit(OpKind::kStridedSlice,
               {x, out.ConstI32({0, first, 0, 0, 0}), out.ConstI32({0, end, 0, 0, 0}),
                out.ConstI32({1, static_cast<std::int32_t>(axis.stride), 1, 1, 1})},
               {{"begin_mask", kOthers}, {"end_mask", kOthers}});
  if (!out.status().ok()) return {};
  const Shape shape = out.type(planes).shape;
  return out.Reshape(planes, {out.module().symbols().Mul(shape.dim(0), count), shape.dim(2),
                              shape.dim(3), shape.dim(4)});
}

ValueId PlaneByPlane(Builder& out, const VolumeConvolution& conv, ValueId x, const Plans& plans) {
  const Shape weights = out.type(conv.weights).shape;
  const std::int64_t channels = weights.dim(0).value();
  const Dim batch = out.type(x).shape.dim(0);
  const std::vector<WindowAxis>& axes = conv.window.axes;
  ir::Attributes attrs{{"padding", std::string("VALID")},
                       {"stride_h", axes[1].stride},
                       {"stride_w", axes[2].stride},
                       {"dilation_h_factor", axes[1].dilation},
                       {"dilation_w_factor", axes[2].dilation},
                       {"fused_activation_function", std::string("NONE")}};
  const bool depthwise = conv.group > 1 && weights.dim(1) == Dim(1);
  if (depthwise) attrs.Set("depth_multiplier", channels / conv.group);
  const DType dtype = out.type(x).dtype;
  const auto element = static_cast<std::size_t>(ir::ElementBits(dtype) / 8);
  const std::vector<std::byte> zero(element);
  const ValueId no_bias = out.Const(ir::Constant::Splat(dtype, {channels}, ByteSpan(zero)));
  x = Padded(out, x, plans);
  ValueId sum;
  for (std::int64_t at = 0; at < axes[0].kernel && out.status().ok(); ++at) {
    const ValueId images = InputPlanes(out, x, axes[0], plans[0].output, at);
    const ValueId plane = KernelPlane(out, conv.weights, at);
    const ValueId bias = at == 0 && conv.bias.valid() ? conv.bias : no_bias;
    const ValueId y =
        depthwise
            ? out.Emit(OpKind::kDepthwiseConv2d, {images, out.Transpose(plane, {1, 2, 3, 0}), bias},
                       attrs)
            : out.Emit(OpKind::kConv2d, {images, out.Transpose(plane, {0, 2, 3, 1}), bias}, attrs);
    sum = sum.valid() ? out.Add(sum, y) : y;
  }
  if (!out.status().ok()) return {};
  const Shape image = out.type(sum).shape;
  return out.Reshape(sum, {batch, plans[0].output, image.dim(1), image.dim(2), image.dim(3)});
}

}  // namespace

ValueId EmitVolumeConvolution(Builder& out, const VolumeConvolution& conv) {
  if (!out.status().ok()) return {};
  const Plans plans = PlansOf(out, conv);
  const ValueId x = out.Transpose(conv.x, {0, 2, 3, 4, 1});
  if (!out.status().ok()) return {};
  const ValueId y =
      conv.group > 1 ? PlaneByPlane(out, conv, x, plans) : WholeVolume(out, conv, x, plans);
  return out.Transpose(y, {0, 4, 1, 2, 3});
}

}  // namespace smelt::onnx_import
