#include "core/ir/attributes.h"

#include <gtest/gtest.h>

#include "core/ir/origin.h"
#include "core/ir/shape.h"

namespace smelt::ir {
namespace {

TEST(Attributes, AreSortedByNameWhateverTheOrderOfSetting) {
  Attributes a;
  a.Set("stride_w", std::int64_t{2});
  a.Set("padding", std::string("SAME"));
  const Attributes b = {{"padding", std::string("SAME")}, {"stride_w", std::int64_t{2}}};
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.begin()->first, "padding");
}

TEST(Attributes, AbsentReadsAsTheFallback) {
  const Attributes attrs = {{"axis", std::int64_t{3}}, {"keep_dims", true}};
  EXPECT_EQ(attrs.Int("axis"), 3);
  EXPECT_TRUE(attrs.Bool("keep_dims"));
  EXPECT_EQ(attrs.Int("batch_dims"), 0);
  EXPECT_EQ(attrs.String("fused_activation_function", "NONE"), "NONE");
  EXPECT_TRUE(attrs.Ints("new_shape").empty());
}

TEST(Attributes, SetReplacesAndRemoveForgets) {
  Attributes attrs = {{"beta", 1.0}};
  attrs.Set("beta", 2.0);
  EXPECT_EQ(attrs.Float("beta"), 2.0);
  attrs.Remove("beta");
  EXPECT_EQ(attrs.Find("beta"), nullptr);
  EXPECT_TRUE(attrs.empty());
}

TEST(AttributesDeathTest, AnotherTypeThanStoredIsOurBug) {
  const Attributes attrs = {{"axis", std::int64_t{3}}};
  EXPECT_DEATH((void)attrs.Bool("axis"), "");
}

TEST(OriginTable, MergeIsTheUnionAndIsInterned) {
  OriginTable table;
  const OriginId a = table.Of(table.AddSource({0, "a", "", "", 0, ""}));
  const OriginId b = table.Of(table.AddSource({1, "b", "", "", 0, ""}));
  const OriginId ab = table.Merge(a, b);
  EXPECT_EQ(table.SourcesOf(ab), (std::vector<SourceId>{0, 1}));
  EXPECT_EQ(table.Merge(b, a), ab);
  EXPECT_EQ(table.Merge(ab, a), ab);
  EXPECT_EQ(table.Merge(kNoOrigin, b), b);
  EXPECT_TRUE(table.SourcesOf(kNoOrigin).empty());
}

TEST(Shape, ElementCountStopsAtOverflowButNotAtZero) {
  EXPECT_EQ((Shape{2, 3, 4}).ElementCount(), 24);
  EXPECT_EQ(Shape{}.ElementCount(), 1);
  const std::int64_t big = std::int64_t{1} << 40;
  EXPECT_EQ((Shape{big, big}).ElementCount(), std::nullopt);
  EXPECT_EQ((Shape{big, big, 0}).ElementCount(), 0);
  EXPECT_EQ((Shape{2, Dim::Symbol(0)}).ElementCount(), std::nullopt);
}

TEST(Shape, NormalizeAxisCountsFromTheEnd) {
  EXPECT_EQ(NormalizeAxis(-1, 4), 3);
  EXPECT_EQ(NormalizeAxis(3, 4), 3);
  EXPECT_EQ(NormalizeAxis(4, 4), std::nullopt);
  EXPECT_EQ(NormalizeAxis(-5, 4), std::nullopt);
  EXPECT_EQ(NormalizeAxis(INT64_MIN, 4), std::nullopt);
}

TEST(Shape, TypesMayAgreeUnlessStaticPartsContradict) {
  const TensorType a{DType::kF32, {2, Dim::Symbol(0)}};
  EXPECT_TRUE(MayAgree(a, {DType::kF32, {2, 7}}));
  EXPECT_TRUE(MayAgree(a, {DType::kF32, {Dim::Symbol(3), Dim::Unknown()}}));
  EXPECT_FALSE(MayAgree(a, {DType::kF32, {3, 7}}));
  EXPECT_FALSE(MayAgree(a, {DType::kI32, {2, 7}}));
  EXPECT_FALSE(MayAgree(a, {DType::kF32, {2}}));
}

}  // namespace
}  // namespace smelt::ir
