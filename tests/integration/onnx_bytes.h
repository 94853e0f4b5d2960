// ONNX files written field by field, without any library: also such that no library would write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smelt::testing::onnx_bytes {

// A length-delimited field of a protobuf message; bytes of a submessage or a string.
std::string Field(int number, std::string_view bytes);
std::string Varint(int number, std::uint64_t value);

struct Node {
  std::string op_type;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::string attributes = "";  // Attribute(...) of each
  std::string domain = "";
};

std::string NodeProto(const Node& node);
// A graph attribute: the branches of If.
std::string GraphAttribute(std::string_view name, std::string_view graph);
// A float32 value with fixed dimensions.
std::string ValueInfo(std::string_view name, const std::vector<std::int64_t>& dims);
// data_type: 1 float32, 7 int64.
std::string Tensor(std::string_view name, int data_type, const std::vector<std::int64_t>& dims,
                   std::string_view raw_data);
std::string Int64s(const std::vector<std::int64_t>& values);
// A float32 tensor whose payload lies in another file.
std::string ExternalTensor(std::string_view name, const std::vector<std::int64_t>& dims,
                           std::string_view location);

struct Graph {
  std::vector<Node> nodes;
  std::vector<std::string> inputs = {};        // ValueInfo
  std::vector<std::string> outputs = {};       // ValueInfo
  std::vector<std::string> initializers = {};  // Tensor
};

std::string GraphProto(const Graph& graph);
std::string Model(std::string_view graph_proto, std::uint64_t opset = 13);

}  // namespace smelt::testing::onnx_bytes
