// Which operands of which operators are weights, and in which forms runtimes take them as int8.
#pragma once

#include <cstdint>
#include <span>

#include "core/ir/op_kind.h"

namespace smelt::passes {

inline constexpr int kOneScale = -1;

struct WeightChoice {
  enum class Form {
    kHybrid,  // an int8 operand: the kernel rounds the other one as it runs, by its own range
    kStored,  // int8 -> DEQUANTIZE -> float32 operand
    kRows,    // an int8 table of EMBEDDING_LOOKUP, which gives the numbers of the rows it takes
    kLookup,  // an int8 table; DEQUANTIZE behind the operator
  };
  Form form;
  int axis;  // that has a scale for each index, or kOneScale
};

struct WeightUse {
  ir::OpKind kind;
  std::uint32_t operand;
  // Smaller ones spare little and cost digits: convolutions' small ones, near a network's input,
  // cost most (MobileNetV2's outputs have a cosine of 0.993 with them, and of 0.999 without).
  std::int64_t fewest_elements;
  std::span<const WeightChoice> choices;  // the best first
};

std::span<const WeightUse> WeightUses();
const WeightUse* FindWeightUse(ir::OpKind kind, std::uint32_t operand);  // null: no weight

}  // namespace smelt::passes
