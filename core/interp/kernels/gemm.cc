#include "core/interp/kernels/gemm.h"

#include <Eigen/Core>
#include <cstddef>

namespace smelt::interp {
namespace {

// Eigen cuts products into blocks by the sizes of the machine's caches, and sums in their order.
// With sizes of our own the results are those of every machine.
void PinBlocks() {
  static const bool pinned = [] {
    constexpr std::ptrdiff_t kKiB = 1024;
    Eigen::setCpuCacheSizes(32 * kKiB, 512 * kKiB, 8192 * kKiB);
    return true;
  }();
  static_cast<void>(pinned);
}

}  // namespace

void FastGemm(const GemmShape& shape, const float* a, const float* b, const float* bias,
              float* out) {
  PinBlocks();
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Stride = Eigen::OuterStride<>;
  const Eigen::Map<const Matrix, 0, Stride> left(a, shape.m, shape.k, Stride(shape.a_stride));
  const Eigen::Map<const Matrix, 0, Stride> right(b, shape.n, shape.k, Stride(shape.b_stride));
  Eigen::Map<Matrix, 0, Stride> result(out, shape.m, shape.n, Stride(shape.out_stride));
  if (shape.k == 0) {
    result.setZero();
  } else {
    result.noalias() = left * right.transpose();
  }
  if (bias != nullptr) {
    result.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(bias, shape.n);
  }
}

}  // namespace smelt::interp
