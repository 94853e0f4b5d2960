// Where something is: the coordinates of what is not zero, as many as the data decide.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// i64[count, rank]: the coordinates of what is not zero in `x`, in the order of its elements.
ir::ValueId FoundRows(ir::Builder& out, ir::ValueId x, ir::Dim count);

}  // namespace smelt::onnx_import
