#include "core/convert/split_files.h"

#include <algorithm>
#include <cstdio>

#include "core/convert/convert.h"
#include "core/export/tflite/split_graph.h"

namespace smelt {
namespace {

using tflite_export::PartPlan;
using tflite_export::PartPort;

constexpr int kSchemaVersion = 1;

std::uint32_t IdOf(std::size_t part) { return static_cast<std::uint32_t>(part + 1); }

template <class Message>
void SetLimits(const tflite_export::SplitOptions& options, const tflite_export::SplitPlan& plan,
               Message& message) {
  message.set_schema_version(kSchemaVersion);
  message.set_converter_version(std::string(ConverterVersion()));
  message.set_target_max_bytes(static_cast<double>(options.target_bytes));
  message.set_hard_max_bytes(static_cast<double>(options.max_bytes));
  message.set_crossing_bytes(static_cast<double>(plan.crossing_bytes));
  std::uint64_t total = 0;
  for (const PartPlan& part : plan.parts) total += part.file_bytes;
  message.set_total_estimated_bytes(static_cast<double>(total));
}

template <class Message>
void SetRange(const PartPlan& part, std::size_t index, Message& message) {
  message.set_partition_id(IdOf(index));
  message.set_start_op_index(part.indices.front());
  message.set_end_op_index(part.indices.back() + 1);
  message.set_estimated_bytes(static_cast<double>(part.file_bytes));
}

template <class Message>
void AddEdges(const tflite_export::SplitPlan& plan, Message& message) {
  for (const auto& edge : plan.edges) {
    v1::SplitEdge* row = message.add_edges();
    row->set_from_partition(IdOf(edge.from));
    row->set_to_partition(IdOf(edge.to));
    row->set_bytes(static_cast<double>(edge.bytes));
    for (const ir::ValueId value : edge.values) row->add_tensors(plan.names[value.index]);
  }
}

void FillTensor(const ir::Value& value, const std::string& name, v1::SplitTensor& tensor) {
  tensor.set_name(name);
  tensor.set_type(NumpyName(value.type.dtype));
  for (const ir::Dim dim : value.type.shape) {
    tensor.add_shape(dim.is_static() ? static_cast<std::int32_t>(dim.value()) : -1);
  }
  tensor.set_bytes(static_cast<double>(tflite_export::DataBytes(value.type)));
  for (const float scale : value.quant->scale) tensor.add_scale(scale);
  for (const std::int64_t zero : value.quant->zero_point) {
    tensor.add_zero_point(static_cast<std::int32_t>(zero));
  }
  if (!value.quant.empty()) tensor.set_quantized_axis(value.quant->axis);
}

void AddPoints(const tflite_export::SplitPlan& plan, v1::SplitPlan& message) {
  // Ends of parts that hold all operators up to there.
  std::vector<bool> chosen(plan.points.size() + 2);
  std::size_t done = 0;
  std::size_t last = 0;
  for (const PartPlan& part : plan.parts) {
    done += part.indices.size();
    last = std::max<std::size_t>(last, part.indices.back() + 1);
    if (done == last && last < chosen.size()) chosen[last] = true;
  }
  for (std::size_t i = 0; i < plan.points.size(); ++i) {
    v1::SplitPoint* point = message.add_candidate_split_points();
    point->set_index(IdOf(i));
    point->set_crossing_count(static_cast<std::uint32_t>(plan.points[i].count));
    point->set_crossing_bytes(static_cast<double>(plan.points[i].crossing_bytes));
    point->set_chosen(chosen[i + 1]);
    for (const ir::ValueId value : plan.points[i].values) {
      point->add_crossing_tensors(plan.names[value.index]);
    }
  }
}

}  // namespace

std::string PartName(const std::string& stem, std::size_t part) {
  char number[16];
  std::snprintf(number, sizeof(number), "_%04u.tflite", IdOf(part));
  return stem + number;
}

std::string NumpyName(ir::DType dtype) {
  const std::string name(ir::DTypeName(dtype));
  if (name.size() < 2 || name.find_first_not_of("0123456789", 1) != std::string::npos) return name;
  const std::string bits = name.substr(1);
  return name[0] == 'f'   ? "float" + bits
         : name[0] == 'i' ? "int" + bits
         : name[0] == 'u' ? "uint" + bits
         : name[0] == 'c' ? "complex" + bits
                          : name;
}

v1::SplitPlan DescribePlan(const tflite_export::SplitPlan& plan,
                           const tflite_export::SplitOptions& options) {
  v1::SplitPlan message;
  SetLimits(options, plan, message);
  message.set_unsplit_bytes(static_cast<double>(plan.unsplit_bytes));
  message.set_constant_buffer_bytes(static_cast<double>(plan.constant_bytes));
  message.set_greedy_crossing_bytes(static_cast<double>(plan.greedy_crossing_bytes));
  message.set_greedy_partitions(static_cast<std::uint32_t>(plan.greedy_parts));
  message.set_order(plan.reordered ? "reordered" : "program");
  AddPoints(plan, message);
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    const PartPlan& part = plan.parts[i];
    v1::SplitPlan::Partition* row = message.add_partitions();
    SetRange(part, i, *row);
    row->set_contiguous(part.indices.back() - part.indices.front() + 1 == part.indices.size());
    row->set_operators(static_cast<std::uint32_t>(part.indices.size()));
    row->set_constant_bytes(static_cast<double>(part.constant_bytes));
  }
  AddEdges(plan, message);
  for (const auto& repeated : plan.repeated) {
    v1::SharedConstant* row = message.add_shared_constants();
    row->set_name(repeated.name);
    row->set_bytes(static_cast<double>(repeated.bytes));
    for (const std::size_t part : repeated.parts) row->add_partitions(IdOf(part));
  }
  message.set_plan_valid(true);
  return message;
}

v1::SplitManifest DescribeParts(const ir::Module& module, const tflite_export::SplitPlan& plan,
                                const tflite_export::SplitOptions& options,
                                const v1::Report& report) {
  v1::SplitManifest message;
  SetLimits(options, plan, message);
  const ir::Signature& signature = module.signatures[0];
  const ir::Graph& graph = module.graph(signature.graph);
  message.set_signature(signature.key);
  const auto inputs = graph.inputs();
  const auto outputs = graph.outputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    FillTensor(graph.value(inputs[i]), signature.input_names[i], *message.add_inputs());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    FillTensor(graph.value(outputs[i]), signature.output_names[i], *message.add_outputs());
  }
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    const PartPlan& part = plan.parts[i];
    const v1::Artifact& artifact = report.artifacts(static_cast<int>(i));
    v1::SplitManifest::Partition* row = message.add_partitions();
    SetRange(part, i, *row);
    row->set_file(artifact.name());
    row->set_sha256(artifact.digest().sha256());
    row->set_size_bytes(static_cast<double>(artifact.digest().size_bytes()));
    row->set_min_runtime_version(artifact.min_runtime_version());
    *row->mutable_custom_operators() = artifact.custom_operators();
    for (const PartPort& port : part.inputs) {
      FillTensor(graph.value(port.value), port.name, *row->add_inputs());
    }
    for (const PartPort& port : part.outputs) {
      FillTensor(graph.value(port.value), port.name, *row->add_outputs());
    }
  }
  AddEdges(plan, message);
  return message;
}

}  // namespace smelt
