#include "core/passes/quantize/value_ranges.h"

#include <cmath>

namespace smelt::passes {

ValueRange RangeOf(const ir::Constant& constant) {
  constexpr std::int64_t kBlock = 1 << 14;
  constexpr float kMask = 1e30F;
  const std::int64_t count = constant.element_count();
  std::vector<float> block(static_cast<std::size_t>(std::min(kBlock, count)));
  ValueRange range;
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t size = std::min(kBlock, count - begin);
    constant.Read(begin, size, reinterpret_cast<std::byte*>(block.data()));
    for (std::int64_t i = 0; i < size; ++i) {
      const float one = block[static_cast<std::size_t>(i)];
      if (std::abs(one) < kMask) {  // false for NaN
        range.low = std::min(range.low, one);
        range.high = std::max(range.high, one);
      } else {
        range.masked = true;
      }
    }
  }
  return range;
}

}  // namespace smelt::passes
