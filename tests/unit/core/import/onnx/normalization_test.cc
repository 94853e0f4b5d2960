#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::ElementsAre;

std::vector<Reason> Refused(const OneNode& node) { return MakeModel(node).Refusals(); }

// (x - mean) / sqrt(variance + epsilon) of runs of `length` elements.
std::vector<double> Standardize(const std::vector<double>& x, std::size_t length, double epsilon) {
  std::vector<double> y(x.size());
  for (std::size_t begin = 0; begin < x.size(); begin += length) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < length; ++i) mean += x[begin + i] / static_cast<double>(length);
    for (std::size_t i = 0; i < length; ++i) {
      variance += (x[begin + i] - mean) * (x[begin + i] - mean) / static_cast<double>(length);
    }
    for (std::size_t i = 0; i < length; ++i) {
      y[begin + i] = (x[begin + i] - mean) / std::sqrt(variance + epsilon);
    }
  }
  return y;
}

OneNode BatchNode(bool constant) {
  return {"BatchNormalization",
          {F32({1, 2, 2}, {1, 2, 3, 4}), F32({2}, {1, 2}), F32({2}, {0, 1}), F32({2}, {1, 3}),
           F32({2}, {4, 1})},
          {{"epsilon", 0.0}},
          {false, constant, constant, constant, constant}};
}

TEST(BatchNormalization, ConstantAndComputedParameters) {
  for (const bool constant : {true, false}) {
    ExpectTensor(RunNode(BatchNode(constant)).at(0), F32({1, 2, 2}, {0, 0.5, 1, 3}));
  }
}

TEST(BatchNormalization, ConstantParametersBecomeOneMultiplyAndOneAdd) {
  auto imported = MakeModel(BatchNode(true)).Import();
  ASSERT_TRUE(imported.ok());
  std::vector<ir::OpKind> kinds;
  for (const ir::OpId id : imported->module.main())
    kinds.push_back(imported->module.main().op(id).kind);
  EXPECT_THAT(kinds, ElementsAre(ir::OpKind::kMul, ir::OpKind::kAdd));
}

TEST(BatchNormalization, TrainingGivesTheBatchsOwnStatistics) {
  const auto one = F32({1}, {1}), zero = F32({1}, {0});
  const auto y = RunNode({.op = "BatchNormalization",
                          .inputs = {F32({2, 1, 2}, {1, 3, 5, 7}), one, zero, one, one},
                          .attrs = {{"training_mode", 1}, {"momentum", 0.5}, {"epsilon", 4.0}},
                          .outputs = 3});
  ASSERT_EQ(y.size(), 3u);
  ExpectTensor(y[0], F32({2, 1, 2}, {-1, -1.0 / 3, 1.0 / 3, 1}));
  ExpectTensor(y[1], F32({1}, {2.5}));
  ExpectTensor(y[2], F32({1}, {3}));
}

