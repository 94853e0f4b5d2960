// QuantizedKernel: what LiteRT's integer kernel of an operator demands of scales and zero points.
//
// One table for all: which operators have kernels of int8 and of int16 activations, which operands
// are activations, weights and bias, and how a result's parameters depend on the operands'. Weights
// are int8 without zero points, [-127, 127], with a scale for each index of an axis; a bias is
// int32 (int64 beside int16 activations) of scale input * weights. Activations of int8 have one
// scale and one zero point, those of int16 a zero point of 0.
#pragma once

#include <cstdint>
#include <span>

#include "core/ir/dtype.h"
#include "core/ir/op_kind.h"

namespace smelt::target {

// How the parameters of an operator's results are given.
enum class ResultScale : std::uint8_t {
  kFree,    // any: the range of the values decides
  kShared,  // those of the operands, which must all be equal
  kFixed,   // by the kernel
  kNone,    // its results are no quantized numbers (indices, float32 of a table)
};

struct FixedScale {
  float scale = 0;
  int zero_point = 0;
  friend bool operator==(const FixedScale&, const FixedScale&) = default;
};

struct QuantizedKernel {
  ir::OpKind kind;
  ResultScale result;
  std::uint32_t activations;  // bit i: operand i is a tensor of activations; all ones: every one
  bool int16;                 // there is a kernel of int16 activations as well
  int weights = -1;           // operand, or -1
  int weights_axis = 0;       // that has a scale for each index
  int bias = -1;              // operand, or -1
  FixedScale fixed8 = {}, fixed16 = {};
  // Computes with so few digits in integers that a float island serves a network better.
  bool coarse = false;
};

// Null: integers of the operator's float operands have no kernel.
const QuantizedKernel* FindQuantizedKernel(ir::OpKind kind);
std::span<const QuantizedKernel> QuantizedKernels();

// Whether operand `operand` is a tensor of activations.
bool IsActivation(const QuantizedKernel& kernel, int operand);

}  // namespace smelt::target
