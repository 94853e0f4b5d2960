#include "core/interp/kernels/gemm.h"

#include <Eigen/Core>

namespace smelt::interp {

void FastGemm(const GemmShape& shape, const float* a, const float* b, const float* bias,
              float* out) {
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
