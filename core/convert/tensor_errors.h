// Two tensors that should hold the same numbers, compared as reals: integers with quantization
// parameters count as what they stand for. Reads block by block: memory does not grow with the
// tensors. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/interp/tensor.h"
#include "core/report/error_metrics.h"

namespace smelt {

struct TensorErrors {
  report::ErrorMetrics metrics;
  bool exact = false;    // the reference is of integers or bools, which have no magnitude of error
  bool uniform = false;  // the reference is one number throughout
};

// `order`: axis of `actual` -> axis of `reference`; empty: the same order. Nothing where the shapes
// differ, or an element type is no number. `pool`, unless null, gets the same pairs.
std::optional<TensorErrors> CompareTensors(const interp::Tensor& reference,
                                           const interp::Tensor& actual, std::span<const int> order,
                                           report::ErrorSums* pool = nullptr);

struct Top1 {
  std::uint64_t rows = 0;
  std::uint64_t agreeing = 0;
};

// Of tensors that CompareTensors takes. Nothing unless the reference looks like logits: floats, at
// most 3 axes, the last of at least 2. The place of the largest counts; of equals, the first. Rows
// with a NaN on either side are left out.
std::optional<Top1> CompareTop1(const interp::Tensor& reference, const interp::Tensor& actual);

// "f32[2,10]".
std::string TypeText(const interp::Tensor& tensor);

}  // namespace smelt
