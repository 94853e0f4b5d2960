#include "core/passes/quantize/bias_scales.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace smelt::passes {
namespace {

std::vector<float> ElementsOf(const ir::Constant& bias) {
  std::vector<float> elements(static_cast<std::size_t>(bias.element_count()));
  bias.Read(0, bias.element_count(), reinterpret_cast<std::byte*>(elements.data()));
  return elements;
}

// std::round, saturated to T. The limits of T are exact in double, or the next one above.
template <class T>
T Rounded(double value) {
  constexpr auto kLeast = static_cast<double>(std::numeric_limits<T>::min());
  if (value <= kLeast) return std::numeric_limits<T>::min();
  if (value >= -kLeast) return std::numeric_limits<T>::max();
  const double rounded = std::round(value);
  return rounded >= -kLeast ? std::numeric_limits<T>::max() : static_cast<T>(rounded);
}

template <class T>
ir::Constant Divided(const ir::Constant& bias, float input_scale, const std::vector<float>& scales,
                     ir::DType type) {
  const std::vector<float> elements = ElementsOf(bias);
  std::vector<T> integers(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const float step = input_scale * scales[scales.size() == 1 ? 0 : i];
    integers[i] = Rounded<T>(static_cast<double>(elements[i]) / static_cast<double>(step));
  }
  return ir::Constant::FromValues(type, bias.shape(), std::span<const T>(integers));
}

}  // namespace

void WidenForBias(const ir::Constant& bias, float input_scale, std::vector<float>& scales) {
  constexpr double kMostSteps = 1 << 30;
  const std::vector<float> elements = ElementsOf(bias);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    float& scale = scales[scales.size() == 1 ? 0 : i];
    const double least = std::abs(static_cast<double>(elements[i])) /
                         (static_cast<double>(input_scale) * kMostSteps);
    if (static_cast<double>(scale) < least) {
      scale = std::nextafter(static_cast<float>(least), std::numeric_limits<float>::max());
    }
  }
}

ir::Constant QuantizedBias(const ir::Constant& bias, float input_scale,
                           const std::vector<float>& scales, ir::DType type) {
  return type == ir::DType::kI64 ? Divided<std::int64_t>(bias, input_scale, scales, type)
                                 : Divided<std::int32_t>(bias, input_scale, scales, type);
}

}  // namespace smelt::passes
