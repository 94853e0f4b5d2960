#include "core/base/utf8.h"
#include "core/convert/describe_model.h"

namespace smelt {
namespace {

void FillValues(const std::vector<onnx_import::ModelDescription::Value>& from,
                google::protobuf::RepeatedPtrField<v1::OnnxDescription::Value>& to) {
  for (const auto& value : from) {
    v1::OnnxDescription::Value* row = to.Add();
    row->set_name(ToUtf8(value.name));
    row->set_type(ToUtf8(value.type));
  }
}

}  // namespace

v1::ModelDescription ToProto(const onnx_import::ModelDescription& from) {
  v1::ModelDescription to;
  to.set_format("onnx");
  to.set_file_bytes(from.file_bytes);
  for (const auto& op : from.operators) {
    v1::ModelDescription::Operator* row = to.add_operators();
    row->set_domain(ToUtf8(op.domain));
    row->set_name(ToUtf8(op.name));
    row->set_count(op.count);
  }
  for (const auto& type : from.types) {
    v1::ModelDescription::Type* row = to.add_types();
    row->set_type(type.type);
    row->set_tensors(type.tensors);
    row->set_bytes(type.bytes);
  }
  for (const std::string& problem : from.problems) to.add_problems(ToUtf8(problem));
  to.set_problem_count(from.problem_count);
  v1::OnnxDescription& onnx = *to.mutable_onnx();
  onnx.set_ir_version(from.ir_version);
  onnx.set_producer(ToUtf8(from.producer));
  onnx.set_graph(ToUtf8(from.graph));
  for (const auto& [domain, version] : from.opset_imports) {
    (*onnx.mutable_opset_imports())[ToUtf8(domain)] = version;
  }
  for (const auto& [key, value] : from.metadata) {
    (*onnx.mutable_metadata())[ToUtf8(key)] = ToUtf8(value);
  }
  FillValues(from.inputs, *onnx.mutable_inputs());
  FillValues(from.outputs, *onnx.mutable_outputs());
  for (const auto& function : from.functions) {
    v1::OnnxDescription::Function* row = onnx.add_functions();
    row->set_domain(ToUtf8(function.domain));
    row->set_name(ToUtf8(function.name));
    row->set_nodes(function.nodes);
  }
  for (const auto& file : from.external_files) {
    v1::OnnxDescription::ExternalFile* row = onnx.add_external_files();
    row->set_location(ToUtf8(file.location));
    row->set_tensors(file.tensors);
    row->set_bytes(file.bytes);
  }
  return to;
}

}  // namespace smelt
