// The Scan of opset 8, which has a batch axis in front of everything.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

void AddNode(onnx::GraphProto& graph, const std::string& op, const std::vector<std::string>& from,
             const std::string& to) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  for (const std::string& name : from) node.add_input(name);
  node.add_output(to);
}

// A running sum: its body gives the sum as state and, twice, as what is collected.
void AddScan(OnnxModel& model, int node, const std::vector<std::string>& inputs,
             const std::vector<std::string>& outputs) {
  model.Node("Scan", inputs, outputs, {{"num_scan_inputs", 1}});
  onnx::AttributeProto& attribute = *model.graph().mutable_node(node)->add_attribute();
  attribute.set_name("body");
  attribute.set_type(onnx::AttributeProto::GRAPH);
  onnx::GraphProto& body = *attribute.mutable_g();
  for (const char* name : {"s", "p"}) body.add_input()->set_name(name);
  for (int i = 0; i < 3; ++i) body.add_output()->set_name("sum");
  AddNode(body, "Add", {"s", "p"}, "sum");
}

TEST(ScanOverBatch, OneValueMayBeGivenTwiceAndByTwoScans) {
  OnnxModel model(8);
  model.Input("s0", DType::kF32, {2, 1}).Input("x", DType::kF32, {2, 3, 1});
  AddScan(model, 0, {"", "s0", "x"}, {"s1", "a", "b"});
  AddScan(model, 1, {"", "s1", "x"}, {"s2", "c"});  // the last one is not used
  for (const char* name : {"s1", "s2"}) model.Output(name, DType::kF32, {2, 1});
  for (const char* name : {"a", "b", "c"}) model.Output(name, DType::kF32, {2, 3, 1});
  const auto results = model.Run({F32({2, 1}, {0, 10}), F32({2, 3, 1}, {1, 2, 3, 4, 5, 6})});
  ASSERT_EQ(results.size(), 5U);
  const interp::Tensor sums = F32({2, 3, 1}, {1, 3, 6, 14, 19, 25});
  ExpectTensor(results[0], F32({2, 1}, {6, 25}));
  ExpectTensor(results[1], F32({2, 1}, {12, 40}));
  ExpectTensor(results[2], sums);
  ExpectTensor(results[3], sums);
  ExpectTensor(results[4], F32({2, 3, 1}, {7, 9, 12, 29, 34, 40}));
}

}  // namespace
}  // namespace smelt::testing
