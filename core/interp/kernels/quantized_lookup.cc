#include "core/interp/kernels/quantized_lookup.h"

#include <array>
#include <cmath>
#include <numbers>

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// Rounded to float32 where the runtime's are.
float Logistic(float x) { return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(x)))); }
float Tanh(float x) { return static_cast<float>(std::tanh(static_cast<double>(x))); }
float Elu(float x) { return x < 0 ? static_cast<float>(std::expm1(static_cast<double>(x))) : x; }
float Exp(float x) { return static_cast<float>(std::exp(static_cast<double>(x))); }
float Gelu(float x) {
  const double half = 0.5 * static_cast<double>(x);
  return static_cast<float>(half * std::erfc(-static_cast<double>(x) * std::numbers::sqrt2 / 2));
}
float GeluTanh(float x) {
  const auto wide = static_cast<double>(x);
  const double inner = std::sqrt(2 / std::numbers::pi) * (wide + 0.044715 * wide * wide * wide);
  return static_cast<float>(0.5 * wide * (1 + std::tanh(inner)));
}

using Function = float (*)(float);
Function FunctionOf(const KernelContext& context) {
  if (context.kind == kLogistic) return &Logistic;
  if (context.kind == kTanh) return &Tanh;
  if (context.kind == kElu) return &Elu;
  if (context.kind == kExp) return &Exp;
  if (context.kind == kGelu) return context.attrs.Bool("approximate") ? &GeluTanh : &Gelu;
  return nullptr;
}

std::array<std::int8_t, 256> TableOf(Function f, Affine x, Affine y) {
  std::array<std::int8_t, 256> table{};
  const float inverse = 1.0F / y.scale;
  for (std::int32_t q = -128; q < 128; ++q) {
    const float value = f(x.scale * static_cast<float>(q - x.zero));
    const float rounded = std::round(value * inverse);
    const double result =
        std::clamp(static_cast<double>(rounded) + static_cast<double>(y.zero), -128.0, 127.0);
    // A scale so large that the function is of no number.
    table[static_cast<std::size_t>(q + 128)] =
        std::isnan(result) ? std::int8_t{0} : static_cast<std::int8_t>(result);
  }
  return table;
}

// sigmoid(i / 24) as 16-bit fractions, each raised by half of what linear interpolation falls short
// of in the middle of the step behind it. (So are the runtime's: all were read from results of its
// TANH.)
std::array<std::int32_t, 257> SigmoidSamples() {
  const auto sigmoid = [](double i) { return 65536 / (1 + std::exp(-i / 24)); };
  std::array<std::int32_t, 257> samples{};
  for (std::size_t n = 0; n < 255; ++n) {
    const auto i = static_cast<double>(n);
    const double straight = (sigmoid(i) + sigmoid(i + 1)) / 2;
    const double raised = sigmoid(i) + (sigmoid(i + 0.5) - straight) / 2;
    samples[n] = static_cast<std::int32_t>(std::round(raised));
  }
  samples[255] = samples[256] = 65535;
  return samples;
}

// The input in steps of 2^-12 / 3: a factor and a right shift.
struct FineSteps {
  std::int32_t factor = 3;
  int shift = 0;
};

FineSteps StepsOf(ir::OpKind kind, float scale) {
  // Powers of two need no rounding.
  int log2 = 0;
  if (std::frexp(scale, &log2) == 0.5F) {
    const int left = 12 + log2 - 1;
    if (left == 0 || (left == 1 && kind == kTanh)) return {3 << left, 0};
  }
  double factor = static_cast<double>(scale) * 4096 * 3;
  FineSteps steps;
  while (factor <= 32767.0 / 2.0 && steps.shift <= 30) {
    ++steps.shift;
    factor *= 2;
  }
  steps.factor = static_cast<std::int32_t>(std::min(factor, 2147483647.0));
  return steps;
}

// Between two samples of the sigmoid; `bits` of the magnitude lie between them.
std::int64_t Between(const std::array<std::int32_t, 257>& samples, std::int64_t magnitude, int bits,
                     std::int64_t beyond) {
  const std::int64_t at = magnitude >> bits;
  if (at >= 255) return beyond << bits;
  const auto i = static_cast<std::size_t>(at);
  const std::int64_t rest = magnitude & ((std::int64_t{1} << bits) - 1);
  return (std::int64_t{samples[i]} << bits) + rest * (samples[i + 1] - samples[i]);
}

Status RunWide(const KernelContext& context, Affine x) {
  const FineSteps steps = StepsOf(context.kind, x.scale);
  const std::array<std::int32_t, 257> samples = SigmoidSamples();
  const std::int64_t half = steps.shift > 0 ? std::int64_t{1} << (steps.shift - 1) : 0;
  const std::span<const std::int16_t> from = context.input(0).values<std::int16_t>();
  const std::span<std::int16_t> to = context.result().mutable_values<std::int16_t>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::int64_t value = (std::int64_t{from[i]} * steps.factor + half) >> steps.shift;
    const std::int64_t magnitude = value < 0 ? -value : value;
    if (context.kind == kLogistic) {
      const std::int64_t result = Between(samples, magnitude, 9, 0x7FFF << 1);
      const std::int64_t signed_result =
          value >= 0 ? result + (1 << 9) : (1 << 25) - result + (1 << 9) - 1;
      to[i] = static_cast<std::int16_t>(signed_result >> 10);
    } else {  // 2 * sigmoid(2 x) - 1
      const std::int64_t result = Between(samples, magnitude, 8, 0xFFFF);
      const std::int64_t signed_result =
          value >= 0 ? result - (1 << 23) + (1 << 7) : -result + (1 << 23) + (1 << 7) - 1;
      to[i] = static_cast<std::int16_t>(signed_result >> 8);
    }
  }
  return {};
}

}  // namespace

Status RunLookup(const KernelContext& context, Affine x, Affine y) {
  if (context.input(0).dtype() == ir::DType::kI16) {
    const bool known = context.kind == kLogistic || context.kind == kTanh;
    return known && y.scale == 1.0F / 32768 ? RunWide(context, x) : NoQuantizedKernel(context);
  }
  const Function function = FunctionOf(context);
  if (function == nullptr || context.input(0).dtype() != ir::DType::kI8) {
    return NoQuantizedKernel(context);
  }
  const std::array<std::int8_t, 256> table = TableOf(function, x, y);
  const std::span<const std::int8_t> from = context.input(0).values<std::int8_t>();
  const std::span<std::int8_t> to = context.result().mutable_values<std::int8_t>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = table[static_cast<std::size_t>(std::int32_t{from[i]} + 128)];
  }
  return {};
}

}  // namespace smelt::interp
