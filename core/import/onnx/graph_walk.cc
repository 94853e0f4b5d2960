#include "core/import/onnx/graph_walk.h"

#include <onnx/onnx_pb.h>

#include <deque>
#include <unordered_set>

#include "core/import/onnx/declared_type.h"
#include "core/import/onnx/graph_order.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/sparse_tensor.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

constexpr std::uint32_t kNodesBetweenPolls = 256;

ir::Diagnostic TensorDiagnostic(const Status& status, const std::string& tensor) {
  ir::Diagnostic diagnostic;
  diagnostic.reason = status.reason();
  diagnostic.tensor = tensor;
  diagnostic.message = std::string(status.message());
  diagnostic.hint = std::string(status.hint());
  diagnostic.stage = "import";
  return diagnostic;
}

bool IsDropped(const WalkContext& context, std::uint32_t index) {
  return index < context.dropped.size() && context.dropped[index];
}

}  // namespace

GraphWalk::GraphWalk(WalkContext& context, const onnx::GraphProto& proto, ir::GraphId graph)
    : context_(context),
      graph_id_(graph),
      graph_(context.module.graph(graph)),
      main_(std::make_unique<Scope>(Scope{proto, context.opsets, context.payloads})),
      scope_(main_.get()) {}

GraphWalk::~GraphWalk() = default;

Status GraphWalk::Run(ir::Signature& signature) {
  const std::size_t before = context_.diagnostics.size();
  const std::vector<std::uint32_t> order = OrderNodes(main_->graph, context_.diagnostics);
  if (ir::HasError(context_.diagnostics, before)) {
    CheckOperatorsOnly();
    return Status::Ok();
  }
  for (const auto* list : {&main_->graph.value_info(), &main_->graph.output()}) {
    for (const auto& info : *list) main_->declared.emplace(info.name(), &info);
  }
  AddInitializers();
  AddInputs(signature);
  SMELT_RETURN_IF_ERROR(WalkNodes(order));
  AddOutputs(signature);
  return Status::Ok();
}

WalkValue& GraphWalk::Define(const std::string& name) {
  WalkValue& value = values_.emplace_back();
  value.name = name;
  scope_->by_name[value.name] = &value;
  return value;
}

const WalkValue* GraphWalk::Find(const std::string& name) const {
  const auto found = scope_->by_name.find(name);
  return found == scope_->by_name.end() ? nullptr : found->second;
}

std::vector<const WalkValue*> GraphWalk::FindInputs(const onnx::NodeProto& proto) const {
  std::vector<const WalkValue*> inputs;
  for (const std::string& name : proto.input()) {
    inputs.push_back(name.empty() ? nullptr : Find(name));
  }
  return inputs;
}

void GraphWalk::AddInitializers() {
  scope_->by_name.reserve(
      static_cast<std::size_t>(scope_->graph.node_size() + scope_->graph.initializer_size()));
  std::vector<std::pair<const onnx::TensorProto*, Status>> unreadable;
  const auto add = [&](const onnx::TensorProto& tensor, Result<ir::Constant> constant) {
    if (constant.ok()) {
      AddInitializer(tensor.name(), std::move(constant).value());
    } else {
      unreadable.emplace_back(&tensor, constant.status());
    }
  };
  for (const auto& tensor : scope_->graph.initializer()) {
    add(tensor, ReadTensor(tensor, scope_->payloads));
  }
  std::deque<onnx::TensorProto> headers;
  for (const auto& sparse : scope_->graph.sparse_initializer()) {
    add(headers.emplace_back(DenseHeader(sparse)), ReadSparseTensor(sparse, scope_->payloads));
  }
  if (unreadable.empty()) return;
  std::unordered_set<std::string_view> used;
  for (const auto& node : scope_->graph.node()) {
    for (const std::string* name : NamesReadBy(node)) used.insert(*name);
  }
  for (const auto& output : scope_->graph.output()) used.insert(output.name());
  for (const auto& [tensor, status] : unreadable) {
    const bool only_type = status.reason() == Reason::kUnsupportedType;
    if (!only_type || used.contains(tensor->name())) ReportUnreadable(*tensor, status);
  }
}

void GraphWalk::AddInitializer(const std::string& name, ir::Constant constant) {
  parameter_bytes_ += constant.size_bytes();
  WalkValue& value = Define(name);
  value.value = graph_.AddConstant(std::move(constant), name);
  value.type = graph_.type(value.value);
}

void GraphWalk::ReportUnreadable(const onnx::TensorProto& tensor, const Status& status) {
  ir::Diagnostic diagnostic = TensorDiagnostic(status, tensor.name());
  std::optional<ir::TensorType> type;
  if (auto header = ReadTensorHeader(tensor, context_.payloads.max_tensor_bytes); header.ok()) {
    type = ir::TensorType{header->dtype, ir::Shape::Of(header->shape)};
    diagnostic.tensor_type = context_.module.symbols().Text(*type);
  }
  // A missing file is said once, however many tensors it holds.
  if (diagnostic.reason != Reason::kExternalDataMissing ||
      missing_files_.insert(diagnostic.message).second) {
    context_.diagnostics.push_back(std::move(diagnostic));
  }
  DefineUnreadable(tensor.name(), std::move(type));
}

void GraphWalk::DefineUnreadable(const std::string& name, std::optional<ir::TensorType> type) {
  ir::Builder builder(context_.module, graph_id_, ir::kNoOrigin);
  const ir::TensorType shown = type.value_or(ir::TensorType{});
  WalkValue& value = Define(name);
  value.value = builder.EmitComposite("onnx.Initializer", {}, {}, {&shown, 1}, {})[0];
  value.type = std::move(type);
  value.maybe_constant = true;
}

