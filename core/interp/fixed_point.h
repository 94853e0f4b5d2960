// Fixed-point arithmetic of TFLite's integer kernels, bit for bit: products with real factors that
// are stored as 31-bit significands and powers of two. Sources: gemmlowp's fixedpoint.h and
// TFLite's kernels/internal/common.h, whose reference kernels LiteRT 2.3.0 builds with the double
// rounding (found by comparison: tests/oracle/probe_quantized.py).
//
// Pure functions; every input has a result (overflows wrap or saturate as stated, none is
// undefined).
#pragma once

#include <cstdint>

namespace smelt::interp {

// How the product of an accumulator and a factor loses its low bits.
enum class Rounding {
  kDouble,  // by gemmlowp: to 31 bits below the left shift, halves up; then by the right shift,
            // halves away from zero. Up to one off the right result.
  kSingle,  // once, halves up (builds with TFLITE_SINGLE_ROUNDING, and some vector code)
};

// floor((a * b + 2^30) / 2^31); -2^31 times itself saturates to 2^31 - 1.
std::int32_t SaturatingRoundingDoublingHighMul(std::int32_t a, std::int32_t b);
// The same on 16 bits: floor((a * b + 2^14) / 2^15).
std::int16_t SaturatingRoundingDoublingHighMul(std::int16_t a, std::int16_t b);
// x / 2^exponent, halves away from zero. exponent in [0, 31].
std::int32_t RoundingDivideByPot(std::int32_t x, int exponent);
// x * 2^exponent, saturated. exponent in [0, 31].
std::int32_t SaturatingLeftShift(std::int32_t x, int exponent);
std::int16_t SaturatingLeftShift(std::int16_t x, int exponent);

// A real factor: value * 2^(shift - 31), |value| in [2^30, 2^31) or 0.
struct Multiplier {
  std::int32_t value = 0;
  int shift = 0;
  friend bool operator==(const Multiplier&, const Multiplier&) = default;
};

// The nearest one; 0 below 2^-32 and for what is not finite. From 2^30 on it stays just below.
Multiplier QuantizeMultiplier(double factor);

// x * factor. With kDouble a left shift wraps modulo 2^32, as the runtime's does. 0 where the shift
// leaves no bit.
std::int32_t MultiplyByQuantizedMultiplier(std::int32_t x, Multiplier factor,
                                           Rounding rounding = Rounding::kDouble);
// The same of the 64-bit accumulators of 16-bit activations: 15 bits of the factor, rounded once,
// halves up. Exact for |x| < 2^47; outside of that it wraps.
std::int32_t MultiplyByQuantizedMultiplier(std::int64_t x, Multiplier factor);

}  // namespace smelt::interp
