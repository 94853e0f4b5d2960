#include "core/import/onnx/node_attributes.h"

#include <array>

namespace smelt::onnx_import {

std::string_view AttrKindName(AttrKind kind) {
  static constexpr std::array<std::string_view, 15> kNames = {
      "UNDEFINED",      "FLOAT",      "INT",        "STRING",  "TENSOR", "GRAPH",
      "FLOATS",         "INTS",       "STRINGS",    "TENSORS", "GRAPHS", "SPARSE_TENSOR",
      "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS"};
  return kNames[static_cast<std::size_t>(kind)];
}

const NodeAttribute* NodeAttributes::Find(std::string_view name) const {
  for (const NodeAttribute& attribute : all_) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

}  // namespace smelt::onnx_import
