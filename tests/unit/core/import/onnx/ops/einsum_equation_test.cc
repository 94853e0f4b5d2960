#include "core/import/onnx/ops/einsum_equation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::Shape;
using ::testing::ElementsAre;

Reason WhyNot(std::string_view text, std::vector<Shape> inputs) {
  const auto equation = ParseEquation(text, inputs);
  EXPECT_FALSE(equation.ok()) << text;
  return equation.status().reason();
}

TEST(EinsumEquation, NumbersSubscripts) {
  const auto equation = ParseEquation("ij, jk -> ik", std::vector<Shape>{{2, 3}, {3, 4}});
  ASSERT_TRUE(equation.ok());
  EXPECT_THAT(equation->terms, ElementsAre(ElementsAre(0, 1), ElementsAre(1, 2)));
  EXPECT_THAT(equation->result, ElementsAre(0, 2));
  EXPECT_THAT(equation->sizes, ElementsAre(Dim(2), Dim(3), Dim(4)));
}

TEST(EinsumEquation, ImpliesAnAlphabeticalResult) {
  const auto equation = ParseEquation("ba,c", std::vector<Shape>{{2, 3}, {4}});
  ASSERT_TRUE(equation.ok());
  EXPECT_THAT(equation->result, ElementsAre(1, 0, 2));
}

TEST(EinsumEquation, AlignsEllipsesAtTheirEnd) {
  const auto equation = ParseEquation("...i,...i->...", std::vector<Shape>{{5, 6, 2}, {6, 2}});
  ASSERT_TRUE(equation.ok());
  EXPECT_THAT(equation->terms, ElementsAre(ElementsAre(0, 1, 2), ElementsAre(1, 2)));
  EXPECT_THAT(equation->result, ElementsAre(0, 1));
}

TEST(EinsumEquation, BroadcastsAxesOfOne) {
  const auto equation = ParseEquation("ij,ij->ij", std::vector<Shape>{{1, 3}, {2, 3}});
  ASSERT_TRUE(equation.ok());
  EXPECT_THAT(equation->sizes, ElementsAre(Dim(2), Dim(3)));
}

TEST(EinsumEquation, RefusesWhatDoesNotFit) {
  EXPECT_EQ(WhyNot("ij->ij", {{2}}), Reason::kInvalidArgument);
  EXPECT_EQ(WhyNot("ij", {{2, 3}, {2}}), Reason::kInvalidArgument);
  EXPECT_EQ(WhyNot("i->k", {{2}}), Reason::kInvalidArgument);
  EXPECT_EQ(WhyNot("i->ii", {{2}}), Reason::kInvalidArgument);
  EXPECT_EQ(WhyNot("i,i->i", {{2}, {3}}), Reason::kInvalidArgument);
  EXPECT_EQ(WhyNot("...i...->i", {{2}}), Reason::kInvalidArgument);
  EXPECT_EQ(WhyNot("i1->i", {{2}}), Reason::kInvalidArgument);
}

}  // namespace
}  // namespace smelt::onnx_import
