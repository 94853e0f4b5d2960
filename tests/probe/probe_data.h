// Fixed input data for probes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/interp/tensor.h"

namespace smelt::probe {

enum class Values {
  kMixed,     // both signs, ties, zero
  kExtreme,   // near the limits of integers, so that sums and products wrap; floats as kMixed
  kPositive,  // above zero
  kNonzero,   // divisors: both signs where there are two, never zero and never -1
};

// A tensor whose elements follow from `seed` and their position alone.
interp::Tensor MakeTensor(ir::DType dtype, std::vector<std::int64_t> shape, Values values,
                          std::uint32_t seed);

}  // namespace smelt::probe
