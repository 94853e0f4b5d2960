// Bad input through the real daemon: each is refused with its reason, and the daemon lives on.
#include <gtest/gtest.h>

#include <functional>

#include "smelt/v1/report.pb.h"
#include "tests/integration/daemon.h"
#include "tests/integration/onnx_bytes.h"
#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

using onnx_bytes::ExternalTensor;
using onnx_bytes::Graph;
using onnx_bytes::GraphAttribute;
using onnx_bytes::GraphProto;
using onnx_bytes::Int64s;
using onnx_bytes::Model;
using onnx_bytes::Node;
using onnx_bytes::Tensor;
using onnx_bytes::ValueInfo;

const std::string kInput = ValueInfo("x", {1, 4});
const std::string kOutput = ValueInfo("y", {1, 4});

std::string OneNode(const Node& node, std::uint64_t opset = 13) {
  return Model(GraphProto({.nodes = {node}, .inputs = {kInput}, .outputs = {kOutput}}), opset);
}

std::string WithInitializer(const Node& node, const std::string& tensor) {
  return Model(GraphProto(
      {.nodes = {node}, .inputs = {kInput}, .outputs = {kOutput}, .initializers = {tensor}}));
}

std::string DeepIf(int depth) {
  std::string branch = GraphProto({.nodes = {{"Relu", {"x"}, {"y"}}}, .outputs = {kOutput}});
  for (int i = 0; i < depth; ++i) {
    const std::string attributes =
        GraphAttribute("then_branch", branch) + GraphAttribute("else_branch", "");
    branch = GraphProto(
        {.nodes = {{"If", {"x"}, {"y"}, attributes}}, .inputs = {}, .outputs = {kOutput}});
  }
  return Model(branch);
}

struct BadInput {
  const char* name;
  const char* reason;
  std::function<std::string()> model;
};

const BadInput kBadInputs[] = {
    {"NoModel", "not_a_model", [] { return std::string("{\"a\": \"json file\"}"); }},
    {"NoBytes", "not_a_model", [] { return std::string(); }},
    {"Cycle", "graph_cycle",
     [] {
       return Model(GraphProto({.nodes = {{"Add", {"x", "b"}, {"a"}}, {"Relu", {"a"}, {"b"}}},
                                .inputs = {kInput},
                                .outputs = {ValueInfo("b", {1, 4})}}));
     }},
    {"DuplicateName", "duplicate_name",
     [] {
       return Model(GraphProto({.nodes = {{"Relu", {"x"}, {"y"}}, {"Abs", {"x"}, {"y"}}},
                                .inputs = {kInput},
                                .outputs = {kOutput}}));
     }},
    {"UndefinedName", "undefined_name",
     [] {
       return OneNode({"Relu", {"ghost"}, {"y"}});
     }},
    {"MissingExternalData", "external_data_missing",
     [] {
       return WithInitializer({"Add", {"x", "w"}, {"y"}}, ExternalTensor("w", {4}, "gone.bin"));
     }},
    {"ExternalPathClimbs", "external_path_escapes",
     [] {
       return WithInitializer({"Add", {"x", "w"}, {"y"}},
                              ExternalTensor("w", {4}, "../../etc/passwd"));
     }},
    {"ExternalPathAbsolute", "external_path_escapes",
     [] {
       return WithInitializer({"Add", {"x", "w"}, {"y"}}, ExternalTensor("w", {4}, "/etc/passwd"));
     }},
    {"DimensionsOverflow", "dimension_overflow",
     [] {
       const std::int64_t big = std::int64_t{1} << 40;
       return WithInitializer({"Add", {"x", "w"}, {"y"}}, Tensor("w", 1, {big, big}, "abcd"));
     }},
    {"NegativeDimension", "dimension_overflow",
     [] {
       return WithInitializer({"Add", {"x", "w"}, {"y"}}, Tensor("w", 1, {-4}, "abcd"));
     }},
    {"HugeConstantOfShape", "tensor_too_large",
     [] {
       return WithInitializer({"ConstantOfShape", {"s"}, {"y"}},
                              Tensor("s", 7, {1}, Int64s({std::int64_t{1} << 40})));
     }},
    {"HugeTile", "tensor_too_large",
     [] {
       return WithInitializer({"Tile", {"x", "r"}, {"y"}},
                              Tensor("r", 7, {2}, Int64s({std::int64_t{1} << 38, 1})));
     }},
    {"HugeRange", "tensor_too_large",
     [] {
       Graph graph{.nodes = {{"Range", {"a", "b", "c"}, {"y"}}},
                   .inputs = {kInput},
                   .outputs = {kOutput},
                   .initializers = {Tensor("a", 7, {}, Int64s({0})),
                                    Tensor("b", 7, {}, Int64s({std::int64_t{1} << 40})),
                                    Tensor("c", 7, {}, Int64s({1}))}};
       return Model(GraphProto(graph));
     }},
    {"ShortPayload", "payload_size_mismatch",
     [] {
       return WithInitializer({"Add", {"x", "w"}, {"y"}}, Tensor("w", 1, {4}, "short"));
     }},
    {"UnknownOperator", "unsupported_onnx_op",
     [] {
       return OneNode({"Frobnicate", {"x"}, {"y"}});
     }},
    {"UnknownDomain", "custom_op_candidate_disabled",
     [] {
       return OneNode({"Relu", {"x"}, {"y"}, "", "com.example"});
     }},
    {"UnsupportedOpset", "unsupported_opset",
     [] {
       return OneNode({"Relu", {"x"}, {"y"}}, 99);
     }},
    {"DeepNesting", "nesting_too_deep", [] { return DeepIf(5000); }},
    {"EmptyGraph", "empty_graph", [] { return Model(""); }},
    {"NoOutputs", "no_outputs",
     [] {
       return Model(GraphProto({.nodes = {{"Relu", {"x"}, {"y"}}}, .inputs = {kInput}}));
     }},
};

// One daemon for all of them: it must live through each.
class BadInputThroughDaemon : public ::testing::TestWithParam<BadInput> {
 protected:
  static void SetUpTestSuite() {
    daemon_ = std::make_unique<Daemon>(SMELT_WORKER);
    daemon_->Start();
  }
  static void TearDownTestSuite() { daemon_.reset(); }
  static std::unique_ptr<Daemon> daemon_;
};
std::unique_ptr<Daemon> BadInputThroughDaemon::daemon_;

TEST_P(BadInputThroughDaemon, IsRefusedWithItsReason) {
  TestClient client(daemon_->address());
  const auto created = client.Submit(GetParam().model(), "bad.onnx");
  ASSERT_TRUE(created.ok()) << created.error.message;
  const v1::Job job = client.Wait(created.value.id()).value;
  EXPECT_EQ(job.state(), v1::FAILED);
  EXPECT_EQ(job.reason_code(), GetParam().reason) << job.message();
  EXPECT_FALSE(job.message().empty());
  v1::Report report;
  ASSERT_TRUE(report.ParseFromString(client.Read(job.report()).value));
  EXPECT_EQ(report.reason_code(), GetParam().reason);
  const auto good = client.Submit(OneNode({"Relu", {"x"}, {"y"}}), "good.onnx");
  EXPECT_EQ(client.Wait(good.value.id()).value.state(), v1::SUCCEEDED);
}

INSTANTIATE_TEST_SUITE_P(Table, BadInputThroughDaemon, ::testing::ValuesIn(kBadInputs),
                         [](const auto& bad) { return std::string(bad.param.name); });

}  // namespace
}  // namespace smelt::testing
