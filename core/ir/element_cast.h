// Elementwise arithmetic on blocks of elements: the steps of a Constant. Types below a byte are
// held one element a byte here. Pure functions; results depend on the arguments alone.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/bytes.h"
#include "core/ir/dtype.h"

namespace smelt::ir {

// True for the types that CastBlock knows: bool, all integers, f16, bf16, f32, f64.
bool IsNumeric(DType dtype);

// Bytes of one element in a block; 1 for types below a byte.
int BlockElementBytes(DType dtype);

// Converts `count` elements by CAST's rules: float to integer truncates, saturates and makes NaN 0;
// integer to integer wraps; anything but zero (NaN too) becomes true; float to float rounds once.
// Requires IsNumeric of both; the blocks must not overlap.
void CastBlock(DType from_type, const std::byte* from, DType to_type, std::byte* to,
               std::int64_t count);

// block[i] = block[i] * value or + value, in double, rounded once. Where `values` has several, the
// one for element i is the one at ((first + i) / inner) % size. Requires a float type of IsNumeric.
void MultiplyBlock(DType dtype, std::byte* block, std::int64_t count,
                   std::span<const double> values, std::int64_t inner, std::int64_t first);
void AddBlock(DType dtype, std::byte* block, std::int64_t count, std::span<const double> values,
              std::int64_t inner, std::int64_t first);

// to[i] = f32 block[i] / scale, rounded to the nearest integer, halves away from zero, within
// -largest and largest of `dtype` (-127 for i8); 0 for NaN. Computed in float32 by the scale's
// inverse. Scales are chosen as values are above. Requires a signed integer type of at most 16
// bits.
void QuantizeBlock(const std::byte* block, std::int64_t count, std::span<const double> scales,
                   std::int64_t inner, std::int64_t first, DType dtype, std::byte* to);

// Between stored elements of types below a byte (first element in the low bits) and blocks.
// `begin` counts elements from the first one in `from`.
void UnpackBlock(DType dtype, const std::byte* from, std::int64_t begin, std::int64_t count,
                 std::byte* to);
// `to` begins at a whole byte.
void PackBlock(DType dtype, const std::byte* from, std::int64_t count, std::byte* to);

}  // namespace smelt::ir
