// Operands of ONNX Runtime's 8-bit operators: a tensor, then its scale, then its zero point, which
// may be absent. Scales and zero points have one element.
#pragma once

#include <cstdint>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// A scale or zero point as f32 of rank 0.
ir::ValueId OneNumber(const OnnxNode& node, ir::Builder& out, int input);
// Tensor `x` as f32 without its zero point.
ir::ValueId WithoutZero(const OnnxNode& node, ir::Builder& out, int x);
// Tensor `x` as the numbers that it stands for.
ir::ValueId RealNumbers(const OnnxNode& node, ir::Builder& out, int x);
// `steps` of the scale at input `scale`, rounded, with the zero point behind it, as `type`.
ir::ValueId ToQuantized(const OnnxNode& node, ir::Builder& out, ir::ValueId steps, int scale,
                        ir::DType type);

template <std::uint32_t kMask>
Verdict OneElement(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = 0; i < node.input_count(); ++i) {
    if ((kMask >> i & 1) == 0 || !node.has_input(i)) continue;
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    if (node.input_shape(i).ElementCount() != 1) {
      return Violated(node, i, node.input_text(i), finding);
    }
  }
  return Verdict::kHolds;
}
// Scales and zero points at the inputs of the mask have one element.
template <std::uint32_t kMask>
inline constexpr OnnxConstraint kOneElement = {
    Reason::kShapeMismatch, OneElement<kMask>, {}, "scales and zero points of one element"};

}  // namespace smelt::onnx_import
