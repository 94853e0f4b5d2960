// Bodies of control flow as graphs of their own: what they take from around them becomes inputs.
#pragma once

#include <string>
#include <vector>

namespace onnx {
class GraphProto;
}  // namespace onnx

namespace smelt::onnx_import {

// Names that the body takes from around it, each once, in a fixed order.
std::vector<std::string> NamesFromOutside(const onnx::GraphProto& body);

// The body with what it takes from outside as further inputs.
onnx::GraphProto Closed(const onnx::GraphProto& body, const std::vector<std::string>& outside);

}  // namespace smelt::onnx_import
