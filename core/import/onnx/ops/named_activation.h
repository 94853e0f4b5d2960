// Activation functions of one input and up to two parameters, by name: what the operators of these
// names compute, and what fused operators apply to their results.
#pragma once

#include <array>
#include <string_view>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

struct NamedActivation {
  std::string_view name;
  std::array<std::string_view, 2> parameters;  // the operator's attributes; "" where it has fewer
  std::array<double, 2> defaults;
  ir::ValueId (*emit)(ir::Builder& out, ir::ValueId x, double first, double second);

  int parameter_count() const { return parameters[0].empty() ? 0 : parameters[1].empty() ? 1 : 2; }
};

// Null for names that are not known.
const NamedActivation* FindActivation(std::string_view name);

// --- Shared by activations that have more to say than a name ---
// The constant `value` in the element type of x.
ir::ValueId Like(ir::Builder& out, ir::ValueId x, double value);
// log(1 + exp(x)) without overflow.
ir::ValueId Softplus(ir::Builder& out, ir::ValueId x);
// Clip between two bounds known at conversion; an infinite bound means none.
ir::ValueId ClipBetween(ir::Builder& out, ir::ValueId x, double low, double high);

}  // namespace smelt::onnx_import
