#include "tests/unit/core/import_tflite/foreign_file.h"

#include <algorithm>
#include <span>

namespace smelt::tflite_import {
namespace {

namespace schema = flat::schema;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

constexpr std::int32_t kPlaceholderCode = 127;

template <class T>
Offset<flatbuffers::Vector<T>> List(FlatBufferBuilder& builder, const std::vector<T>& values) {
  return values.empty() ? 0 : builder.CreateVector(values);
}

Offset<schema::QuantizationParameters> Quantization(FlatBufferBuilder& builder,
                                                    const ForeignTensor& tensor) {
  if (tensor.scales.empty() && tensor.min.empty() && tensor.block_size == 0) return 0;
  const auto min = List(builder, tensor.min);
  const auto max = List(builder, tensor.max);
  const auto scales = List(builder, tensor.scales);
  const auto zeros = List(builder, tensor.zero_points);
  auto details_type = schema::QuantizationDetails::NONE;
  Offset<void> details;
  if (tensor.block_size != 0) {
    details_type = schema::QuantizationDetails::BlockwiseQuantization;
    details = schema::CreateBlockwiseQuantization(builder, 0, -1, tensor.block_size).Union();
  }
  return schema::CreateQuantizationParameters(builder, min, max, scales, zeros, details_type,
                                              details, tensor.axis);
}

Offset<schema::SparsityParameters> Sparsity(FlatBufferBuilder& builder,
                                            const ForeignTensor& tensor) {
  if (!tensor.is_sparse) return 0;
  const std::vector<std::int32_t> order = {0};
  const std::vector<std::int32_t> ends = {0, 2};
  const auto segments = schema::CreateInt32VectorDirect(builder, &ends).Union();
  const auto indices = schema::CreateInt32VectorDirect(builder, &ends).Union();
  const std::vector<Offset<schema::DimensionMetadata>> dimensions = {
      schema::CreateDimensionMetadata(builder, schema::DimensionType::SPARSE_CSR, 0,
                                      schema::SparseIndexVector::Int32Vector, segments,
                                      schema::SparseIndexVector::Int32Vector, indices)};
  return schema::CreateSparsityParametersDirect(builder, &order, nullptr, &dimensions);
}

Offset<schema::Tensor> Tensor(FlatBufferBuilder& builder, const ForeignTensor& tensor) {
  const auto quantization = Quantization(builder, tensor);
  const auto sparsity = Sparsity(builder, tensor);
  return schema::CreateTensorDirect(builder, &tensor.shape, tensor.type, tensor.buffer,
                                    tensor.name.c_str(), quantization, tensor.is_variable, sparsity,
                                    tensor.signature.empty() ? nullptr : &tensor.signature,
                                    tensor.shape.empty(), nullptr, tensor.external_buffer);
}

Offset<schema::Operator> Operator(FlatBufferBuilder& builder, const ForeignOperator& op) {
  ForeignOperator::Options options = {schema::BuiltinOptions::NONE, 0};
  if (op.options) options = op.options(builder);
  return schema::CreateOperatorDirect(builder, op.code, &op.inputs, &op.outputs, options.first,
                                      options.second,
                                      op.custom_options.empty() ? nullptr : &op.custom_options,
                                      schema::CustomOptionsFormat::FLEXBUFFERS, nullptr,
                                      op.intermediates.empty() ? nullptr : &op.intermediates);
}

Offset<schema::SubGraph> Subgraph(FlatBufferBuilder& builder, const ForeignSubgraph& subgraph) {
  std::vector<Offset<schema::Tensor>> tensors;
  for (const ForeignTensor& tensor : subgraph.tensors) tensors.push_back(Tensor(builder, tensor));
  std::vector<Offset<schema::Operator>> operators;
  for (const ForeignOperator& op : subgraph.operators) operators.push_back(Operator(builder, op));
  return schema::CreateSubGraphDirect(builder, &tensors, &subgraph.inputs, &subgraph.outputs,
                                      &operators, subgraph.name.c_str());
}

std::vector<Offset<schema::TensorMap>> Maps(FlatBufferBuilder& builder,
                                            const ForeignFile::Ports& ports) {
  std::vector<Offset<schema::TensorMap>> maps;
  for (const auto& [name, tensor] : ports) {
    maps.push_back(schema::CreateTensorMapDirect(builder, name.c_str(), tensor));
  }
  return maps;
}

}  // namespace

ForeignFile::Buffer DataOf(std::vector<std::uint8_t> bytes) {
  ForeignFile::Buffer buffer;
  buffer.has_vector = true;
  buffer.data = std::move(bytes);
  return buffer;
}

SharedBytes ForeignFile::Build() const {
  FlatBufferBuilder builder;
  std::vector<Offset<schema::OperatorCode>> code_tables;
  for (const Code& code : codes) {
    code_tables.push_back(schema::CreateOperatorCodeDirect(
        builder, static_cast<std::int8_t>(std::min(code.builtin, kPlaceholderCode)),
        code.custom.empty() ? nullptr : code.custom.c_str(), code.version, code.builtin));
  }
  std::vector<Offset<schema::Buffer>> buffer_tables;
  for (const Buffer& buffer : buffers) {
    buffer_tables.push_back(schema::CreateBufferDirect(
        builder, buffer.has_vector ? &buffer.data : nullptr, buffer.offset, buffer.size));
  }
  std::vector<Offset<schema::SubGraph>> subgraph_tables;
  for (const ForeignSubgraph& subgraph : subgraphs) {
    subgraph_tables.push_back(Subgraph(builder, subgraph));
  }
  std::vector<Offset<schema::SignatureDef>> signature_tables;
  for (const Signature& signature : signatures) {
    const auto inputs = Maps(builder, signature.inputs);
    const auto outputs = Maps(builder, signature.outputs);
    signature_tables.push_back(schema::CreateSignatureDefDirect(
        builder, &inputs, &outputs, signature.key.c_str(), signature.subgraph));
  }
  std::vector<Offset<schema::Metadata>> metadata_tables;
  for (const auto& [name, buffer] : metadata) {
    metadata_tables.push_back(schema::CreateMetadataDirect(builder, name.c_str(), buffer));
  }
  const auto model = schema::CreateModelDirect(
      builder, version, &code_tables, &subgraph_tables, description.c_str(), &buffer_tables,
      nullptr, metadata_tables.empty() ? nullptr : &metadata_tables,
      signature_tables.empty() ? nullptr : &signature_tables);
  schema::FinishModelBuffer(builder, model);
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  return SharedBytes::Own(std::vector<std::byte>(bytes.begin(), bytes.end()));
}

}  // namespace smelt::tflite_import
