// Indices that repeat others along axes: what they repeat. Exporters expand indices to the shape of
// the updates where one number serves a whole row, or all of them.
#pragma once

#include <cstdint>
#include <optional>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// The one integer that all elements of `indices` are, where the model tells it.
std::optional<std::int64_t> OneInteger(const ir::Graph& graph, ir::ValueId indices);

// The indices that `indices` repeats along all axes but the first, `count` of them; nothing when it
// is not seen to be a repetition.
std::optional<ir::ValueId> RepeatedRows(const ir::Graph& graph, ir::ValueId indices, ir::Dim count);

}  // namespace smelt::onnx_import
