// Matrix products for convolutions and matrix operators: out(m, n) = bias(n) + a(m, k) * b(n, k)^T.
// All matrices row-major; the second one has its columns as rows, which is how filters are stored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/interp/evaluate.h"
#include "core/interp/kernels/types.h"

namespace smelt::interp {

struct GemmShape {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t a_stride = 0, b_stride = 0, out_stride = 0;  // elements from row to row
};

// With Eigen. The order of summation is Eigen's own, the same on every machine of an architecture:
// calibrated ranges depend on it. The only one of ours that calls Eigen.
void FastGemm(const GemmShape& shape, const float* a, const float* b, const float* bias,
              float* out);

// Sums in Sum<T>, over k in ascending order, the bias first, and rounds once to R. `bias` may be
// null.
template <class T, class R>
void PlainGemm(const GemmShape& shape, const T* a, const T* b, const T* bias, R* out) {
  using S = Sum<T>;
  constexpr std::int64_t kColumns = 16;  // sums that stay in registers
  std::vector<S> panel(static_cast<std::size_t>(shape.k * kColumns));
  for (std::int64_t first = 0; first < shape.n; first += kColumns) {
    const std::int64_t columns = std::min(kColumns, shape.n - first);
    for (std::int64_t j = 0; j < columns; ++j) {
      const T* row = b + (first + j) * shape.b_stride;
      for (std::int64_t k = 0; k < shape.k; ++k) {
        panel[static_cast<std::size_t>(k * kColumns + j)] = Load<S>(row[k]);
      }
    }
    for (std::int64_t i = 0; i < shape.m; ++i) {
      S sums[kColumns] = {};
      for (std::int64_t j = 0; j < columns && bias != nullptr; ++j)
        sums[j] = Load<S>(bias[first + j]);
      const T* row = a + i * shape.a_stride;
      const S* factors = panel.data();
      for (std::int64_t k = 0; k < shape.k; ++k, factors += kColumns) {
        const S element = Load<S>(row[k]);
        for (std::int64_t j = 0; j < kColumns; ++j) sums[j] += element * factors[j];
      }
      R* to = out + i * shape.out_stride + first;
      for (std::int64_t j = 0; j < columns; ++j) to[j] = Store<R>(sums[j]);
    }
  }
}

// FastGemm where it is allowed and exists, else PlainGemm.
template <class T>
void Gemm(Kernels kernels, const GemmShape& shape, const T* a, const T* b, const T* bias, T* out) {
  if constexpr (std::is_same_v<T, float>) {
    if (kernels == Kernels::kFast) {
      FastGemm(shape, a, b, bias, out);
      return;
    }
  }
  PlainGemm<T, T>(shape, a, b, bias, out);
}

}  // namespace smelt::interp
