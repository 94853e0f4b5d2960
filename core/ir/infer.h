// Shape arithmetic shared by the inference rules of operators and by importers that infer shapes of
// their own. Every function takes static, symbolic and unknown dimensions; an unknown one gives an
// unknown result unless the other operands decide alone. Pure but for interning in the symbol
// table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/ir/op_table.h"
#include "core/ir/shape.h"
#include "core/ir/symbols.h"

namespace smelt::ir::infer {

using Types = std::vector<TensorType>;

Dim Add(SymbolTable& symbols, Dim a, Dim b);
Dim Sub(SymbolTable& symbols, Dim a, Dim b);
Dim Mul(SymbolTable& symbols, Dim a, Dim b);
Dim Min(SymbolTable& symbols, Dim a, Dim b);
Dim Max(SymbolTable& symbols, Dim a, Dim b);
// Unknown when b is static 0.
Dim FloorDiv(SymbolTable& symbols, Dim a, Dim b);
Dim CeilDiv(SymbolTable& symbols, Dim a, Dim b);
Dim Product(SymbolTable& symbols, std::span<const Dim> dims);

// One size under NumPy broadcasting; kShapeMismatch when both are static, unequal and not 1. Two
// different symbols give their maximum (exact unless a run time has 0 on one side and 1 on the
// other).
Result<Dim> BroadcastDim(SymbolTable& symbols, Dim a, Dim b);
Result<Shape> BroadcastShapes(SymbolTable& symbols, const Shape& a, const Shape& b);

// Two dimensions that must be the same size: the better known one; kShapeMismatch when both are
// static and differ. Unequal symbols are not refused: they may be equal at run time.
Result<Dim> SameDim(Dim a, Dim b);

// Positions of a sliding window: TFLite's SAME ceil(in / stride), else VALID
// floor((in - (filter - 1) * dilation - 1) / stride) + 1, not below 0.
Dim WindowPositions(SymbolTable& symbols, Dim input, Dim filter, std::int64_t stride,
                    std::int64_t dilation, bool same);

// Elements that [begin:end:stride] takes of an axis, by Python's rules with TFLite's clamping.
// `begin` or `end` absent: from the first, to the last element in the direction of `stride`.
Dim SliceSize(SymbolTable& symbols, Dim size, std::optional<std::int64_t> begin,
              std::optional<std::int64_t> end, std::int64_t stride);

// An index, end or step of a slice, near enough to 0 that sums of two don't overflow. No axis is so
// long that the result would change.
constexpr std::int64_t ClampIndex(std::int64_t at) {
  constexpr std::int64_t kFar = std::int64_t{1} << 61;
  return at < -kFar ? -kFar : (at > kFar ? kFar : at);
}

// The axes in ascending order without duplicates; kShapeMismatch when one is out of range.
Result<std::vector<int>> NormalizeAxes(std::span<const std::int64_t> axes, int rank);

// --- Operands, for the rules. ---
const TensorType& OperandType(const InferContext& context, int operand);
const Shape& OperandShape(const InferContext& context, int operand);
bool HasOperand(const InferContext& context, int operand);
// The values of a constant integer operand.
std::optional<std::vector<std::int64_t>> OperandInts(const InferContext& context, int operand);
// The one value of a constant integer operand.
std::optional<std::int64_t> OperandInt(const InferContext& context, int operand);
// Number of elements of a rank 0 or 1 operand; kUnknownRank when it is not static.
Result<int> OperandLength(const InferContext& context, int operand);

// kUnsupportedRank unless the operand's rank is in [low, high].
Status RequireRank(const InferContext& context, int operand, int low, int high);
// kTypeMismatch unless both operands have one element type.
Status RequireSameType(const InferContext& context, int a, int b);
// The element type that attribute out_data_type names; kTypeMismatch when it names none.
Result<DType> NamedResult(const InferContext& context);
Shape UnknownShape(int rank);
// `Status(kShapeMismatch, text)` with the operand's type in the text.
Status BadOperand(const InferContext& context, int operand, const std::string& why);

}  // namespace smelt::ir::infer
