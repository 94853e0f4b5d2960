// From a TensorProto to a Constant: the payload stays where it is in the model or in an external
// file whenever its bytes are the tensor's bytes (raw_data, packed float_data and double_data);
// values that the wire stores as varints are decoded into an owned buffer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/import/onnx/wire_scan.h"
#include "core/ir/constant.h"

namespace onnx {
class TensorProto;
}

namespace smelt::onnx_import {

// What payloads are read from.
struct PayloadSource {
  SharedBytes model;
  const std::vector<TensorSpan>* spans = nullptr;
  const std::map<std::string, SharedBytes>* external_files = nullptr;
  std::uint64_t max_tensor_bytes = 0;
};

// The element type and shape that the tensor declares. kUnsupportedType, kDimensionOverflow,
// kTensorTooLarge.
struct TensorHeader {
  ir::DType dtype = ir::DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
};
Result<TensorHeader> ReadTensorHeader(const onnx::TensorProto& tensor,
                                      std::uint64_t max_tensor_bytes);

// The tensor's values. `tensor` comes from the stripped copy of the model. Besides the header's
// errors: kPayloadSizeMismatch, kModelMalformed, the errors of FindExternalData; strings are
// kUnsupportedType.
Result<ir::Constant> ReadTensor(const onnx::TensorProto& tensor, const PayloadSource& source);

}  // namespace smelt::onnx_import
