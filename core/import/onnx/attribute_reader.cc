#include "core/import/onnx/attribute_reader.h"

#include <onnx/onnx_pb.h>

#include "core/base/utf8.h"
#include "core/import/onnx/sparse_tensor.h"

namespace smelt::onnx_import {

AttrKind KindOf(const onnx::AttributeProto& attribute) {
  const int type = attribute.type();
  if (type > 0 && type <= static_cast<int>(AttrKind::kTypeProtos)) {
    return static_cast<AttrKind>(type);
  }
  if (attribute.has_f()) return AttrKind::kFloat;
  if (attribute.has_i()) return AttrKind::kInt;
  if (attribute.has_s()) return AttrKind::kString;
  if (attribute.has_t()) return AttrKind::kTensor;
  if (attribute.has_g()) return AttrKind::kGraph;
  if (attribute.floats_size() > 0) return AttrKind::kFloats;
  if (attribute.ints_size() > 0) return AttrKind::kInts;
  if (attribute.strings_size() > 0) return AttrKind::kStrings;
  return AttrKind::kUndefined;
}

Result<NodeAttributes> ReadAttributes(const onnx::NodeProto& node, const PayloadSource& source) {
  NodeAttributes all;
  for (const onnx::AttributeProto& from : node.attribute()) {
    NodeAttribute to;
    to.name = from.name();
    to.kind = KindOf(from);
    switch (to.kind) {
      case AttrKind::kFloat:
        to.value = static_cast<double>(from.f());
        break;
      case AttrKind::kInt:
        to.value = std::int64_t{from.i()};
        break;
      case AttrKind::kString:
        to.value = ToUtf8(from.s());
        break;
      case AttrKind::kFloats:
        to.value = std::vector<double>(from.floats().begin(), from.floats().end());
        break;
      case AttrKind::kInts:
        to.value = std::vector<std::int64_t>(from.ints().begin(), from.ints().end());
        break;
      case AttrKind::kStrings:
        to.value = std::vector<std::string>(from.strings().begin(), from.strings().end());
        break;
      case AttrKind::kTensor:
      case AttrKind::kSparseTensor: {
        auto tensor = to.kind == AttrKind::kTensor ? ReadTensor(from.t(), source)
                                                   : ReadSparseTensor(from.sparse_tensor(), source);
        if (tensor.ok()) {
          to.value = std::move(tensor).value();
        } else if (tensor.status().reason() != Reason::kUnsupportedType) {
          return std::move(tensor).status();
        }
        break;
      }
      case AttrKind::kUndefined:
      case AttrKind::kGraph:
      case AttrKind::kTensors:
      case AttrKind::kGraphs:
      case AttrKind::kSparseTensors:
      case AttrKind::kTypeProto:
      case AttrKind::kTypeProtos:
        break;
    }
    all.Add(std::move(to));
  }
  return all;
}

}  // namespace smelt::onnx_import
