#include "core/import/onnx/declared_type.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "core/import/onnx/data_type.h"

namespace smelt::onnx_import {

Result<DeclaredType> ReadDeclaredType(const onnx::ValueInfoProto& info) {
  const std::string who = "\"" + info.name() + "\"";
  if (!info.has_type() || !info.type().has_tensor_type()) {
    const bool other =
        info.has_type() && info.type().value_case() != onnx::TypeProto::VALUE_NOT_SET;
    return Status(other ? Reason::kUnsupportedType : Reason::kMissingTypeInformation,
                  who + (other ? " is a sequence, map or optional value, not a tensor"
                               : " declares no type"));
  }
  const auto& tensor = info.type().tensor_type();
  const auto dtype = DTypeFromOnnx(tensor.elem_type());
  if (!dtype) {
    return Status(
        tensor.elem_type() == 0 ? Reason::kMissingTypeInformation : Reason::kUnsupportedType,
        who + " declares element type " + std::to_string(tensor.elem_type()));
  }
  if (!tensor.has_shape()) {
    return Status(Reason::kMissingTypeInformation, who + " declares no shape");
  }
  DeclaredType type;
  type.dtype = *dtype;
  for (const auto& from : tensor.shape().dim()) {
    DeclaredDim dim;
    if (from.has_dim_value()) {
      if (from.dim_value() < -1) {
        return Status(Reason::kDimensionOverflow,
                      who + " declares dimension " + std::to_string(from.dim_value()));
      }
      if (from.dim_value() >= 0) dim.size = from.dim_value();
    } else {
      dim.name = from.dim_param();
    }
    type.dims.push_back(std::move(dim));
  }
  return type;
}

void DeclareType(const ir::TensorType& type, const ir::SymbolTable& symbols,
                 onnx::ValueInfoProto* info) {
  info->clear_type();
  auto* tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(DTypeToOnnx(type.dtype));
  tensor->mutable_shape();
  for (const ir::Dim dim : type.shape) {
    auto* made = tensor->mutable_shape()->add_dim();
    if (dim.is_static()) {
      made->set_dim_value(dim.value());
    } else {
      made->set_dim_param(symbols.Text(dim));
    }
  }
}

std::string DimName(const std::string& input, int axis, const DeclaredDim& dim) {
  return dim.name.empty() ? input + "[" + std::to_string(axis) + "]" : dim.name;
}

Status CheckTypeSize(const ir::TensorType& type, const std::string& name,
                     std::uint64_t max_tensor_bytes) {
  std::int64_t elements = 1;
  bool overflow = false;
  for (const ir::Dim dim : type.shape) {
    // An empty tensor's other dimensions are bounded like those of others.
    if (!dim.is_static() || dim.value() == 0) continue;
    overflow = overflow || elements > INT64_MAX / dim.value();
    if (!overflow) elements *= dim.value();
  }
  if (overflow) {
    return Status(Reason::kDimensionOverflow,
                  "the dimensions of \"" + name + "\" multiply to more than 2^63 - 1");
  }
  const auto count = static_cast<std::uint64_t>(elements);
  const auto bits = static_cast<std::uint64_t>(std::max(ir::ElementBits(type.dtype), 1));
  if (count > (max_tensor_bytes / bits + 1) * 8 ||
      ir::StorageBytes(type.dtype, count) > max_tensor_bytes) {
    return Status(Reason::kTensorTooLarge, "\"" + name + "\" would have " + std::to_string(count) +
                                               " elements of " +
                                               std::string(ir::DTypeName(type.dtype)));
  }
  return Status::Ok();
}

}  // namespace smelt::onnx_import
