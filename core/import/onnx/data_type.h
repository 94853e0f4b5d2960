// ONNX's TensorProto.DataType numbers, in both directions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/ir/dtype.h"

namespace smelt::onnx_import {

// Nothing for types that the IR does not have (f8 variants of other rules, 8-bit exponents,
// undefined).
std::optional<ir::DType> DTypeFromOnnx(std::int32_t data_type);
// The same by the number's name, such as "FLOAT".
std::optional<ir::DType> DTypeFromOnnxName(const std::string& name);
// 0 when ONNX has no such type.
std::int32_t DTypeToOnnx(ir::DType dtype);

}  // namespace smelt::onnx_import
