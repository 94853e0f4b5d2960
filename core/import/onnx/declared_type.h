// Types that a model declares for its inputs, outputs and intermediate values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/ir/shape.h"
#include "core/ir/symbols.h"

namespace onnx {
class ValueInfoProto;
}

namespace smelt::onnx_import {

// One declared dimension: a size, else a name, else neither.
struct DeclaredDim {
  std::optional<std::int64_t> size;
  std::string name;
};

struct DeclaredType {
  ir::DType dtype = ir::DType::kF32;
  std::vector<DeclaredDim> dims;
};

// kMissingTypeInformation (no tensor type, or no shape), kUnsupportedType, kDimensionOverflow (a
// negative size). A size of -1 counts as unknown: some exporters write it so.
Result<DeclaredType> ReadDeclaredType(const onnx::ValueInfoProto& info);

// The declaration of a type: what ReadDeclaredType reads.
void DeclareType(const ir::TensorType& type, const ir::SymbolTable& symbols,
                 onnx::ValueInfoProto* info);

// The symbol of a dimension without size: its name, else "input[axis]".
std::string DimName(const std::string& input, int axis, const DeclaredDim& dim);

// kDimensionOverflow or kTensorTooLarge for what the static dimensions alone amount to.
Status CheckTypeSize(const ir::TensorType& type, const std::string& name,
                     std::uint64_t max_tensor_bytes);

}  // namespace smelt::onnx_import
