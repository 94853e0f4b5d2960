#include "tests/integration/onnx_bytes.h"

#include <cstring>

namespace smelt::testing::onnx_bytes {
namespace {

std::string RawVarint(std::uint64_t value) {
  std::string bytes;
  while (value >= 0x80) {
    bytes += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  bytes += static_cast<char>(value);
  return bytes;
}

std::string TensorHead(std::string_view name, int data_type,
                       const std::vector<std::int64_t>& dims) {
  std::string tensor;
  for (const std::int64_t dim : dims) tensor += Varint(1, static_cast<std::uint64_t>(dim));
  return tensor + Varint(2, static_cast<std::uint64_t>(data_type)) + Field(8, name);
}

}  // namespace

std::string Varint(int number, std::uint64_t value) {
  return RawVarint(static_cast<std::uint64_t>(number) << 3) + RawVarint(value);
}

std::string Field(int number, std::string_view bytes) {
  std::string field = RawVarint((static_cast<std::uint64_t>(number) << 3) | 2);
  field += RawVarint(bytes.size());
  field += bytes;
  return field;
}

std::string NodeProto(const Node& node) {
  std::string proto;
  for (const std::string& input : node.inputs) proto += Field(1, input);
  for (const std::string& output : node.outputs) proto += Field(2, output);
  proto += Field(4, node.op_type) + node.attributes;
  if (!node.domain.empty()) proto += Field(7, node.domain);
  return proto;
}

std::string GraphAttribute(std::string_view name, std::string_view graph) {
  return Field(5, Field(1, name) + Field(6, graph) + Varint(20, 5));
}

std::string ValueInfo(std::string_view name, const std::vector<std::int64_t>& dims) {
  std::string shape;
  for (const std::int64_t dim : dims) {
    shape += Field(1, Varint(1, static_cast<std::uint64_t>(dim)));
  }
  const std::string tensor_type = Varint(1, 1) + Field(2, shape);
  return Field(1, name) + Field(2, Field(1, tensor_type));
}

std::string Tensor(std::string_view name, int data_type, const std::vector<std::int64_t>& dims,
                   std::string_view raw_data) {
  return TensorHead(name, data_type, dims) + Field(9, raw_data);
}

std::string Int64s(const std::vector<std::int64_t>& values) {
  std::string bytes(values.size() * sizeof(std::int64_t), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());  // little-endian machines only
  return bytes;
}

std::string ExternalTensor(std::string_view name, const std::vector<std::int64_t>& dims,
                           std::string_view location) {
  const std::string entry = Field(1, "location") + Field(2, location);
  return TensorHead(name, 1, dims) + Field(13, entry) + Varint(14, 1);
}

std::string GraphProto(const Graph& graph) {
  std::string proto;
  for (const Node& node : graph.nodes) proto += Field(1, NodeProto(node));
  proto += Field(2, "graph");
  for (const std::string& tensor : graph.initializers) proto += Field(5, tensor);
  for (const std::string& input : graph.inputs) proto += Field(11, input);
  for (const std::string& output : graph.outputs) proto += Field(12, output);
  return proto;
}

std::string Model(std::string_view graph_proto, std::uint64_t opset) {
  return Varint(1, 7) + Field(8, Varint(2, opset)) + Field(7, graph_proto);
}

}  // namespace smelt::testing::onnx_bytes
