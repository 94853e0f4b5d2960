#include "core/import/onnx/extract.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <unordered_map>

#include "core/import/onnx/data_type.h"
#include "core/import/onnx/declared_type.h"

namespace smelt::onnx_import {
namespace {

// Constants of fewer elements are axes, shapes and scales: what an operator is asked to do.
constexpr std::int64_t kFewestWeights = 64;
constexpr std::int64_t kFewestIntegers = 4096;

std::string RawData(const ir::Constant& constant) {
  const auto bytes = constant.Materialize();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void SetTensor(const ir::Constant& constant, onnx::TensorProto* tensor) {
  tensor->set_data_type(DTypeToOnnx(constant.dtype()));
  for (const std::int64_t size : constant.shape()) tensor->add_dims(size);
  tensor->set_raw_data(RawData(constant));
}

// Numbers of the same type and shape, the same for the same tensor everywhere: in [-1, 1), or 0 and
// 1 for integers, which are valid in most roles.
ir::Constant Stand(const ir::Constant& constant) {
  std::minstd_rand random(static_cast<std::uint32_t>(constant.element_count()));
  const bool real = ir::IsFloat(constant.dtype());
  std::vector<float> values(static_cast<std::size_t>(constant.element_count()));
  for (float& value : values) {
    const auto bits = static_cast<std::uint32_t>(random());
    value =
        real ? static_cast<float>(bits % 2048) / 1024.0F - 1.0F : static_cast<float>(bits / 8 % 2);
  }
  return ir::Constant::FromValues<float>(ir::DType::kF32, constant.shape(), values)
      .Cast(constant.dtype());
}

bool IsWeight(const ir::Constant& constant) {
  return constant.element_count() >=
         (ir::IsFloat(constant.dtype()) ? kFewestWeights : kFewestIntegers);
}

// Parsed models hold no payloads: puts those of attributes back where they can be read.
void Restore(const PayloadSource& payloads, onnx::TensorProto* tensor) {
  const auto constant = ReadTensor(*tensor, payloads);
  const std::string name = tensor->name();
  if (!constant.ok()) {
    tensor->clear_doc_string();
    return;
  }
  tensor->Clear();
  tensor->set_name(name);
  SetTensor(IsWeight(*constant) ? Stand(*constant) : *constant, tensor);
}

template <class NodeList>
void RestoreNodes(const PayloadSource& payloads, NodeList* nodes);

void RestoreGraph(const PayloadSource& payloads, onnx::GraphProto* graph) {
  for (auto& tensor : *graph->mutable_initializer()) Restore(payloads, &tensor);
  RestoreNodes(payloads, graph->mutable_node());
}

template <class NodeList>
void RestoreNodes(const PayloadSource& payloads, NodeList* nodes) {
  for (auto& node : *nodes) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) Restore(payloads, attribute.mutable_t());
      if (attribute.has_g()) RestoreGraph(payloads, attribute.mutable_g());
      for (auto& graph : *attribute.mutable_graphs()) RestoreGraph(payloads, &graph);
    }
  }
}

}  // namespace

Extract::Extract(const std::vector<ir::SourceNode>& wanted, const onnx::ModelProto& model,
                 const PayloadSource& payloads, const ir::SymbolTable& symbols)
    : wanted_(wanted),
      source_(model),
      payloads_(payloads),
      symbols_(symbols),
      model_(std::make_unique<onnx::ModelProto>()) {}

Extract::~Extract() = default;

bool Extract::IsWanted(const ir::SourceNode& source) const {
  return std::ranges::any_of(wanted_, [&](const ir::SourceNode& one) {
    return one.index == source.index && one.op_type == source.op_type && one.name == source.name;
  });
}

void Extract::AddOperand(const KnownValue& value, const ir::Graph& graph) {
  if (!defined_.insert(value.name).second) return;
  if (const ir::Constant* constant = graph.constant(value.value)) {
    onnx::TensorProto* tensor = model_->mutable_graph()->add_initializer();
    tensor->set_name(value.name);
    SetTensor(IsWeight(*constant) ? Stand(*constant) : *constant, tensor);
    return;
  }
  onnx::ValueInfoProto* input = model_->mutable_graph()->add_input();
  input->set_name(value.name);
  if (value.type) DeclareType(*value.type, symbols_, input);
}

void Extract::Offer(const ir::SourceNode& source, const onnx::NodeProto& node,
                    const std::vector<const KnownValue*>& inputs, const ir::Graph& graph) {
  if (!IsWanted(source)) return;
  for (const KnownValue* value : inputs) {
    if (value != nullptr) AddOperand(*value, graph);
  }
  *model_->mutable_graph()->add_node() = node;
  for (const std::string& name : node.output()) defined_.insert(name);
}

std::string Extract::Finish(const std::vector<SourceTensor>& tensors) {
  onnx::GraphProto& graph = *model_->mutable_graph();
  if (graph.node_size() == 0) return "";
  std::unordered_map<std::string_view, const SourceTensor*> known;
  for (const SourceTensor& tensor : tensors) known[tensor.name] = &tensor;
  std::unordered_map<std::string, const onnx::ValueInfoProto*> declared;
  for (const auto* list : {&source_.graph().value_info(), &source_.graph().output()}) {
    for (const auto& info : *list) declared[info.name()] = &info;
  }
  std::set<std::string> read;
  for (const auto& node : graph.node()) read.insert(node.input().begin(), node.input().end());
  for (const auto& node : graph.node()) {
    for (const std::string& name : node.output()) {
      if (name.empty() || read.contains(name)) continue;
      onnx::ValueInfoProto* output = graph.add_output();
      if (const auto found = declared.find(name); found != declared.end()) *output = *found->second;
      output->set_name(name);
      const auto tensor = known.find(name);
      if (tensor != known.end() && tensor->second->type) {
        DeclareType(*tensor->second->type, symbols_, output);
      }
    }
  }
  graph.set_name("reproducer");
  RestoreNodes(payloads_, graph.mutable_node());
  model_->set_ir_version(source_.ir_version());
  *model_->mutable_opset_import() = source_.opset_import();
  *model_->mutable_functions() = source_.functions();
  for (auto& function : *model_->mutable_functions()) {
    RestoreNodes(payloads_, function.mutable_node());
  }
  return model_->SerializeAsString();
}

}  // namespace smelt::onnx_import
