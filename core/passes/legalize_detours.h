// What legalization knows of the operators beside the runtime's tables: which operands and results
// carry the element type that a kernel computes in, and which detours are exact for it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/ir/op_kind.h"
#include "core/target/profile.h"

namespace smelt::passes {

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

// The type to compute in instead of `dtype`, and whether it is reached by BITCAST (else by CAST).
struct Detour {
  ir::DType dtype;
  bool bitcast;
};
// Nothing when no type that the kernel has (`supported`) gives the exact result.
std::optional<Detour> FindDetour(DataUse use, ir::DType dtype, target::TypeSet supported);

}  // namespace smelt::passes
