// Scan of opset 8, which has a batch axis in front of everything, as Scans without one: the outer
// takes the elements of the batch apart, the inner is the scan of one of them.
#pragma once

#include "core/base/result.h"

namespace onnx {
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace smelt::onnx_import {

// True for a Scan that has the batch axis. Those that Unbatched makes state the axes of their
// inputs, which version 8 has no attribute for.
bool HasBatchAxis(const onnx::NodeProto& scan, int schema_version);

// A graph without inputs that gives the scan's results. kMissingInput where inputs and body do not
// fit together, kUnsupportedAttributeValue for lengths of the sequences.
Result<onnx::GraphProto> Unbatched(const onnx::NodeProto& scan);

}  // namespace smelt::onnx_import
