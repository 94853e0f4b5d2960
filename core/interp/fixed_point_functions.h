// Functions on fixed-point numbers as TFLite's reference kernels compute them, bit for bit
// (gemmlowp's fixedpoint.h; TFLite's kernels/internal/common.h). "Q5" is an int32 with 5 integer
// bits: the number times 2^26; "Q0" one of [-1, 1) times 2^31.
#pragma once

#include <cstdint>

#include "core/interp/fixed_point.h"

namespace smelt::interp {

// e^x as Q0, of x <= 0 as Q5.
std::int32_t ExpOfNegative(std::int32_t x);

// 1 / x of x > 0 with `digits` integer bits: value * 2^-(31 + bits_over_unit), value in
// [2^30, 2^31).
struct Reciprocal {
  std::int32_t value;
  int bits_over_unit;
};
Reciprocal ReciprocalOf(std::int32_t x, int digits);

// 1 / sqrt(x) of an integer; of x <= 1 the largest factor below 1.
Multiplier InverseSqrt(std::int32_t x);

}  // namespace smelt::interp
