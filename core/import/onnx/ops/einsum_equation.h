// The equation of an Einsum, with a number for each subscript; the axes of an ellipsis have numbers
// of their own, counted from its last axis.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ir/shape.h"

namespace smelt::onnx_import {

using Labels = std::vector<int>;

struct Equation {
  std::vector<Labels> terms;  // one label an axis
  Labels result;
  ir::Dims sizes;  // by label; what axes of 1 broadcast to
};

// kInvalidArgument when the equation is malformed or does not fit the inputs' shapes.
Result<Equation> ParseEquation(std::string_view text, std::span<const ir::Shape> inputs);

}  // namespace smelt::onnx_import
