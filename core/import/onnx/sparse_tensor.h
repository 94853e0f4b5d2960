// From a SparseTensorProto to a Constant: the same tensor, written out with its zeros.
#pragma once

#include "core/base/result.h"
#include "core/import/onnx/tensor_payload.h"
#include "core/ir/constant.h"

namespace onnx {
class SparseTensorProto;
class TensorProto;
}  // namespace onnx

namespace smelt::onnx_import {

// The dense tensor's name, element type and shape, without values.
onnx::TensorProto DenseHeader(const onnx::SparseTensorProto& sparse);

// Places are given as one number each, in row-major order, or as one row of coordinates each.
// Besides the errors of ReadTensor: kModelMalformed for a place outside of the tensor, and for as
// many places as there are not values.
Result<ir::Constant> ReadSparseTensor(const onnx::SparseTensorProto& sparse,
                                      const PayloadSource& source);

}  // namespace smelt::onnx_import
