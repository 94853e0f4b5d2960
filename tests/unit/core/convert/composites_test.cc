// Composites from the source's nodes to the file and its report.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include "core/import/tflite/reader.h"
#include "core/ir/op_kind.h"
#include "smelt/v1/op_coverage.pb.h"
#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Ints;
using testing::OnnxModel;

// Two layer norms, by one node and by nine, and a RMS norm of seven.
OnnxModel Norms(std::vector<testing::DimSpec> shape = {2, 5, 8}) {
  OnnxModel model(17);
  model.Input("x", DType::kF32, shape);
  model.Init("w", testing::RandomTensor(DType::kF32, {8}, 1, 0.5, 1.5));
  model.Init("b", testing::RandomTensor(DType::kF32, {8}, 2));
  model.Init("e", testing::F32({}, {1e-5}));
  model.Init("two", testing::F32({}, {2}));
  model.Node("LayerNormalization", {"x", "w", "b"}, {"n"}, {{"epsilon", 1e-5}});
  model.Node("ReduceMean", {"n"}, {"mean"}, {{"axes", Ints{-1}}});
  model.Node("Sub", {"n", "mean"}, {"c"});
  model.Node("Pow", {"c", "two"}, {"c2"});
  model.Node("ReduceMean", {"c2"}, {"variance"}, {{"axes", Ints{-1}}});
  model.Node("Add", {"variance", "e"}, {"ve"});
  model.Node("Sqrt", {"ve"}, {"deviation"});
  model.Node("Div", {"c", "deviation"}, {"normal"});
  model.Node("Mul", {"normal", "w"}, {"scaled"});
  model.Node("Add", {"scaled", "b"}, {"l"});
  model.Node("Mul", {"l", "l"}, {"l2"});
  model.Node("ReduceMean", {"l2"}, {"power"}, {{"axes", Ints{-1}}});
  model.Node("Add", {"power", "e"}, {"pe"});
  model.Node("Sqrt", {"pe"}, {"root"});
  model.Node("Reciprocal", {"root"}, {"inverse"});
  model.Node("Mul", {"l", "inverse"}, {"rms"});
  model.Node("Mul", {"w", "rms"}, {"y"});
  model.Output("y", DType::kF32, shape);
  return model;
}

ConvertRequest Keeping(std::vector<std::string> composites) {
  ConvertRequest request;
  request.composites = std::move(composites);
  return request;
}

std::vector<std::string> NamesIn(const Converted& made) {
  const auto read = tflite_import::Read(SharedBytes::Own(made.sink.artifact));
  EXPECT_TRUE(read.ok()) << read.status().ToString();
  std::vector<std::string> names;
  for (const ir::OpId id : read->main()) {
    const ir::Op& op = read->main().op(id);
    if (op.kind == ir::OpKind::kStablehloComposite) names.push_back(op.attrs.String("name"));
  }
  return names;
}

v1::OpCoverageReport CoverageOf(const Converted& made) {
  v1::OpCoverageReport coverage;
  const auto status = google::protobuf::util::JsonStringToMessage(
      made.sink.extras.at("net_op_coverage_report.json"), &coverage);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return coverage;
}

