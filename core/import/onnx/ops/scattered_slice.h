// Scatters that all go to one place along an axis: updates of size 1 along it, every index the same
// constant. Exporters write assignments to one slice of a tensor so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

struct ScatteredSlice {
  ir::ValueId data, updates;  // of the same sizes but along `axis`
  int axis = 0;
  std::int64_t at = 0;  // below 0 only along an axis of unknown size: counted from its end
};

// What a ScatterElements along `axis` writes, when it is one slice.
std::optional<ScatteredSlice> FindScatteredSlice(const OnnxNode& node, int axis);

// The data with this slice replaced, or combined with the updates: `reduction` as ONNX names it.
ir::ValueId ScatterSlice(ir::Builder& out, const ScatteredSlice& slice,
                         const std::string& reduction);

}  // namespace smelt::onnx_import
