#include <string>

#include "core/base/utf8.h"
#include "core/convert/describe_model.h"
#include "core/export/tflite/runtime_versions.h"

namespace smelt {
namespace {

using tflite_import::OperatorCodeDescription;
using v1::TfliteDescription;

template <class From, class To>
void Copy(const From& from, To* to) {
  to->Assign(from.begin(), from.end());
}

// A file may say any number.
std::uint32_t Version(const OperatorCodeDescription& code) {
  return code.version < 0 ? 0 : static_cast<std::uint32_t>(code.version);
}

void FillData(const tflite_import::DataDescription& from, TfliteDescription::Data& to) {
  to.set_buffer(from.buffer);
  to.set_bytes(from.bytes);
  to.set_offset(from.offset);
  to.set_behind_flatbuffer(from.behind_flatbuffer);
}

void FillQuantization(const tflite_import::QuantizationDescription& from,
                      TfliteDescription::Quantization& to) {
  Copy(from.scales, to.mutable_scales());
  Copy(from.zero_points, to.mutable_zero_points());
  to.set_axis(from.axis);
  Copy(from.min, to.mutable_min());
  Copy(from.max, to.mutable_max());
  to.set_details(from.details);
  to.set_scales_tensor(from.scales_tensor);
  to.set_zero_points_tensor(from.zero_points_tensor);
  to.set_block_size(from.block_size);
  Copy(from.axes, to.mutable_axes());
  to.set_custom_bytes(from.custom_bytes);
}

void FillSparsity(const tflite_import::SparsityDescription& from, TfliteDescription::Sparsity& to) {
  Copy(from.traversal_order, to.mutable_traversal_order());
  Copy(from.block_map, to.mutable_block_map());
  for (const auto& dimension : from.dimensions) {
    TfliteDescription::Sparsity::Dimension* row = to.add_dimensions();
    row->set_is_csr(dimension.is_csr);
    row->set_dense_size(dimension.dense_size);
    row->set_segments(dimension.segments);
    row->set_indices(dimension.indices);
  }
}

void FillTensor(const tflite_import::TensorDescription& from, TfliteDescription::Tensor& to) {
  to.set_name(ToUtf8(from.name));
  to.set_type(from.type);
  Copy(from.shape, to.mutable_shape());
  Copy(from.shape_signature, to.mutable_shape_signature());
  to.set_has_rank(from.has_rank);
  to.set_is_variable(from.is_variable);
  to.set_external_buffer(from.external_buffer);
  to.set_variants(from.variants);
  FillData(from.data, *to.mutable_data());
  if (from.quantization.present) FillQuantization(from.quantization, *to.mutable_quantization());
  if (from.sparsity.present) FillSparsity(from.sparsity, *to.mutable_sparsity());
}

void FillNode(const tflite_import::OperatorDescription& from,
              const std::vector<OperatorCodeDescription>& codes, TfliteDescription::Node& to) {
  if (from.code < codes.size()) {
    const OperatorCodeDescription& code = codes[from.code];
    to.set_name(ToUtf8(code.name));
    to.set_custom(code.is_custom);
    to.set_version(Version(code));
  }
  Copy(from.inputs, to.mutable_inputs());
  Copy(from.outputs, to.mutable_outputs());
  Copy(from.intermediates, to.mutable_intermediates());
  Copy(from.mutated_inputs, to.mutable_mutated_inputs());
  to.set_options(ToUtf8(from.options));
  Copy(from.subgraphs, to.mutable_subgraphs());
  to.set_custom_bytes(from.custom_bytes);
}

void FillSubgraph(const tflite_import::SubgraphDescription& from,
                  const std::vector<OperatorCodeDescription>& codes,
                  TfliteDescription::Subgraph& to) {
  to.set_name(ToUtf8(from.name));
  for (const auto& tensor : from.tensors) FillTensor(tensor, *to.add_tensors());
  Copy(from.inputs, to.mutable_inputs());
  Copy(from.outputs, to.mutable_outputs());
  for (const auto& op : from.operators) FillNode(op, codes, *to.add_operators());
}

void FillPorts(const std::vector<tflite_import::SignatureDescription::Port>& from,
               google::protobuf::RepeatedPtrField<TfliteDescription::Port>& to) {
  for (const auto& port : from) {
    TfliteDescription::Port* row = to.Add();
    row->set_name(ToUtf8(port.name));
    row->set_tensor(port.tensor);
  }
}

// The operators by kind and version, and the runtime that they need together. A custom one needs a
// kernel, not a release.
void FillOperators(const std::vector<OperatorCodeDescription>& codes, v1::ModelDescription& to) {
  TfliteDescription& tflite = *to.mutable_tflite();
  for (const OperatorCodeDescription& code : codes) {
    v1::ModelDescription::Operator* row = to.add_operators();
    row->set_domain(code.is_custom ? "custom" : "builtin");
    row->set_name(ToUtf8(code.name));
    row->set_version(Version(code));
    row->set_count(code.count);
    if (code.is_custom) continue;
    const std::string runtime(tflite_export::RuntimeVersionOfBuiltin(code.builtin, code.version));
    row->set_min_runtime(runtime);
    if (code.count == 0) continue;
    if (runtime.empty()) {
      tflite.add_unknown_operators(row->name() + " " + std::to_string(code.version));
    } else if (tflite_export::OlderRuntime(tflite.needed_runtime(), runtime)) {
      tflite.set_needed_runtime(runtime);
    }
  }
}

}  // namespace

v1::ModelDescription ToProto(const tflite_import::ModelDescription& from) {
  v1::ModelDescription to;
  to.set_format("tflite");
  to.set_file_bytes(from.file_bytes);
  for (const auto& type : from.types) {
    v1::ModelDescription::Type* row = to.add_types();
    row->set_type(type.type);
    row->set_tensors(type.tensors);
    row->set_bytes(type.bytes);
  }
  for (const std::string& problem : from.problems) to.add_problems(ToUtf8(problem));
  to.set_problem_count(from.problem_count);
  TfliteDescription& tflite = *to.mutable_tflite();
  FillOperators(from.operators, to);
  tflite.set_schema_version(from.schema_version);
  tflite.set_description(ToUtf8(from.description));
  tflite.set_stated_min_runtime(ToUtf8(from.min_runtime_version));
  tflite.set_buffers(from.buffers);
  tflite.set_data_bytes(from.data_bytes);
  tflite.set_unused_bytes(from.unused_bytes);
  for (const auto& subgraph : from.subgraphs) {
    FillSubgraph(subgraph, from.operators, *tflite.add_subgraphs());
  }
  for (const auto& signature : from.signatures) {
    TfliteDescription::SignatureEntry* row = tflite.add_signatures();
    row->set_key(ToUtf8(signature.key));
    row->set_subgraph(signature.subgraph);
    FillPorts(signature.inputs, *row->mutable_inputs());
    FillPorts(signature.outputs, *row->mutable_outputs());
  }
  for (const auto& entry : from.metadata) {
    TfliteDescription::MetadataEntry* row = tflite.add_metadata();
    row->set_name(ToUtf8(entry.name));
    FillData(entry.data, *row->mutable_data());
  }
  for (const std::string& file : from.external_files) tflite.add_external_files(ToUtf8(file));
  return to;
}

}  // namespace smelt
