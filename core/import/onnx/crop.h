// Cropping: what of a graph lies between two sets of tensors.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace onnx {
class GraphProto;
class ValueInfoProto;
}  // namespace onnx

namespace smelt::onnx_import {

// Names of tensors; an empty list stands for the graph's own inputs or outputs.
struct CropRange {
  const std::vector<std::string>& from;
  const std::vector<std::string>& to;
};

// Declares a tensor that the graph does not declare. kMissingTypeInformation.
using DeclareFn = std::function<Status(const std::string& name, onnx::ValueInfoProto* info)>;

// Leaves in `graph` what computes `range.to` from `range.from` and from the graph's inputs that are
// needed besides; they follow in the list of inputs. Nodes keep their positions: those that are not
// needed are emptied, and true in the result. kUnknownTensorName with the nearest names;
// kInvalidArgument for a name given twice, for a constant and for a tensor that nothing needs.
Result<std::vector<bool>> CropGraph(const CropRange& range, const DeclareFn& declare,
                                    onnx::GraphProto& graph);

}  // namespace smelt::onnx_import
