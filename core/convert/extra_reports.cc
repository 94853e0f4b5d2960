#include "core/convert/extra_reports.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/operator_treatment.h"
#include "core/report/op_coverage.h"

namespace smelt {
namespace {

constexpr std::size_t kMostRefused = 32;

using Written = tflite_export::WrittenTensor;
using Record = v1::TensorCorrespondenceReport::Tensor;

// By the name of the value that each holds; a name that two tensors hold tells nothing, unless one
// of them is an input or output of the model.
std::unordered_map<std::string, const Written*> ByValueName(
    std::span<const Written> written, std::uint32_t subgraph,
    const std::unordered_set<std::string>& ports) {
  std::unordered_map<std::string, const Written*> found;
  for (const Written& tensor : written) {
    if (tensor.subgraph != subgraph || tensor.source_name.empty()) continue;
    const auto [at, is_new] = found.emplace(tensor.source_name, &tensor);
    if (is_new) continue;
    // A later part takes what an earlier one gave: the first is where it is computed.
    if (at->second == nullptr || at->second->file != tensor.file) continue;
    const bool is_port = ports.contains(tensor.source_name);
    if (!is_port) {
      at->second = nullptr;
    } else if (tensor.name == tensor.source_name) {
      at->second = &tensor;
    }
  }
  return found;
}

std::unordered_set<std::string> Names(
    const google::protobuf::RepeatedPtrField<v1::ModelSummary::Port>& ports) {
  std::unordered_set<std::string> names;
  for (const auto& port : ports) names.insert(port.name());
  return names;
}

struct Ports {
  explicit Ports(const v1::ModelSummary::Signature& signature)
      : inputs(Names(signature.inputs())), outputs(Names(signature.outputs())), both(inputs) {
    both.insert(outputs.begin(), outputs.end());
  }
  std::unordered_set<std::string> inputs, outputs, both;
};

void FillPlace(const Written& tensor, Record& record) {
  record.set_subgraph_index(static_cast<std::int32_t>(tensor.subgraph));
  record.set_tflite_tensor_index(static_cast<std::int32_t>(tensor.index));
  record.set_tflite_tensor_name(tensor.name);
  record.set_tflite_type(std::string(ir::DTypeName(tensor.type.dtype)));
  record.set_is_constant(tensor.is_constant);
  for (const ir::Dim dim : tensor.type.shape) {
    record.add_tflite_shape(dim.is_static() ? static_cast<std::int32_t>(dim.value()) : -1);
  }
}

// Sets the status, and the order of axes where it is not the source's.
void FillStatus(const Written* tensor, const passes::StoredOrders& orders, Record& record) {
  if (tensor == nullptr) {
    record.set_status("missing");
    record.set_subgraph_index(-1);
    record.set_tflite_tensor_index(-1);
    return;
  }
  FillPlace(*tensor, record);
  const auto order = orders.find(tensor->source_name);
  if (order == orders.end()) {
    record.set_status("direct");
    return;
  }
  record.set_status(order->second.empty() ? "regrouped" : "permuted");
  for (const int axis : order->second) record.add_permutation(static_cast<std::uint32_t>(axis));
}

// Of those of `ports` that the job names.
void SetChannelsLast(const std::set<std::string>& names,
                     const std::unordered_set<std::string>& ports,
                     std::span<const onnx_import::SourceTensor> source,
                     passes::StoredOrders& orders) {
  for (const onnx_import::SourceTensor& tensor : source) {
    if (!tensor.type || !names.contains(tensor.name) || !ports.contains(tensor.name)) continue;
    std::vector<int>& order = orders[tensor.name];
    order = {0};
    for (int axis = 2; axis < tensor.type->shape.rank(); ++axis) order.push_back(axis);
    order.push_back(1);
  }
}

void CountStatus(const Record& record, v1::TensorCorrespondenceReport::Summary& summary) {
  summary.set_total_onnx_tensors(summary.total_onnx_tensors() + 1);
  if (record.status() == "direct") summary.set_direct(summary.direct() + 1);
  if (record.status() == "permuted") summary.set_permuted(summary.permuted() + 1);
  if (record.status() == "regrouped") summary.set_regrouped(summary.regrouped() + 1);
  if (record.status() == "missing") summary.set_missing(summary.missing() + 1);
}

}  // namespace

v1::OpCoverageReport OpCoverageOf(const v1::Report& report, const ConvertRequest& request) {
  std::vector<report::OperatorPolicy> operators;
  for (const onnx_import::OperatorTreatment& op : onnx_import::NewestOperators()) {
    operators.push_back({std::string(op.op_type), op.has_translation, op.may_be_custom});
  }
  report::CoveragePolicy policy;
  policy.min_opset = onnx_import::kMinOpset;
  policy.max_opset = onnx_import::kMaxOpset;
  policy.operators = operators;
  policy.all_custom = request.custom_operators.all;
  policy.custom_names = request.custom_operators.names;
  return report::OpCoverage(report, policy);
}

v1::TensorCorrespondenceReport TensorCorrespondence(
    const ConvertRequest& request, std::span<const onnx_import::SourceTensor> source,
    std::span<const tflite_export::WrittenTensor> written, std::vector<passes::StoredOrders> orders,
    const v1::ModelSummary& model, std::span<const std::string> files) {
  v1::TensorCorrespondenceReport report;
  report.set_schema_version(1);
  report.set_converter_version(std::string(ConverterVersion()));
  std::vector<v1::ModelSummary::Signature> signatures(model.signatures().begin(),
                                                      model.signatures().end());
  if (signatures.empty()) {
    *signatures.emplace_back().mutable_inputs() = model.inputs();
    *signatures.back().mutable_outputs() = model.outputs();
  }
  orders.resize(signatures.size());
  for (std::uint32_t i = 0; i < signatures.size(); ++i) {
    const Ports ports(signatures[i]);
    const auto places = ByValueName(written, i, ports.both);
    // What the model takes and gives is in the order that the job asks for.
    for (const std::string& name : ports.both) orders[i].erase(name);
    SetChannelsLast(request.channels_last_inputs, ports.inputs, source, orders[i]);
    SetChannelsLast(request.channels_last_outputs, ports.outputs, source, orders[i]);
    for (const onnx_import::SourceTensor& tensor : source) {
      if (tensor.signature != i) continue;
      Record& record = *report.add_records();
      record.set_signature(signatures[i].key());
      record.set_onnx_tensor_name(tensor.name);
      record.set_onnx_op_type(tensor.op_type);
      record.set_onnx_op_name(tensor.op_name);
      record.set_is_graph_input(tensor.op_type.empty() && ports.inputs.contains(tensor.name));
      record.set_is_graph_output(ports.outputs.contains(tensor.name));
      const auto place = places.find(tensor.value_name);
      const Written* written_tensor = place == places.end() ? nullptr : place->second;
      FillStatus(written_tensor, orders[i], record);
      if (written_tensor != nullptr && files.size() > 1) {
        record.set_file(files[written_tensor->file]);
      }
      CountStatus(record, *report.mutable_summary());
    }
  }
  return report;
}

std::vector<ir::SourceNode> RefusedNodes(const v1::Report& report) {
  std::vector<ir::SourceNode> nodes;
  for (const v1::Diagnostic& diagnostic : report.diagnostics()) {
    if (diagnostic.severity() != v1::SEVERITY_ERROR || !diagnostic.has_node()) continue;
    ir::SourceNode node;
    node.index = diagnostic.node().index();
    node.name = diagnostic.node().name();
    node.op_type = diagnostic.node().op_type();
    const bool is_new = std::ranges::none_of(nodes, [&](const ir::SourceNode& other) {
      return other.index == node.index && other.op_type == node.op_type && other.name == node.name;
    });
    if (is_new && nodes.size() < kMostRefused) nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace smelt
