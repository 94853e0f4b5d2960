#include "tests/probe/probe_data.h"

#include <cmath>

#include "core/ir/constant.h"

namespace smelt::probe {
namespace {

using ir::DType;

int Bits(DType dtype) { return dtype == DType::kBool ? 1 : ir::ElementBits(dtype); }

// A double that the type holds exactly, or an integer that CAST wraps into it.
double FloatAt(Values values, std::uint32_t step) {
  const double small = static_cast<double>(step % 23) / 4 - 2.5;  // -2.5 .. 3, with halves
  switch (values) {
    case Values::kMixed:
    case Values::kExtreme:
      return small;
    case Values::kPositive:
      return std::abs(small) + 0.25;
    case Values::kNonzero:
      return small == 0 ? 1.5 : small;
  }
  return 0;
}

std::int64_t IntAt(DType dtype, Values values, std::uint32_t step) {
  const bool is_signed = ir::IsSignedInteger(dtype);
  const std::int64_t small = static_cast<std::int64_t>(step % 13) - (is_signed ? 6 : 0);
  switch (values) {
    case Values::kMixed:
      return small;
    case Values::kExtreme: {
      // Multiples of a constant, truncated by the cast: all over the range.
      const auto wide = static_cast<std::int64_t>(std::uint64_t{step} * 0x5851F42D4C957F2DU);
      return step % 3 == 0 ? small : wide >> (64 - Bits(dtype));
    }
    case Values::kPositive:
      return small < 1 ? 2 - small : small;
    case Values::kNonzero:
      return small == 0 || small == -1 ? 7 : small;
  }
  return 0;
}

}  // namespace

interp::Tensor MakeTensor(DType dtype, std::vector<std::int64_t> shape, Values values,
                          std::uint32_t seed) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  std::vector<double> reals;
  std::vector<std::int64_t> ints;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto step = static_cast<std::uint32_t>(i) * 7 + seed * 31 + 3;
    reals.push_back(FloatAt(values, step));
    ints.push_back(dtype == DType::kBool ? static_cast<std::int64_t>(step % 3 == 0)
                                         : IntAt(dtype, values, step));
  }
  const ir::Constant constant =
      ir::IsFloat(dtype)
          ? ir::Constant::FromValues<double>(DType::kF64, std::move(shape), reals).Cast(dtype)
          : ir::Constant::FromValues<std::int64_t>(DType::kI64, std::move(shape), ints).Cast(dtype);
  return interp::Tensor::FromConstant(constant.Evaluated());
}

}  // namespace smelt::probe
