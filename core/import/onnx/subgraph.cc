#include "core/import/onnx/subgraph.h"

#include <onnx/onnx_pb.h>

#include <set>

#include "core/import/onnx/graph_order.h"

namespace smelt::onnx_import {

std::vector<std::string> NamesFromOutside(const onnx::GraphProto& body) {
  onnx::NodeProto holder;
  *holder.add_attribute()->mutable_g() = body;
  std::set<std::string> names;
  for (const std::string* name : NamesReadBy(holder)) names.insert(*name);
  return {names.begin(), names.end()};
}

onnx::GraphProto Closed(const onnx::GraphProto& body, const std::vector<std::string>& outside) {
  onnx::GraphProto closed = body;
  for (const std::string& name : outside) closed.add_input()->set_name(name);
  return closed;
}

}  // namespace smelt::onnx_import
