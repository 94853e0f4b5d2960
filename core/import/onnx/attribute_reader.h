// Reads a node's attributes from protobuf into plain values; tensor payloads stay in the file.
#pragma once

#include "core/base/result.h"
#include "core/import/onnx/node_attributes.h"
#include "core/import/onnx/tensor_payload.h"

namespace onnx {
class AttributeProto;
class NodeProto;
}  // namespace onnx

namespace smelt::onnx_import {

// The storage kind; files older than IR version 2 do not say it, then it is told by what is filled.
AttrKind KindOf(const onnx::AttributeProto& attribute);

// The errors of ReadTensor for tensor attributes. A tensor that can't be read because of its
// element type leaves an attribute without value.
Result<NodeAttributes> ReadAttributes(const onnx::NodeProto& node, const PayloadSource& source);

}  // namespace smelt::onnx_import
