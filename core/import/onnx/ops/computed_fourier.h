// Fourier transforms whose length, axis or frames are known at run time only: the matrices of
// cosines and sines are computed beside the signal.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// How a transform treats its signal; the sizes are operands.
struct TransformForm {
  std::int64_t parts = 1;  // of an input element: 1 real, 2 complex
  bool inverse = false;
  bool onesided = false;
  bool real_result() const { return inverse && onesided; }
  std::int64_t result_parts() const { return real_result() ? 1 : 2; }
};

// DFT of the node's input over `axis`, i32[1], counted from the front.
ir::ValueId DftAtRunTime(OnnxNode& node, ir::Builder& out, const TransformForm& form,
                         ir::ValueId axis);

// STFT; `given` is the length of a frame, i32[1].
ir::ValueId StftAtRunTime(OnnxNode& node, ir::Builder& out, const TransformForm& form,
                          ir::ValueId given);

}  // namespace smelt::onnx_import
