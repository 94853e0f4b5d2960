// The sizes that an entry point gives to symbolic dimensions, by name: those it names itself, those
// of whole input shapes, and the batch size.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/result.h"
#include "core/import/onnx/importer.h"

namespace onnx {
class GraphProto;
}

namespace smelt::onnx_import {

// kUnknownDimensionName for a dimension that no input has; kInvalidArgument for an unknown input, a
// wrong number of sizes, a size below 0, one that contradicts the model, or two for one dimension.
Result<std::map<std::string, std::int64_t>> BindDims(const onnx::GraphProto& graph,
                                                     const EntryPoint& entry);

}  // namespace smelt::onnx_import
