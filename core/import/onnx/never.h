// Operators that no artifact can carry, whatever rules are written.
#pragma once

#include <string_view>

namespace smelt::onnx_import {

// Why the operator is refused in every model; empty for all others.
std::string_view WhyNever(std::string_view domain, std::string_view op);

}  // namespace smelt::onnx_import
