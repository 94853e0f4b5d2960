// NodeAttributes: the attributes of one ONNX node, as plain values. Made by the loader from
// protobuf, read by OnnxNode. Immutable once made; owns its values, tensors share the model's
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/ir/constant.h"

namespace smelt::onnx_import {

// The storage of an attribute, with AttributeProto's numbers.
enum class AttrKind : std::uint8_t {
  kUndefined = 0,
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
  kTensors = 9,
  kGraphs = 10,
  kSparseTensor = 11,
  kSparseTensors = 12,
  kTypeProto = 13,
  kTypeProtos = 14,
};

std::string_view AttrKindName(AttrKind kind);  // "INTS"

struct NodeAttribute {
  std::string name;
  AttrKind kind = AttrKind::kUndefined;
  // Empty for kinds that no rule reads (graphs, types).
  std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::int64_t>,
               std::vector<double>, std::vector<std::string>, ir::Constant>
      value;
};

class NodeAttributes {
 public:
  NodeAttributes() = default;
  explicit NodeAttributes(std::vector<NodeAttribute> all) : all_(std::move(all)) {}

  void Add(NodeAttribute attribute) { all_.push_back(std::move(attribute)); }
  // Null when absent. Nodes have a handful of attributes: a linear search.
  const NodeAttribute* Find(std::string_view name) const;
  const std::vector<NodeAttribute>& all() const { return all_; }

 private:
  std::vector<NodeAttribute> all_;
};

}  // namespace smelt::onnx_import
