// Normalization of a tensor's last axes, as importers and passes say it: what it is made of, and
// the composites that stand for a whole one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/builder.h"

namespace smelt::ir {

inline constexpr std::string_view kLayerNorm = "onnx.LayerNormalization";
inline constexpr std::string_view kRootMeanSquareNorm = "onnx.RMSNormalization";

// Axes first .. rank - 1.
std::vector<std::int32_t> AxesFrom(int first, int rank);

// The mean over `axes`, which stay as 1.
ValueId MeanOver(Builder& out, ValueId x, const std::vector<std::int32_t>& axes);

// x minus its mean over `axes`, that mean, and 1 / sqrt(variance + epsilon).
struct Standardized {
  ValueId centered, mean, variance, inverse_deviation;
};
Standardized Standardize(Builder& out, ValueId x, const std::vector<std::int32_t>& axes,
                         double epsilon);

// x normalized over its axes from `axis` on, in f32 whatever its type is; scale and bias apply in
// x's type. A composite with this body.
struct LastAxesNorm {
  bool root_mean_square = false;  // without subtracting the mean, and without bias
  int axis = -1;                  // not negative
  double epsilon = 0;
  ValueId x, scale;
  ValueId bias;       // may be absent
  std::string label;  // makes the name of the body's graph its own
};
// The result, then the statistics, each with 1 for the axes that it is taken over: the mean (not
// for root mean squares) and 1 / deviation. Empty after an error.
std::vector<ValueId> EmitLastAxesNorm(Builder& out, const LastAxesNorm& norm, int result_count);

}  // namespace smelt::ir