TEST(Composites, AreKeptFromNodesAndFromChains) {
  ConvertRequest request = Keeping({"all"});
  request.extra_reports = {ExtraReport::kOpCoverage};
  const Converted made = ConvertModel(Norms(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(NamesIn(made), ElementsAre("odml.group_norm", "odml.group_norm", "odml.rms_norm"));
  EXPECT_THAT(made.report.verification().outputs(), ::testing::SizeIs(1));
  EXPECT_EQ(made.report.artifacts(0).min_runtime_version(), "2.17.0");
  // The file's operators: three, and those of two bodies.
  EXPECT_EQ(made.report.coverage().target_operators().at("STABLEHLO_COMPOSITE"), 3u);
  EXPECT_EQ(made.report.coverage().target_operators().at("RSQRT"), 2u);
  const v1::OpCoverageReport coverage = CoverageOf(made);
  ASSERT_EQ(coverage.graph_node_reports_size(), 17);
  for (const auto& node : coverage.graph_node_reports()) {
    EXPECT_EQ(node.dispatch_mode(), "composite") << node.ShortDebugString();
    EXPECT_THAT(node.target_operators(), ElementsAre("STABLEHLO_COMPOSITE"));
  }
}

TEST(Composites, AttentionIsKeptBetweenItsProjections) {
  OnnxModel model(17);
  model.Input("x", DType::kF32, {1, 6, 8});
  model.Init("w", testing::RandomTensor(DType::kF32, {8, 8}, 1));
  model.Init("apart", testing::I64({4}, {1, 6, 2, 4}));
  model.Init("together", testing::I64({3}, {1, 6, 8}));
  model.Init("root", testing::F32({}, {2}));
  model.Node("MatMul", {"x", "w"}, {"p"});
  model.Node("Reshape", {"p", "apart"}, {"h"});
  model.Node("Transpose", {"h"}, {"q"}, {{"perm", Ints{0, 2, 1, 3}}});
  model.Node("Transpose", {"h"}, {"k"}, {{"perm", Ints{0, 2, 3, 1}}});
  model.Node("MatMul", {"q", "k"}, {"s"});
  model.Node("Div", {"s", "root"}, {"d"});
  model.Node("Softmax", {"d"}, {"a"}, {{"axis", -1}});
  model.Node("MatMul", {"a", "q"}, {"m"});
  model.Node("Transpose", {"m"}, {"t"}, {{"perm", Ints{0, 2, 1, 3}}});
  model.Node("Reshape", {"t", "together"}, {"y"});
  model.Output("y", DType::kF32, {1, 6, 8});
  ConvertRequest request = Keeping({"odml.scaled_dot_product_attention"});
  request.extra_reports = {ExtraReport::kOpCoverage};
  const Converted made = ConvertModel(model, request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(NamesIn(made), ElementsAre("odml.scaled_dot_product_attention"));
  const auto read = tflite_import::Read(SharedBytes::Own(made.sink.artifact));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  // Heads come behind the rows, as the projection leaves them: nothing is turned.
  for (const ir::OpId id : read->main()) {
    EXPECT_NE(read->main().op(id).kind, ir::OpKind::kTranspose);
  }
  int kept = 0;
  const v1::OpCoverageReport coverage = CoverageOf(made);
  for (const auto& node : coverage.graph_node_reports()) {
    if (node.node_index() < 4 || node.node_index() > 7) continue;
    EXPECT_EQ(node.dispatch_mode(), "composite") << node.ShortDebugString();
    ++kept;
  }
  EXPECT_EQ(kept, 4);
}

TEST(Composites, NoneAreKeptUnlessAskedFor) {
  const Converted plain = ConvertModel(Norms());
  EXPECT_THAT(NamesIn(plain), ElementsAre());
  EXPECT_EQ(plain.report.coverage().target_operators().count("STABLEHLO_COMPOSITE"), 0u);
  const Converted rms = ConvertModel(Norms(), Keeping({"odml.rms_norm"}));
  EXPECT_THAT(NamesIn(rms), ElementsAre("odml.rms_norm"));
}

TEST(Composites, OpenSizesAreKept) {
  const Converted made = ConvertModel(Norms({"N", 5, 8}), Keeping({"all"}));
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(NamesIn(made), ::testing::SizeIs(3));
  EXPECT_THAT(made.report.verification().outputs(), ::testing::SizeIs(1));
}

TEST(Composites, SignaturesShareTheirBodies) {
  ConvertRequest request = Keeping({"all"});
  request.signatures.resize(2);
  request.signatures[0].key = "a";
  request.signatures[1].key = "b";
  const Converted made = ConvertModel(Norms(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const auto read = tflite_import::Read(SharedBytes::Own(made.sink.artifact));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->graph_count(), 4u);
}

TEST(Composites, AnOldRuntimeGetsTheDefinitionsAndANote) {
  ConvertRequest request = Keeping({"all"});
  request.min_runtime = "2.16";
  const Converted made = ConvertModel(Norms(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(NamesIn(made), ElementsAre());
  ASSERT_EQ(made.report.diagnostics_size(), 1);
  EXPECT_EQ(made.report.diagnostics(0).severity(), v1::SEVERITY_NOTE);
  EXPECT_THAT(made.report.diagnostics(0).message(), HasSubstr("composites are decomposed"));
  request.min_runtime = "";
  request.composites.clear();
  EXPECT_EQ(ConvertModel(Norms(), request).report.diagnostics_size(), 0);
}

TEST(Composites, UnknownNamesAreRefused) {
  const Converted made = ConvertModel(Norms(), Keeping({"odml.l2_norm"}));
  EXPECT_EQ(made.status.reason(), Reason::kInvalidArgument);
  EXPECT_THAT(std::string(made.status.message()), HasSubstr("odml.l2_norm"));
}

TEST(Composites, ADisabledRuleLeavesItsChains) {
  ConvertRequest request = Keeping({"all"});
  request.disabled_passes = {"layer_norm_chain", "rms_norm_chain"};
  EXPECT_THAT(NamesIn(ConvertModel(Norms(), request)), ElementsAre("odml.group_norm"));
}

}  // namespace
}  // namespace smelt
