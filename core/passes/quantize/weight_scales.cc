#include "core/passes/quantize/weight_scales.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace smelt::passes {

std::optional<std::vector<float>> SymmetricScales(const ir::Constant& weights, int axis,
                                                  int largest) {
  constexpr std::int64_t kBlock = 1 << 14;
  const std::int64_t count = weights.element_count();
  std::int64_t inner = std::max<std::int64_t>(count, 1);  // elements that follow in one channel
  std::size_t channels = 1;
  if (axis >= 0) {
    inner = 1;
    for (int i = axis + 1; i < weights.rank(); ++i) {
      inner *= weights.shape()[static_cast<std::size_t>(i)];
    }
    channels = static_cast<std::size_t>(weights.shape()[static_cast<std::size_t>(axis)]);
  }
  std::vector<float> magnitudes(channels, 0.0F);
  std::vector<float> block(static_cast<std::size_t>(std::min(kBlock, count)));
  bool finite = true;
  for (std::int64_t begin = 0; begin < count && finite; begin += kBlock) {
    const std::int64_t size = std::min(kBlock, count - begin);
    weights.Read(begin, size, reinterpret_cast<std::byte*>(block.data()));
    for (std::int64_t i = 0; i < size;) {
      const std::int64_t at = begin + i;
      const std::int64_t end = i + std::min(inner - at % inner, size - i);
      float& magnitude = magnitudes[static_cast<std::size_t>(at / inner) % channels];
      for (; i < end; ++i) {
        const float one = std::abs(block[static_cast<std::size_t>(i)]);
        magnitude = std::max(magnitude, one);
        finite = finite && one <= std::numeric_limits<float>::max();  // false for NaN
      }
    }
  }
  if (!finite) return std::nullopt;
  for (float& magnitude : magnitudes) {
    magnitude /= static_cast<float>(largest);
    if (!std::isnormal(magnitude)) magnitude = 1;
  }
  return magnitudes;
}

}  // namespace smelt::passes