void GraphWalk::AddInputs(ir::Signature& signature) {
  for (const auto& info : main_->graph.input()) {
    if (main_->by_name.contains(info.name())) continue;  // an initializer gives its value
    auto declared = ReadDeclaredType(info);
    ir::TensorType type;
    Status status = declared.ok() ? Status::Ok() : declared.status();
    if (status.ok()) {
      type = BindInput(info.name(), *declared);
      status = CheckTypeSize(type, info.name(), context_.request.limits.max_tensor_bytes);
    }
    WalkValue& value = Define(info.name());
    if (status.ok()) {
      value.type = type;
    } else {
      context_.diagnostics.push_back(TensorDiagnostic(status, info.name()));
      type = {};
    }
    value.value = graph_.AddInput(std::move(type), info.name());
    signature.input_names.push_back(info.name());
  }
}

ir::TensorType GraphWalk::BindInput(const std::string& name, const DeclaredType& declared) {
  ir::TensorType type{declared.dtype, {}};
  for (int axis = 0; axis < static_cast<int>(declared.dims.size()); ++axis) {
    const DeclaredDim& dim = declared.dims[static_cast<std::size_t>(axis)];
    if (dim.size) {
      type.shape.push_back(*dim.size);
      continue;
    }
    const std::string symbol = DimName(name, axis, dim);
    const auto bound = context_.dims.find(symbol);
    type.shape.push_back(bound != context_.dims.end()
                             ? ir::Dim(bound->second)
                             : context_.module.symbols().Named(symbol, {name, axis}));
  }
  return type;
}

Status GraphWalk::WalkNodes(const std::vector<std::uint32_t>& order) {
  std::uint32_t done = 0;
  for (const std::uint32_t index : order) {
    if (done % kNodesBetweenPolls == 0) {
      SMELT_RETURN_IF_ERROR(context_.cancel.Check());
      if (context_.request.progress) context_.request.progress(done, order.size());
    }
    if (!IsDropped(context_, index)) WalkNode(index);
    ++done;
  }
  if (context_.request.progress) context_.request.progress(done, order.size());
  return Status::Ok();
}

std::vector<SourceTensor> GraphWalk::Tensors() const {
  std::vector<SourceTensor> tensors;
  const auto add = [&](const std::string& name, const onnx::NodeProto* node) {
    const auto found = main_->by_name.find(name);
    if (name.empty() || found == main_->by_name.end()) return;
    SourceTensor& tensor = tensors.emplace_back();
    tensor.name = name;
    if (node != nullptr) {
      tensor.op_type = node->op_type();
      tensor.op_name = node->name();
    }
    tensor.value_name = graph_.value(found->second->value).name;
    tensor.type = found->second->type;
  };
  for (const auto& input : main_->graph.input()) add(input.name(), nullptr);
  for (const auto& node : main_->graph.node()) {
    for (const std::string& name : node.output()) add(name, &node);
  }
  return tensors;
}

void GraphWalk::AddOutputs(ir::Signature& signature) {
  std::vector<ir::ValueId> outputs;
  std::unordered_set<std::string_view> names;
  for (const auto& info : main_->graph.output()) {
    if (!names.insert(info.name()).second) {
      context_.diagnostics.push_back(TensorDiagnostic(
          Status(Reason::kDuplicateName,
                 "\"" + info.name() + "\" is declared as output twice; it is given once"),
          info.name()));
      context_.diagnostics.back().severity = ir::Severity::kWarning;
      continue;
    }
    const WalkValue* value = Find(info.name());
    if (value == nullptr) continue;  // an unused kind of initializer; reported
    if (!value->is_tensor()) {
      context_.diagnostics.push_back(TensorDiagnostic(
          Status(Reason::kUnsupportedType,
                 "output \"" + info.name() + "\" is a sequence or an optional value, not a tensor",
                 "Give its elements as outputs of their own."),
          info.name()));
      continue;
    }
    outputs.push_back(value->value);
    signature.output_names.push_back(info.name());
    if (!value->type) continue;
    const auto declared = ReadDeclaredType(info);
    if (declared.ok()) CompareDeclared(info.name(), *declared, *value->type);
  }
  graph_.SetOutputs(outputs);
}

void GraphWalk::CompareDeclared(const std::string& name, const DeclaredType& declared,
                                const ir::TensorType& type) {
  const std::string text = context_.module.symbols().Text(type);
  if (declared.dtype != type.dtype) {
    auto diagnostic = TensorDiagnostic(
        Status(Reason::kTypeMismatch, "output \"" + name + "\" is declared as " +
                                          std::string(ir::DTypeName(declared.dtype)) +
                                          " but computes " + text),
        name);
    diagnostic.tensor_type = text;
    diagnostic.found = ir::DTypeName(declared.dtype);
    diagnostic.allowed = ir::DTypeName(type.dtype);
    context_.diagnostics.push_back(std::move(diagnostic));
  }
  bool equal = static_cast<int>(declared.dims.size()) == type.shape.rank();
  for (int i = 0; equal && i < type.shape.rank(); ++i) {
    const auto& size = declared.dims[static_cast<std::size_t>(i)].size;
    equal = !size || !type.shape.dim(i).is_static() || *size == type.shape.dim(i).value();
  }
  if (equal) return;
  auto diagnostic = TensorDiagnostic(
      Status(Reason::kShapeMismatch, "output \"" + name + "\" declares another shape than " + text +
                                         ", which it computes; the computed one is kept"),
      name);
  diagnostic.severity = ir::Severity::kWarning;
  diagnostic.tensor_type = text;
  context_.diagnostics.push_back(std::move(diagnostic));
}

}  // namespace smelt::onnx_import
