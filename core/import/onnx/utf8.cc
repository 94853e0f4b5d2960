#include "core/import/onnx/utf8.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "core/base/utf8.h"

namespace smelt::onnx_import {
namespace {

bool IsBad(const std::string& text) { return !IsUtf8(text); }

template <class Infos>
bool AnyInfoIsBad(const Infos& infos) {
  for (const onnx::ValueInfoProto& info : infos) {
    if (IsBad(info.name())) return true;
    for (const auto& dim : info.type().tensor_type().shape().dim()) {
      if (IsBad(dim.dim_param())) return true;
    }
  }
  return false;
}

bool IsTensorBad(const onnx::TensorProto& tensor) {
  for (const auto& entry : tensor.external_data()) {
    if (IsBad(entry.key()) || IsBad(entry.value())) return true;
  }
  return IsBad(tensor.name());
}

std::string FindInGraph(const onnx::GraphProto& graph);

bool IsNodeBad(const onnx::NodeProto& node) {
  for (const auto* names : {&node.input(), &node.output()}) {
    for (const std::string& name : *names) {
      if (IsBad(name)) return true;
    }
  }
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (IsBad(attribute.name()) || IsTensorBad(attribute.t())) return true;
    if (attribute.has_g() && !FindInGraph(attribute.g()).empty()) return true;
    for (const auto& graph : attribute.graphs()) {
      if (!FindInGraph(graph).empty()) return true;
    }
  }
  return IsBad(node.name()) || IsBad(node.op_type()) || IsBad(node.domain());
}

std::string FindInGraph(const onnx::GraphProto& graph) {
  if (AnyInfoIsBad(graph.input())) return "a graph input";
  if (AnyInfoIsBad(graph.output())) return "a graph output";
  if (AnyInfoIsBad(graph.value_info())) return "a value";
  for (int i = 0; i < graph.initializer_size(); ++i) {
    if (IsTensorBad(graph.initializer(i))) return "initializer " + std::to_string(i);
  }
  for (const auto& sparse : graph.sparse_initializer()) {
    if (IsTensorBad(sparse.values())) return "a sparse initializer";
  }
  for (int i = 0; i < graph.node_size(); ++i) {
    if (IsNodeBad(graph.node(i))) return "node " + std::to_string(i);
  }
  return "";
}

}  // namespace

std::string FindBadName(const onnx::ModelProto& model) {
  for (const auto& import : model.opset_import()) {
    if (IsBad(import.domain())) return "an operator set";
  }
  if (IsBad(model.producer_name()) || IsBad(model.producer_version())) return "the producer";
  for (const onnx::FunctionProto& function : model.functions()) {
    for (const auto* names : {&function.input(), &function.output(), &function.attribute()}) {
      if (std::any_of(names->begin(), names->end(), IsBad)) return "a function";
    }
    if (IsBad(function.name()) || IsBad(function.domain()) ||
        std::any_of(function.node().begin(), function.node().end(), IsNodeBad)) {
      return "a function";
    }
  }
  return FindInGraph(model.graph());
}

}  // namespace smelt::onnx_import
