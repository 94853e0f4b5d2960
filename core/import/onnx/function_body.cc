#include "core/import/onnx/function_body.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace smelt::onnx_import {
namespace {

using Bindings = std::unordered_map<std::string_view, const onnx::AttributeProto*>;

void BindNode(const Bindings& bindings, onnx::NodeProto& node);

void BindGraph(const Bindings& bindings, onnx::GraphProto& graph) {
  for (onnx::NodeProto& node : *graph.mutable_node()) BindNode(bindings, node);
}

// A reference to an attribute that the call does not give and that has no default leaves the node
// without the attribute.
void BindNode(const Bindings& bindings, onnx::NodeProto& node) {
  google::protobuf::RepeatedPtrField<onnx::AttributeProto> bound;
  for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
    if (attribute.ref_attr_name().empty()) {
      if (attribute.has_g()) BindGraph(bindings, *attribute.mutable_g());
      for (onnx::GraphProto& graph : *attribute.mutable_graphs()) BindGraph(bindings, graph);
      *bound.Add() = std::move(attribute);
      continue;
    }
    const auto value = bindings.find(attribute.ref_attr_name());
    if (value == bindings.end()) continue;
    onnx::AttributeProto& copy = *bound.Add();
    copy = *value->second;
    copy.set_name(attribute.name());
  }
  node.mutable_attribute()->Swap(&bound);
}

}  // namespace

Function::Function() = default;
Function::~Function() = default;
Function::Function(const Function&) = default;
Function::Function(Function&&) noexcept = default;
Function& Function::operator=(Function&&) noexcept = default;

FunctionBody::FunctionBody() : graph(std::make_unique<onnx::GraphProto>()) {}
FunctionBody::~FunctionBody() = default;
FunctionBody::FunctionBody(FunctionBody&&) noexcept = default;

FunctionBody BindFunction(const Function& function, const onnx::NodeProto& call,
                          const OpsetMap& model_opsets) {
  Bindings bindings;
  for (const auto& attribute : call.attribute()) bindings.emplace(attribute.name(), &attribute);
  for (const auto& attribute : function.defaults) bindings.emplace(attribute.name(), &attribute);
  FunctionBody body;
  body.opsets = model_opsets;
  for (const auto& import : function.proto->opset_import()) {
    const std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    body.opsets[domain] =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(import.version(), 0, UINT32_MAX));
  }
  for (const std::string& name : function.proto->input()) body.graph->add_input()->set_name(name);
  for (const std::string& name : function.proto->output()) {
    body.graph->add_output()->set_name(name);
  }
  *body.graph->mutable_node() = function.proto->node();
  BindGraph(bindings, *body.graph);
  return body;
}

}  // namespace smelt::onnx_import
