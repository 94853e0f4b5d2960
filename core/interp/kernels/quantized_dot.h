// Operands of integer products, with their zero points taken off.
#pragma once

#include <cstdint>
#include <vector>

#include "core/interp/kernels/types.h"

namespace smelt::interp {

// q - zero of each element of an int8 or int16 tensor; fits 16 bits, as int16 has no zero point.
inline std::vector<std::int16_t> Centred(const Tensor& tensor, std::int32_t zero) {
  std::vector<std::int16_t> centred(static_cast<std::size_t>(tensor.element_count()));
  const auto fill = [&](const auto* from) {
    for (std::size_t i = 0; i < centred.size(); ++i) {
      centred[i] = static_cast<std::int16_t>(from[i] - zero);
    }
  };
  if (tensor.dtype() == ir::DType::kI16) {
    fill(tensor.values<std::int16_t>().data());
  } else {
    fill(tensor.values<std::int8_t>().data());
  }
  return centred;
}

// Sum of `count` products, modulo 2^32 or 2^64: in unsigned arithmetic, as accumulators wrap.
template <class Accumulator>
Accumulator Dot(const std::int16_t* a, const std::int16_t* b, std::int64_t count) {
  using Unsigned = std::make_unsigned_t<Accumulator>;
  Unsigned sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    sum += static_cast<Unsigned>(std::int32_t{a[i]} * std::int32_t{b[i]});
  }
  return static_cast<Accumulator>(sum);
}

}  // namespace smelt::interp
