// RoiAlign's averages as two products of matrices for each region: what a bin takes from the rows
// of the image, and what from its columns. Neither the number of samples nor the image's size needs
// to be known.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// The result of a RoiAlign node in mode avg; sampling_ratio 0 takes as many samples along each axis
// as a bin of the region has elements, rounded up.
ir::ValueId AlignByProducts(const OnnxNode& node, ir::Builder& out);

}  // namespace smelt::onnx_import
