#include "core/import/onnx/bound_dims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "tests/support/onnx_model.h"

namespace smelt::onnx_import {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class BindDimsTest : public ::testing::Test {
 protected:
  BindDimsTest() {
    model_.Input("image", ir::DType::kF32, {"N", 3, "H", ""});
    model_.Input("mask", ir::DType::kF32, {"N", 4});
  }
  Result<std::map<std::string, std::int64_t>> Bind() { return BindDims(model_.graph(), entry_); }
  void ExpectRefused(Reason reason, const char* words) {
    const auto bound = Bind();
    ASSERT_FALSE(bound.ok());
    EXPECT_EQ(bound.status().reason(), reason);
    EXPECT_THAT(std::string(bound.status().message()), HasSubstr(words));
  }

  testing::OnnxModel model_;
  EntryPoint entry_;
};

TEST_F(BindDimsTest, NamesShapesAndBatchMeet) {
  entry_.dims = {{"H", 32}};
  entry_.input_shapes = {{"image", {-1, 3, 32, 48}}};
  entry_.batch = 2;
  EXPECT_THAT(Bind().value(),
              UnorderedElementsAre(Pair("H", 32), Pair("image[3]", 48), Pair("N", 2)));
}

TEST_F(BindDimsTest, NothingAskedForIsNothingBound) { EXPECT_TRUE(Bind().value().empty()); }

TEST_F(BindDimsTest, UnknownDimensionNamesTheKnownOnes) {
  entry_.dims = {{"W", 1}};
  ExpectRefused(Reason::kUnknownDimensionName, "N, H, image[3]");
}

TEST_F(BindDimsTest, UnknownInputNamesTheKnownOnes) {
  entry_.input_shapes = {{"images", {1}}};
  ExpectRefused(Reason::kInvalidArgument, "image, mask");
}

TEST_F(BindDimsTest, RankMustFit) {
  entry_.input_shapes = {{"mask", {1, 4, 1}}};
  ExpectRefused(Reason::kInvalidArgument, "has 2 axes, not 3");
}

TEST_F(BindDimsTest, StaticSizesStay) {
  entry_.input_shapes = {{"image", {1, 4, 8, 8}}};
  ExpectRefused(Reason::kInvalidArgument, "has size 3 in the model, not 4");
}

TEST_F(BindDimsTest, OneDimensionHasOneSize) {
  entry_.input_shapes = {{"mask", {3, 4}}};
  entry_.batch = 2;
  ExpectRefused(Reason::kInvalidArgument, "given two sizes, 3 and 2");
}

TEST_F(BindDimsTest, NegativeSizesAreRefused) {
  entry_.dims = {{"N", -4}};
  ExpectRefused(Reason::kInvalidArgument, "can't be -4");
}

}  // namespace
}  // namespace smelt::onnx_import
