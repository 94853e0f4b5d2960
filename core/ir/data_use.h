// What the operator table doesn't say of element types: which operands and results of an operator
// carry the type that it computes in, and what it does to their values. Legalization chooses
// detours by it, and importers count by it how often a node would round.
#pragma once

#include <cstdint>

#include "core/ir/op_kind.h"

namespace smelt::ir {

// How the values of the data operands are used.
enum class DataUse : std::uint8_t {
  kMoves,     // copied as they are: any type of the same width will do
  kOrders,    // compared or copied: any wider type that holds every value will do, float too
  kRing,      // added, multiplied, tested for equality: exact modulo 2^n, so signs don't matter
  kComputes,  // integers need a wider integer type and wrap when they come back; floats a wider one
};

struct DataOperands {
  ir::OpKind kind;
  std::uint32_t operands;  // bit i: operand i carries the type; all ones: every operand
  std::uint32_t results;   // likewise
  DataUse use;
};
inline constexpr std::uint32_t kEvery = UINT32_MAX;

// Null: the operator has no such operands, or its types can't be changed.
const DataOperands* FindDataOperands(ir::OpKind kind);

}  // namespace smelt::ir
