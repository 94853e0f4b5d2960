// What normalizations of channels are made of, beside those of the last axes.
#pragma once

#include "core/import/onnx/onnx_rule.h"
#include "core/ir/last_axes_norm.h"

namespace smelt::onnx_import {

// A vector of one value for each channel, (C) -> (C, 1, ...), beside a tensor of `rank` axes.
ir::ValueId PerChannel(ir::Builder& out, ir::ValueId vector, int rank, ir::DType dtype);

}  // namespace smelt::onnx_import
