// FULLY_CONNECTED, BATCH_MATMUL on integers.
#include <array>
#include <cmath>

#include "core/interp/kernels/broadcast.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/quantized_dot.h"

namespace smelt::interp {
namespace {

// LiteRT multiplies the sums of FULLY_CONNECTED by a double, and rounds once, halves away from
// zero.
struct RealFactors {
  std::vector<double> factors;
  std::int32_t zero = 0;
  QuantizedRange range;
  template <class A>
  std::int32_t Apply(A sum, std::size_t channel) const {
    const double factor = factors[factors.size() == 1 ? 0 : channel];
    const double scaled = std::round(static_cast<double>(sum) * factor);
    return range.Clamp(static_cast<std::int64_t>(std::clamp(scaled, -1e9, 1e9)) + zero);
  }
};

template <class A>
A Plus(A sum, std::int64_t more) {
  using Unsigned = std::make_unsigned_t<A>;
  return static_cast<A>(static_cast<Unsigned>(sum) + static_cast<Unsigned>(more));
}

struct Rows {
  std::vector<std::int16_t> data;
  std::vector<std::int16_t> weights;
  std::int64_t count = 0, outputs = 0, depth = 0;
};

template <class T, class A>
Status Multiply(const KernelContext& context, const Rows& rows,
                const std::vector<std::int64_t>& bias, const RealFactors& output) {
  T* to = context.result().mutable_values<T>().data();
  for (std::int64_t row = 0; row < rows.count; ++row) {
    SMELT_RETURN_IF_ERROR(context.CheckCancelled());
    for (std::int64_t c = 0; c < rows.outputs; ++c) {
      const auto channel = static_cast<std::size_t>(c);
      const A sum = Dot<A>(rows.data.data() + row * rows.depth,
                           rows.weights.data() + c * rows.depth, rows.depth);
      *to++ = static_cast<T>(output.Apply(Plus(sum, bias[channel]), channel));
    }
  }
  return {};
}

}  // namespace

Status RunQuantizedFullyConnected(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor& filter = context.input(1);
  const Tensor& result = context.result();
  const ir::QuantParams& quant = *filter.quant();
  if (filter.dtype() != ir::DType::kI8 || quant.empty() || input.dtype() != result.dtype()) {
    return NoQuantizedKernel(context);
  }
  SMELT_ASSIGN_OR_RETURN(const Affine x, AffineOf(context, input));
  SMELT_ASSIGN_OR_RETURN(const Affine y, AffineOf(context, result));
  Rows rows;
  rows.outputs = filter.dim(0);
  rows.depth = filter.dim(1);
  if (rows.outputs == 0) return {};
  rows.count = result.element_count() / rows.outputs;
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::int64_t> bias, BiasOf(context, 2, rows.outputs));
  std::int32_t weights_zero = 0;
  if (quant.scale.size() == 1) {
    SMELT_ASSIGN_OR_RETURN(const Affine weights, AffineOf(context, filter));
    weights_zero = weights.zero;
  } else if (quant.axis != 0 || static_cast<std::int64_t>(quant.scale.size()) != rows.outputs ||
             std::ranges::any_of(quant.zero_point, [](std::int64_t zero) { return zero != 0; })) {
    return NoQuantizedKernel(context);
  }
  RealFactors output{{}, y.zero, ActivationRange(context, y)};
  for (const float scale : quant.scale) {
    output.factors.push_back(static_cast<double>(x.scale) * static_cast<double>(scale) /
                             static_cast<double>(y.scale));
  }
  rows.weights = Centred(filter, weights_zero);
  rows.data = Centred(input, x.zero);
  return result.dtype() == ir::DType::kI8
             ? Multiply<std::int8_t, std::int32_t>(context, rows, bias, output)
             : Multiply<std::int16_t, std::int64_t>(context, rows, bias, output);
}

Status RunQuantizedBatchMatmul(const KernelContext& context, const Tensor& x, const Tensor& y) {
  Tensor& result = context.result();
  if (x.dtype() != y.dtype() || x.dtype() != result.dtype()) return NoQuantizedKernel(context);
  SMELT_ASSIGN_OR_RETURN(const Affine left, AffineOf(context, context.input(0)));
  SMELT_ASSIGN_OR_RETURN(const Affine right, AffineOf(context, context.input(1)));
  SMELT_ASSIGN_OR_RETURN(const Affine to, AffineOf(context, result));
  const double factor =
      static_cast<double>(left.scale * right.scale) / static_cast<double>(to.scale);
  const Requantization output{{QuantizeMultiplier(factor)}, to.zero, ActivationRange(context, to)};
  const std::int64_t m = x.dim(x.rank() - 2);
  const std::int64_t n = y.dim(y.rank() - 2);
  const std::int64_t k = x.dim(x.rank() - 1);
  const std::vector<std::int16_t> a = Centred(x, left.zero);
  const std::vector<std::int16_t> b = Centred(y, right.zero);
  // One element for each matrix: only its shape is walked.
  const auto index = [](const Tensor& tensor) {
    return Tensor::Zeros(ir::DType::kI8, {tensor.shape().begin(), tensor.shape().end() - 2});
  };
  const Tensor index_x = index(x);
  const Tensor index_y = index(y);
  const std::array<const Tensor*, 2> operands{&index_x, &index_y};
  const BroadcastPlan plan =
      PlanBroadcast({result.shape().begin(), result.shape().end() - 2}, operands);
  return VisitQuantized(context, result.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = std::conditional_t<sizeof(T) == 1, std::int32_t, std::int64_t>;
    Status status;
    T* matrix = result.mutable_values<T>().data();
    ForEachRow(plan, [&](std::int64_t begin, const BroadcastPlan::Offsets& offsets) {
      for (std::int64_t i = 0; i < plan.row && status.ok(); ++i) {
        status = context.CheckCancelled();
        const std::int16_t* p = a.data() + (offsets[0] + i * plan.row_strides[0]) * m * k;
        const std::int16_t* q = b.data() + (offsets[1] + i * plan.row_strides[1]) * n * k;
        T* place = matrix + (begin + i) * m * n;
        for (std::int64_t row = 0; row < m; ++row) {
          for (std::int64_t c = 0; c < n; ++c) {
            *place++ = static_cast<T>(output.Apply(Dot<A>(p + row * k, q + c * k, k), 0));
          }
        }
      }
    });
    return status;
  });
}

}  // namespace smelt::interp
