// Quantization parameters of a value: real = scale * (q - zero_point).
#pragma once

#include <cstdint>
#include <vector>

namespace smelt::ir {

struct QuantParams {
  std::vector<float> scale;              // one, or one per index of `axis`
  std::vector<std::int64_t> zero_point;  // as many as scale
  int axis = 0;                          // moves with its dimension when a value is transposed
  bool empty() const { return scale.empty(); }
  friend bool operator==(const QuantParams&, const QuantParams&) = default;
};

}  // namespace smelt::ir