TEST(BatchNormalization, Refusals) {
  OneNode bad = BatchNode(true);
  bad.opset = 8;
  bad.attrs = {{"spatial", 0}};
  EXPECT_THAT(Refused(bad), ElementsAre(Reason::kUnsupportedAttributeValue));
  bad = BatchNode(true);
  bad.inputs[3] = F32({3}, {1, 2, 3});
  EXPECT_THAT(Refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad = BatchNode(true);
  bad.inputs[0] = F32({2}, {1, 2});
  EXPECT_THAT(Refused(bad), Contains(Reason::kUnsupportedRank));
  bad = BatchNode(true);
  bad.outputs = 3;
  EXPECT_THAT(Refused(bad), ElementsAre(Reason::kUnsupportedOutputs));
}

TEST(InstanceNormalization, StandardizesEachChannel) {
  const auto x = RandomTensor(DType::kF32, {2, 2, 3, 2}, 4);
  auto want = Standardize(ToDoubles(x), 6, 1e-5);
  for (std::size_t i = 0; i < want.size(); ++i) want[i] = want[i] * (i / 6 % 2 == 0 ? 2 : 3) + 1;
  const auto y = RunNode({"InstanceNormalization", {x, F32({2}, {2, 3}), F32({2}, {1, 1})}});
  ExpectTensor(y.at(0), F32({2, 2, 3, 2}, want), 1e-4, 1e-5);
  EXPECT_THAT(Refused({"InstanceNormalization", {x, F32({3}, {2, 3, 4}), F32({2}, {1, 1})}}),
              ElementsAre(Reason::kShapeMismatch));
  EXPECT_THAT(Refused({"InstanceNormalization", {F32({1, 1}, {1}), F32({1}, {2}), F32({1}, {1})}}),
              ElementsAre(Reason::kUnsupportedRank));
}

TEST(GroupNormalization, StandardizesEachGroup) {
  const auto x = RandomTensor(DType::kF32, {1, 4, 3}, 4);
  OneNode node{"GroupNormalization",
               {x, F32({4}, {1, 1, 1, 1}), F32({4}, {0, 0, 0, 0})},
               {{"num_groups", 2}}};
  node.opset = 21;
  ExpectTensor(RunNode(node).at(0), F32({1, 4, 3}, Standardize(ToDoubles(x), 6, 1e-5)), 1e-4, 1e-5);
  node.attrs = {{"num_groups", 3}};
  EXPECT_THAT(Refused(node), ElementsAre(Reason::kUnsupportedAttributeValue));
  node.attrs = {{"num_groups", 2}, {"stash_type", 10}};
  EXPECT_THAT(Refused(node), ElementsAre(Reason::kUnsupportedAttributeValue));
}

TEST(LayerNormalization, AllResultsOverTheLastAxes) {
  const auto x = RandomTensor(DType::kF32, {2, 3, 4}, 9);
  auto want = Standardize(ToDoubles(x), 12, 0.01);
  for (double& value : want) value = value * 2 + 1;
  OneNode node{"LayerNormalization",
               {x, F32({3, 4}, std::vector<double>(12, 2)), F32({4}, {1, 1, 1, 1})},
               {{"axis", 1}, {"epsilon", 0.01}},
               {false, true, true}};
  node.outputs = 3;
  const auto y = RunNode(node);
  ASSERT_EQ(y.size(), 3u);
  ExpectTensor(y[0], F32({2, 3, 4}, want), 1e-4, 1e-5);
  const auto xs = ToDoubles(x);
  double mean = 0;
  for (std::size_t i = 0; i < 12; ++i) mean += xs[i] / 12;
  EXPECT_NEAR(ToDoubles(y[1]).at(0), mean, 1e-6);
  EXPECT_EQ(y[2].shape(), (std::vector<std::int64_t>{2, 1, 1}));
}

TEST(LayerNormalization, IsACompositeWithABody) {
  auto imported =
      MakeModel({"LayerNormalization", {F32({1, 2}, {1, 2}), F32({2}, {1, 1})}}).Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& graph = imported->module.main();
  const ir::Op& op = graph.op(graph.first());
  EXPECT_EQ(op.kind, ir::OpKind::kComposite);
  EXPECT_EQ(op.attrs.String("name"), "onnx.LayerNormalization");
  EXPECT_EQ(op.regions.size(), 1u);
}

TEST(LayerNormalization, Refusals) {
  const OneNode node{"LayerNormalization", {F32({1, 2}, {1, 2}), F32({2}, {1, 1})}};
  OneNode bad = node;
  bad.attrs = {{"axis", 5}};
  EXPECT_THAT(Refused(bad), ElementsAre(Reason::kValueOutOfRange));
  bad.attrs = {{"stash_type", 16}};
  EXPECT_THAT(Refused(bad), ElementsAre(Reason::kUnsupportedAttributeValue));
  bad = node;
  bad.inputs[1] = F32({3}, {1, 1, 1});
  EXPECT_THAT(Refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad = node;
  bad.inputs[0] = F32({}, {1});
  EXPECT_THAT(Refused(bad), Contains(Reason::kUnsupportedRank));
}

TEST(RmsNormalization, DividesByTheRootMeanSquare) {
  OneNode node{"RMSNormalization", {F32({1, 2}, {3, 4}), F32({2}, {1, 2})}, {{"epsilon", 0.0}}};
  node.opset = 23;
  const double root = std::sqrt(12.5);
  ExpectTensor(RunNode(node).at(0), F32({1, 2}, {3 / root, 8 / root}));
}

TEST(Lrn, DividesByTheNeighbourhood) {
  const auto y = RunNode({"LRN",
                          {F32({1, 3, 1, 1}, {1, 2, 3})},
                          {{"size", 3}, {"alpha", 3.0}, {"beta", 1.0}, {"bias", 1.0}}});
  ExpectTensor(y.at(0), F32({1, 3, 1, 1}, {1.0 / 6, 2.0 / 15, 3.0 / 14}));
  EXPECT_THAT(Refused({"LRN", {F32({1, 1, 1, 1}, {1})}, {{"size", 0}}}),
              ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(Refused({"LRN", {F32({1, 1}, {1})}, {{"size", 3}}}),
              ElementsAre(Reason::kUnsupportedRank));
}

TEST(Lrn, ReachesFurtherToTheEndByAnEvenSize) {
  const auto y = RunNode({"LRN",
                          {F32({1, 2, 1}, {1, 2})},
                          {{"size", 2}, {"alpha", 2.0}, {"beta", 1.0}, {"bias", 1.0}}});
  ExpectTensor(y.at(0), F32({1, 2, 1}, {1.0 / 6, 2.0 / 5}));
}

}  // namespace
}  // namespace smelt::testing
