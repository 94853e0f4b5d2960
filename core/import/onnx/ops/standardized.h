// What normalizations are made of: statistics over axes, and the composites that stand for a whole
// normalization of the last axes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// Axes first .. rank - 1.
std::vector<std::int32_t> AxesFrom(int first, int rank);

// The mean over `axes`, which stay as 1.
ir::ValueId MeanOver(ir::Builder& out, ir::ValueId x, const std::vector<std::int32_t>& axes);

// x minus its mean over `axes`, that mean, and 1 / sqrt(variance + epsilon).
struct Standardized {
  ir::ValueId centered, mean, variance, inverse_deviation;
};
Standardized Standardize(ir::Builder& out, ir::ValueId x, const std::vector<std::int32_t>& axes,
                         double epsilon);

// A vector of one value for each channel, (C) -> (C, 1, ...), beside a tensor of `rank` axes.
ir::ValueId PerChannel(ir::Builder& out, ir::ValueId vector, int rank, ir::DType dtype);

// x normalized over its axes from `axis` on, in f32 whatever its type is; scale and bias apply in
// x's type. A composite with this body.
struct LastAxesNorm {
  bool root_mean_square = false;  // without subtracting the mean, and without bias
  int axis = -1;                  // not negative
  double epsilon = 0;
  ir::ValueId x, scale;
  ir::ValueId bias;   // may be absent
  std::string label;  // makes the name of the body's graph its own
};
// The result, then the statistics, each with 1 for the axes that it is taken over: the mean (not
// for root mean squares) and 1 / deviation. Empty after an error.
std::vector<ir::ValueId> EmitLastAxesNorm(ir::Builder& out, const LastAxesNorm& norm,
                                          int result_count);

}  // namespace smelt::onnx_import
