#include "core/import/onnx/describe.h"

#include <onnx/onnx_pb.h>

#include <charconv>
#include <unordered_set>
#include <utility>

#include "core/import/onnx/data_type.h"
#include "core/import/onnx/load.h"
#include "core/import/onnx/tensor_payload.h"

namespace smelt::onnx_import {
namespace {

constexpr std::size_t kMostProblems = 64;

std::string DomainName(const std::string& domain) { return domain.empty() ? "ai.onnx" : domain; }

std::string TypeName(std::int32_t number) {
  const auto dtype = DTypeFromOnnx(number);
  if (dtype) return std::string(ir::DTypeName(*dtype));
  const auto type = static_cast<onnx::TensorProto::DataType>(number);
  const bool is_known = onnx::TensorProto::DataType_IsValid(number);
  return is_known ? onnx::TensorProto::DataType_Name(type) : "type " + std::to_string(number);
}

std::string DimText(const onnx::TensorShapeProto::Dimension& dim) {
  if (dim.has_dim_value()) return dim.dim_value() == -1 ? "?" : std::to_string(dim.dim_value());
  return dim.dim_param().empty() ? "?" : dim.dim_param();
}

std::string TensorText(const onnx::TypeProto::Tensor& tensor) {
  std::string text = TypeName(tensor.elem_type());
  if (!tensor.has_shape()) return text + "[...]";
  std::string dims;
  for (const auto& dim : tensor.shape().dim()) dims += (dims.empty() ? "" : ",") + DimText(dim);
  return text + "[" + dims + "]";
}

std::string TypeText(const onnx::ValueInfoProto& value) {
  switch (value.type().value_case()) {
    case onnx::TypeProto::kTensorType:
      return TensorText(value.type().tensor_type());
    case onnx::TypeProto::kSequenceType:
      return "sequence";
    case onnx::TypeProto::kMapType:
      return "map";
    case onnx::TypeProto::kOptionalType:
      return "optional";
    case onnx::TypeProto::kSparseTensorType:
      return "sparse tensor";
    default:
      return "";
  }
}

std::uint64_t Number(const std::string& text, std::uint64_t fallback) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? value : fallback;
}

class Describer {
 public:
  Describer(const onnx::ModelProto& model, const ImportLimits& limits, ModelDescription& out)
      : model_(model), limits_(limits), out_(out) {}

  void Run() {
    out_.ir_version = model_.ir_version();
    out_.producer = model_.producer_name();
    if (!model_.producer_version().empty()) out_.producer += " " + model_.producer_version();
    out_.graph = model_.graph().name();
    for (const auto& import : model_.opset_import()) {
      out_.opset_imports[DomainName(import.domain())] = import.version();
    }
    for (const auto& entry : model_.metadata_props()) out_.metadata[entry.key()] = entry.value();
    AddPorts();
    AddGraph(model_.graph());
    for (const auto& function : model_.functions()) {
      out_.functions.push_back({DomainName(function.domain()), function.name(),
                                static_cast<std::uint64_t>(function.node_size())});
      // What a function is made of is counted where it is called, as its name.
      for (const auto& node : function.node()) AddAttributes(node, false);
    }
    for (const auto& [key, count] : operators_) {
      out_.operators.push_back({key.first, key.second, count});
    }
    for (auto& [number, type] : types_) out_.types.push_back(std::move(type));
    for (auto& [location, file] : files_) out_.external_files.push_back(std::move(file));
  }

 private:
  void AddPorts() {
    std::unordered_set<std::string> given;
    for (const auto& tensor : model_.graph().initializer()) given.insert(tensor.name());
    for (const auto& tensor : model_.graph().sparse_initializer()) {
      given.insert(tensor.values().name());
    }
    for (const auto& input : model_.graph().input()) {
      if (!given.contains(input.name())) out_.inputs.push_back({input.name(), TypeText(input)});
    }
    for (const auto& output : model_.graph().output()) {
      out_.outputs.push_back({output.name(), TypeText(output)});
    }
  }

  // As deep as LoadModel allows.
  void AddGraph(const onnx::GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) AddTensor(tensor);
    for (const auto& tensor : graph.sparse_initializer()) AddSparse(tensor);
    for (const auto& node : graph.node()) {
      ++operators_[{DomainName(node.domain()), node.op_type()}];
      AddAttributes(node, true);
    }
  }

  void AddAttributes(const onnx::NodeProto& node, bool count_operators) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_t()) AddTensor(attribute.t());
      for (const auto& tensor : attribute.tensors()) AddTensor(tensor);
      if (attribute.has_sparse_tensor()) AddSparse(attribute.sparse_tensor());
      for (const auto& tensor : attribute.sparse_tensors()) AddSparse(tensor);
      if (attribute.has_g()) AddInner(attribute.g(), count_operators);
      for (const auto& graph : attribute.graphs()) AddInner(graph, count_operators);
    }
  }

  void AddInner(const onnx::GraphProto& graph, bool count_operators) {
    if (count_operators) return AddGraph(graph);
    for (const auto& tensor : graph.initializer()) AddTensor(tensor);
    for (const auto& tensor : graph.sparse_initializer()) AddSparse(tensor);
    for (const auto& node : graph.node()) AddAttributes(node, false);
  }

  void AddSparse(const onnx::SparseTensorProto& tensor) {
    AddTensor(tensor.values());
    AddTensor(tensor.indices());
  }

  void AddTensor(const onnx::TensorProto& tensor) {
    ModelDescription::Type& type = types_[tensor.data_type()];
    type.type = TypeName(tensor.data_type());
    ++type.tensors;
    std::uint64_t bytes = 0;
    if (DTypeFromOnnx(tensor.data_type())) {
      const auto header = ReadTensorHeader(tensor, limits_.max_tensor_bytes);
      if (!header.ok()) AddProblem(std::string(header.status().message()));
      if (header.ok()) bytes = header->bytes;
    }
    type.bytes += bytes;
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL) AddExternal(tensor, bytes);
  }

  void AddExternal(const onnx::TensorProto& tensor, std::uint64_t bytes) {
    std::string location;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "length") bytes = Number(entry.value(), bytes);
    }
    ModelDescription::ExternalFile& file = files_[location];
    file.location = location;
    ++file.tensors;
    file.bytes += bytes;
  }

  void AddProblem(std::string what) {
    ++out_.problem_count;
    if (out_.problems.size() < kMostProblems) out_.problems.push_back(std::move(what));
  }

  const onnx::ModelProto& model_;
  const ImportLimits& limits_;
  ModelDescription& out_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> operators_;
  std::map<std::int32_t, ModelDescription::Type> types_;
  std::map<std::string, ModelDescription::ExternalFile> files_;
};

}  // namespace

bool LooksLikeOnnx(ByteSpan file) { return LooksLikeModel(file); }

Result<ModelDescription> Describe(ByteSpan file, const ImportLimits& limits) {
  SMELT_ASSIGN_OR_RETURN(const LoadedModel loaded, LoadModel(file, limits));
  ModelDescription description;
  description.file_bytes = file.size();
  Describer(*loaded.proto, limits, description).Run();
  return description;
}

}  // namespace smelt::onnx_import
