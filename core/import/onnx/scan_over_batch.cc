#include "core/import/onnx/scan_over_batch.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>

namespace smelt::onnx_import {
namespace {

const onnx::AttributeProto* Find(const onnx::NodeProto& node, const char* name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

onnx::AttributeProto& AddAttribute(onnx::NodeProto& node, const char* name,
                                   onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& added = *node.add_attribute();
  added.set_name(name);
  added.set_type(type);
  return added;
}

// A Scan whose last `scans` inputs are cut along axis 0.
onnx::NodeProto ScanAlongFirst(const onnx::NodeProto& like, int scans, onnx::GraphProto body) {
  onnx::NodeProto node;
  node.set_op_type("Scan");
  node.set_name(like.name());
  *AddAttribute(node, "body", onnx::AttributeProto::GRAPH).mutable_g() = std::move(body);
  AddAttribute(node, "num_scan_inputs", onnx::AttributeProto::INT).set_i(scans);
  auto& axes = AddAttribute(node, "scan_input_axes", onnx::AttributeProto::INTS);
  for (int i = 0; i < scans; ++i) axes.add_ints(0);
  return node;
}

}  // namespace

bool HasBatchAxis(const onnx::NodeProto& scan, int schema_version) {
  return schema_version < 9 && Find(scan, "scan_input_axes") == nullptr;
}

Result<onnx::GraphProto> Unbatched(const onnx::NodeProto& scan) {
  const onnx::AttributeProto* count = Find(scan, "num_scan_inputs");
  const onnx::GraphProto& body = Find(scan, "body")->g();
  const int inputs = scan.input_size() - 1;
  const std::int64_t scans = count == nullptr ? 0 : count->i();
  if (inputs < 1 || scans < 1 || scans > inputs || body.input_size() != inputs ||
      scan.output_size() > body.output_size()) {
    return Status(Reason::kMissingInput, "the body's inputs are not those of the scan");
  }
  if (!scan.input(0).empty()) {
    return Status(Reason::kUnsupportedAttributeValue,
                  "sequences of different lengths (sequence_lens) are not converted",
                  "Export with opset 9 or later, or without sequence_lens.");
  }
  onnx::NodeProto inner = ScanAlongFirst(scan, static_cast<int>(scans), body);
  if (const onnx::AttributeProto* directions = Find(scan, "directions")) {
    onnx::AttributeProto& added = *inner.add_attribute();
    added = *directions;
    added.set_name("scan_input_directions");
  }
  onnx::GraphProto element;
  element.set_name("of one element of the batch");
  for (int i = 0; i < inputs; ++i) {
    const std::string name = scan.input(i + 1) + "/of one element/" + std::to_string(i);
    element.add_input()->set_name(name);
    inner.add_input(name);
  }
  for (int i = 0; i < body.output_size(); ++i) {  // a body may give one value twice
    const std::string name = body.output(i).name() + "/of one element/" + std::to_string(i);
    inner.add_output(name);
    element.add_output()->set_name(name);
  }
  *element.add_node() = std::move(inner);
  onnx::GraphProto graph;
  onnx::NodeProto& outer = *graph.add_node();
  outer = ScanAlongFirst(scan, inputs, std::move(element));
  for (int i = 0; i < inputs; ++i) outer.add_input(scan.input(i + 1));
  for (int i = 0; i < body.output_size(); ++i) {
    const bool named = i < scan.output_size() && !scan.output(i).empty();
    outer.add_output(named ? scan.output(i)
                           : body.output(i).name() + "/unused/" + std::to_string(i));
    graph.add_output()->set_name(outer.output(i));
  }
  return graph;
}

}  // namespace smelt::onnx_import
