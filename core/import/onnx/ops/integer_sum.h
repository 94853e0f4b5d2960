// Sums of products of 8-bit integers, exact although float kernels compute them: a float holds
// every integer up to 2^24, so one side is split into pieces of so few bits that no sum gets there.
#pragma once

#include <cstdint>
#include <functional>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// An integer input in f32. Constants of less than a byte, which no kernel takes, are read here.
ir::ValueId Widened(const OnnxNode& node, ir::Builder& out, int input);

// Input `x` without its zero point (input `zero_point`, may be absent), in f32. A zero point of
// several values lies along axis `axis` of x, counted from the front; one of x's rank is as it is.
ir::ValueId Centered(OnnxNode& node, ir::Builder& out, int x, int zero_point, int axis);
// A parameter of one value, of one for each position of `axis`, or of `rank` axes, in f32 and
// shaped to broadcast with a tensor of `rank` axes.
ir::ValueId AlongAxis(OnnxNode& node, ir::Builder& out, int input, int rank, int axis);

// Whether the parameter at `input` has a value for all of a tensor of shape `of`, or for each
// position of `axis`, or sizes that broadcast to `of`.
Verdict ParameterFits(const OnnxNode& node, int input, const ir::Shape& of, int axis,
                      Finding& finding);

// The number of terms up to which IntegerSum is exact.
inline constexpr std::int64_t kMaxIntegerTerms = 16448;
// sum(weights) as i32. `sum` adds up `terms` products of values below 256 in size with the weights
// that it is given; `weights` are integers below 256 in size, in f32.
ir::ValueId IntegerSum(ir::Builder& out, ir::ValueId weights, std::int64_t terms,
                       const std::function<ir::ValueId(ir::ValueId)>& sum);

// round(x) + zero point (may be invalid), held inside of the type's range. x is f32.
ir::ValueId Saturated(ir::Builder& out, ir::ValueId x, ir::ValueId zero_point, ir::DType type);

}  // namespace smelt::onnx_import
