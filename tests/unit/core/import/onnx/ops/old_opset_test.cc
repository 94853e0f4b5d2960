// Opsets 1 to 6: what their attributes mean, and what of it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::ElementsAre;

OnnxModel Sum(std::vector<Attr> attrs, std::vector<DimSpec> second) {
  OnnxModel model(6);
  model.Input("a", DType::kF32, {2, 3, 2}).Input("b", DType::kF32, std::move(second));
  model.Node("Add", {"a", "b"}, {"y"}, std::move(attrs)).Output("y");
  return model;
}

TEST(OldOpset, AxisSaysWhereTheSecondOperandBegins) {
  const auto y = Sum({{"broadcast", 1}, {"axis", 1}}, {3})
                     .Run({F32({2, 3, 2}, std::vector<double>(12, 0)), F32({3}, {1, 2, 3})});
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], F32({2, 3, 2}, {1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3}));
}

TEST(OldOpset, OnlyTheSecondOperandIsRepeatedAndOnlyWhenAsked) {
  EXPECT_THAT(Sum({}, {2}).Refusals(), ElementsAre(Reason::kShapeMismatch));
  EXPECT_THAT(Sum({}, {2, 1, 2}).Refusals(), ElementsAre(Reason::kShapeMismatch));
  EXPECT_THAT(Sum({{"broadcast", 1}}, {3}).Refusals(), ElementsAre(Reason::kShapeMismatch));
  EXPECT_THAT(Sum({{"broadcast", 1}, {"axis", 3}}, {2}).Refusals(),
              ElementsAre(Reason::kShapeMismatch));
  EXPECT_THAT(Sum({{"broadcast", 1}}, {5, 2, 3, 2}).Refusals(),
              ElementsAre(Reason::kShapeMismatch));
}

TEST(OldOpset, WhatTrainsIsRefused) {
  const auto dropout = [](std::vector<Attr> attrs) {
    OnnxModel model(6);
    model.Input("x", DType::kF32, {2}).Node("Dropout", {"x"}, {"y"}, std::move(attrs)).Output("y");
    return model.Refusals();
  };
  EXPECT_THAT(dropout({}), ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(dropout({{"is_test", 1}}), ElementsAre());
  OnnxModel norm(6);
  norm.Input("x", DType::kF32, {1, 2, 3});
  for (const char* name : {"s", "b", "m", "v"}) norm.Init(name, F32({2}, {1, 2}));
  norm.Node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}).Output("y");
  EXPECT_THAT(norm.Refusals(), ElementsAre(Reason::kUnsupportedAttributeValue));
}

TEST(OldOpset, CastNamesItsType) {
  OnnxModel model(1);
  model.Input("x", DType::kF32, {2}).Node("Cast", {"x"}, {"y"}, {{"to", "INT32"}}).Output("y");
  const auto y = model.Run({F32({2}, {1.7, -2.2})});
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], MakeTensor(DType::kI32, {2}, {1, -2}));
  OnnxModel unknown(1);
  unknown.Input("x", DType::kF32, {2}).Node("Cast", {"x"}, {"y"}, {{"to", "INT33"}}).Output("y");
  EXPECT_THAT(unknown.Refusals(), ElementsAre(Reason::kUnsupportedType));
}

TEST(OldOpset, TheFirstFormatsImportNothing) {
  OnnxModel model(1);
  model.Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}).Output("y");
  model.proto().clear_opset_import();
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kModelTruncated));
  model.proto().set_ir_version(2);
  EXPECT_THAT(model.Refusals(), ElementsAre());
}

}  // namespace
}  // namespace smelt::testing
