// What a job asks of the quantizer of activations, and what it is told of the outcome.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ir/dtype.h"
#include "core/passes/quantize/value_ranges.h"

namespace smelt::passes {

struct IntegerSummary {
  // An operator that computes in float32 between QUANTIZE and DEQUANTIZE.
  struct Island {
    std::string op;      // "LOCAL_RESPONSE_NORMALIZATION"
    std::string tensor;  // its first result
    std::string why;
  };
  std::uint32_t integer_operators = 0;
  std::uint32_t float_operators = 0;  // of those that have float32 operands or results
  std::uint32_t weights = 0;          // constants that became int8
  std::uint64_t float_bytes = 0;      // of these, before
  std::uint64_t quantized_bytes = 0;  // and after, without scales
  std::uint32_t quantize = 0;         // QUANTIZE and
  std::uint32_t dequantize = 0;       // DEQUANTIZE that stand at borders
  std::vector<Island> islands;        // each cause in program order
};

struct IntegerOptions {
  ir::DType activations = ir::DType::kI8;  // or i16, then without zero points
  ir::DType io = ir::DType::kF32;          // of the signatures' float32 inputs and outputs: f32,
                                           // u8 or the activations' type
  bool strict = false;                     // an operator that stays float is an error
  bool one_scale_a_weight = false;         // not one a channel
  RangeSource ranges;                      // calibration
  IntegerSummary* summary = nullptr;       // or null
};

}  // namespace smelt::passes
