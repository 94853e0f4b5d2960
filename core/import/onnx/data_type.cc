#include "core/import/onnx/data_type.h"

#include <onnx/onnx_pb.h>

#include <array>
#include <cstddef>

namespace smelt::onnx_import {
namespace {

using D = ir::DType;

constexpr std::array<std::optional<D>, 27> kByNumber = {
    std::nullopt, D::kF32,    D::kU8,       D::kI8,       D::kU16,      D::kI16,    D::kI32,
    D::kI64,      D::kString, D::kBool,     D::kF16,      D::kF64,      D::kU32,    D::kU64,
    D::kC64,      D::kC128,   D::kBF16,     D::kF8E4M3FN, std::nullopt, D::kF8E5M2, std::nullopt,
    D::kU4,       D::kI4,     std::nullopt, std::nullopt, std::nullopt, D::kI2};

}  // namespace

std::optional<ir::DType> DTypeFromOnnx(std::int32_t data_type) {
  if (data_type < 0 || static_cast<std::size_t>(data_type) >= kByNumber.size()) return std::nullopt;
  return kByNumber[static_cast<std::size_t>(data_type)];
}

std::optional<ir::DType> DTypeFromOnnxName(const std::string& name) {
  onnx::TensorProto::DataType type;
  if (!onnx::TensorProto::DataType_Parse(name, &type)) return std::nullopt;
  return DTypeFromOnnx(type);
}

std::int32_t DTypeToOnnx(ir::DType dtype) {
  for (std::size_t i = 0; i < kByNumber.size(); ++i) {
    if (kByNumber[i] == dtype) return static_cast<std::int32_t>(i);
  }
  return 0;
}

}  // namespace smelt::onnx_import
