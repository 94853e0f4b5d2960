// Pairs of features turned by angles: what rotary embeddings do.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// The first `rotated` features of the last of four axes of `x`, in pairs: neighbours where
// `interleaved`, else the i-th of both halves. Cosines and sines have rotated / 2 features and
// broadcast to x. The other features stay.
ir::ValueId TurnPairs(ir::Builder& out, ir::ValueId x, ir::ValueId cosine, ir::ValueId sine,
                      std::int64_t rotated, bool interleaved);

}  // namespace smelt::onnx_import
