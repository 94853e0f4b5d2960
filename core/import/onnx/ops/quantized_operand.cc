#include "core/import/onnx/ops/quantized_operand.h"

#include "core/import/onnx/ops/integer_sum.h"

namespace smelt::onnx_import {

using ir::Builder;
using ir::DType;
using ir::ValueId;

ValueId OneNumber(const OnnxNode& node, Builder& out, int input) {
  return out.Reshape(out.Cast(node.input(input), DType::kF32), ir::Shape{});
}

ValueId WithoutZero(const OnnxNode& node, Builder& out, int x) {
  const ValueId wide = out.Cast(node.input(x), DType::kF32);
  return node.has_input(x + 2) ? out.Sub(wide, OneNumber(node, out, x + 2)) : wide;
}

ValueId RealNumbers(const OnnxNode& node, Builder& out, int x) {
  return out.Mul(WithoutZero(node, out, x), OneNumber(node, out, x + 1));
}

ValueId ToQuantized(const OnnxNode& node, Builder& out, ValueId steps, int scale, DType type) {
  const ValueId zero = node.has_input(scale + 1) ? OneNumber(node, out, scale + 1) : ValueId{};
  return Saturated(out, steps, zero, type);
}

}  // namespace smelt::onnx_import
