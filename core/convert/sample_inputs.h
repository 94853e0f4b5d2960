// Seeded inputs for verification: reproducible, varied, and inside what models expect of an input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/interp/tensor.h"
#include "core/ir/module.h"

namespace smelt {

struct SampleOptions {
  std::uint64_t seed = 1;
  // Sizes given to symbolic dimensions: of the first axis, of image axes (rank 4, axis 2 and 3),
  // others.
  std::int64_t batch = 2;
  std::int64_t image = 64;
  std::int64_t other = 8;
  // Integers are drawn from 0..max_int: they are often indices.
  std::int64_t max_int = 3;
};

// Kinds of samples, the most telling first. Symbolic sizes and integers that a model can't run with
// prove nothing: the later ones are humbler.
std::span<const SampleOptions> SampleSizes();

// One tensor an input of the signature. kUnsupportedType for strings and the like.
Result<std::vector<interp::Tensor>> SampleInputs(const ir::Module& module,
                                                 const ir::Signature& signature,
                                                 const SampleOptions& options);

}  // namespace smelt
