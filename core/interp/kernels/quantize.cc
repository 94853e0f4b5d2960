// QUANTIZE, DEQUANTIZE.
#include <cmath>

#include "core/interp/kernels/hybrid.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/view.h"
#include "core/ir/element_cast.h"

namespace smelt::interp {
namespace {

// Of float16 a cast; of integers what they stand for.
Status RunDequantize(const KernelContext& context) {
  const Tensor& from = context.input(0);
  if (from.dtype() == ir::DType::kF16) {
    ir::CastBlock(from.dtype(), from.bytes().data(), ir::DType::kF32,
                  context.result().mutable_data(), from.element_count());
    return {};
  }
  if (from.quant().empty()) {
    return {Reason::kRuntimeTypeUnsupported, "DEQUANTIZE of integers without a scale"};
  }
  context.result() = Dequantized(from);
  return {};
}

// round(x / scale) + zero in the type's range, halves away from zero; NaN gives its least value.
// (From 2^31 on the reference kernel's conversion to int32 is undefined; XNNPACK saturates too.)
template <class T>
T Nearest(float x, float scale, std::int64_t zero) {
  using Limits = std::numeric_limits<T>;
  const double q = std::round(x / scale) + static_cast<double>(zero);
  if (!(q > static_cast<double>(Limits::min()))) return Limits::min();
  return q < static_cast<double>(Limits::max()) ? static_cast<T>(q) : Limits::max();
}

template <class T>
void FromFloat(const Tensor& from, const ir::QuantParams& quant, Tensor& to) {
  const std::int64_t inner = SizeOfAxes(from, quant.axis + 1, from.rank());
  const std::size_t scales = quant.scale.size();
  const std::span<const float> x = from.values<float>();
  const std::span<T> q = to.mutable_values<T>();
  for (std::size_t i = 0; i < q.size(); ++i) {
    const std::size_t c = scales == 1 ? 0 : i / static_cast<std::size_t>(inner) % scales;
    q[i] = Nearest<T>(x[i], quant.scale[c], quant.zero_point[c]);
  }
}

template <class From, class To>
void Rescale(const Tensor& from, std::int32_t from_zero, Multiplier factor, std::int32_t zero,
             Tensor& to) {
  const std::span<const From> x = from.values<From>();
  const std::span<To> q = to.mutable_values<To>();
  for (std::size_t i = 0; i < q.size(); ++i) {
    const auto centred =
        static_cast<std::int32_t>(static_cast<std::int64_t>(x[i]) - std::int64_t{from_zero});
    const std::int64_t scaled = MultiplyByQuantizedMultiplier(centred, factor);
    q[i] = static_cast<To>(std::clamp<std::int64_t>(scaled + zero, std::numeric_limits<To>::min(),
                                                    std::numeric_limits<To>::max()));
  }
}

// i32 has no limits to its zero point but its own.
Result<Affine> AnyAffineOf(const KernelContext& context, const Tensor& tensor) {
  if (tensor.dtype() != ir::DType::kI32) return AffineOf(context, tensor);
  const ir::QuantParams& quant = *tensor.quant();
  if (quant.scale.size() != 1 || quant.zero_point != std::vector<std::int64_t>{0})
    return NoQuantizedKernel(context);
  return Affine{quant.scale[0], 0};
}

template <class F>
Status VisitRescaled(const KernelContext& context, ir::DType dtype, F&& f) {
  if (dtype == ir::DType::kU8) return f(TypeTag<std::uint8_t>());
  if (dtype == ir::DType::kI32) return f(TypeTag<std::int32_t>());
  return VisitQuantized(context, dtype, std::forward<F>(f));
}

Status Requantize(const KernelContext& context) {
  const Tensor& from = context.input(0);
  Tensor& to = context.result();
  SMELT_ASSIGN_OR_RETURN(const Affine x, AnyAffineOf(context, from));
  SMELT_ASSIGN_OR_RETURN(const Affine y, AnyAffineOf(context, to));
  const Multiplier factor =
      QuantizeMultiplier(static_cast<double>(x.scale) / static_cast<double>(y.scale));
  return VisitRescaled(context, from.dtype(), [&](auto from_tag) {
    using From = typename decltype(from_tag)::type;
    return VisitRescaled(context, to.dtype(), [&](auto to_tag) {
      using To = typename decltype(to_tag)::type;
      Rescale<From, To>(from, x.zero, factor, y.zero, to);
      return Status::Ok();
    });
  });
}

Status RunQuantize(const KernelContext& context) {
  const Tensor& from = context.input(0);
  Tensor& to = context.result();
  if (from.dtype() != ir::DType::kF32) return Requantize(context);
  const ir::QuantParams& quant = *to.quant();
  if (quant.empty()) {
    return {Reason::kRuntimeTypeUnsupported, "QUANTIZE to integers without a scale"};
  }
  return VisitRescaled(context, to.dtype(), [&](auto tag) {
    FromFloat<typename decltype(tag)::type>(from, quant, to);
    return Status::Ok();
  });
}

}  // namespace

std::span<const KernelRow> QuantizeKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kQuantize, &RunQuantize, false, Quantized::kRead},
      {ir::OpKind::kDequantize, &RunDequantize, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
