// FULLY_CONNECTED, BATCH_MATMUL.
#include <algorithm>
#include <array>
#include <numeric>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/broadcast.h"
#include "core/interp/kernels/gemm.h"
#include "core/interp/kernels/hybrid.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

Status RunFullyConnected(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor& filter = context.input(1);
  if (IsHybrid(context)) {
    const bool asymmetric = context.attrs.Bool("asymmetric_quantize_inputs");
    return RunHybrid(context, filter.dim(1), asymmetric, RunFullyConnected);
  }
  if (IsQuantized(context)) return RunQuantizedFullyConnected(context);
  for (int i = 1; i < 3; ++i) {
    if (!context.has_input(i) || context.input(i).dtype() == input.dtype()) continue;
    return UnsupportedType(context, context.input(i).dtype());
  }
  GemmShape shape;
  shape.n = filter.dim(0);
  shape.k = filter.dim(1);
  if (shape.n == 0) return {};
  shape.m = context.result().element_count() / shape.n;
  shape.a_stride = shape.b_stride = shape.k;
  shape.out_stride = shape.n;
  const Status done = VisitNumbers(context, input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Gemm<T>(context.kernels, shape, input.values<T>().data(), filter.values<T>().data(),
            context.has_input(2) ? context.input(2).template values<T>().data() : nullptr,
            context.result().mutable_values<T>().data());
    return Status::Ok();
  });
  if (!done.ok()) return done;
  return ApplyFusedActivation(context);
}

// The last two axes changed places where `swap` says so.
Result<Tensor> Arranged(const KernelContext& context, const Tensor& tensor, bool swap) {
  std::vector<int> axes(static_cast<std::size_t>(tensor.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  if (swap) std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return Permuted(context, tensor, axes);
}

// One element for each matrix: only its shape is walked.
Tensor MatrixIndex(const Tensor& tensor) {
  return Tensor::Zeros(ir::DType::kI8, {tensor.shape().begin(), tensor.shape().end() - 2});
}

template <class T>
Status Multiply(const KernelContext& context, const Tensor& x, const Tensor& y) {
  Tensor& result = context.result();
  GemmShape shape;
  shape.m = x.dim(x.rank() - 2);
  shape.k = x.dim(x.rank() - 1);
  shape.n = y.dim(y.rank() - 2);
  shape.a_stride = shape.b_stride = shape.k;
  shape.out_stride = shape.n;
  const Tensor index_x = MatrixIndex(x);
  const Tensor index_y = MatrixIndex(y);
  const std::array<const Tensor*, 2> operands{&index_x, &index_y};
  const BroadcastPlan plan =
      PlanBroadcast({result.shape().begin(), result.shape().end() - 2}, operands);
  Status status;
  ForEachRow(plan, [&](std::int64_t begin, const BroadcastPlan::Offsets& offsets) {
    for (std::int64_t i = 0; i < plan.row && status.ok(); ++i) {
      status = context.CheckCancelled();
      const std::int64_t at_x = offsets[0] + i * plan.row_strides[0];
      const std::int64_t at_y = offsets[1] + i * plan.row_strides[1];
      Gemm<T>(context.kernels, shape, x.values<T>().data() + at_x * shape.m * shape.k,
              y.values<T>().data() + at_y * shape.n * shape.k, nullptr,
              result.mutable_values<T>().data() + (begin + i) * shape.m * shape.n);
    }
  });
  return status;
}

Status RunBatchMatmul(const KernelContext& context) {
  if (context.result().element_count() == 0) return {};
  SMELT_ASSIGN_OR_RETURN(Tensor x,
                         Arranged(context, context.input(0), context.attrs.Bool("adj_x")));
  const bool hybrid = IsHybrid(context);
  if (hybrid) {
    x = RoundedToInt8(x, x.dim(x.rank() - 1), context.attrs.Bool("asymmetric_quantize_inputs"));
  }
  SMELT_ASSIGN_OR_RETURN(
      const Tensor y, Arranged(context, hybrid ? Dequantized(context.input(1)) : context.input(1),
                               !context.attrs.Bool("adj_y")));
  if (!hybrid && IsQuantized(context)) return RunQuantizedBatchMatmul(context, x, y);
  if (x.dtype() != y.dtype()) return UnsupportedType(context, y.dtype());
  return VisitNumbers(context, x.dtype(), [&](auto tag) {
    return Multiply<typename decltype(tag)::type>(context, x, y);
  });
}

}  // namespace

std::span<const KernelRow> MatmulKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kFullyConnected, &RunFullyConnected, false, Quantized::kRead},
      {ir::OpKind::kBatchMatmul, &RunBatchMatmul, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
