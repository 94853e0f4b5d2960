// Which element types of data stand for which of a model's inputs.
#pragma once

#include "core/base/result.h"
#include "core/interp/tensor.h"
#include "core/ir/dtype.h"

namespace smelt::calibrate {

// Whether elements of `from` may be fed to an input of `to`: any number to real numbers, rounded;
// integers and bools to integers; bools to bools.
bool IsConvertible(ir::DType from, ir::DType to);

// The elements in another type. Requires IsConvertible. kCalibrationDataInvalid for an integer that
// the type does not have.
Result<interp::Tensor> Converted(const interp::Tensor& tensor, ir::DType to);

}  // namespace smelt::calibrate
