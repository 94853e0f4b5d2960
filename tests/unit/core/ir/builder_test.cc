#include "core/ir/builder.h"

#include <gtest/gtest.h>

#include "core/ir/text.h"
#include "core/ir/verify.h"

namespace smelt::ir {
namespace {

class BuilderTest : public testing::Test {
 protected:
  BuilderTest()
      : graph_id_(module_.AddGraph("main")),
        origin_(module_.origins().Of(module_.origins().AddSource({0, "node", "", "", 0, ""}))),
        builder_(module_, graph_id_, origin_) {}

  ValueId Input(Shape shape, DType dtype = DType::kF32) {
    return builder_.graph().AddInput({dtype, std::move(shape)}, "x");
  }
  Dim Named(const char* name, int axis) { return module_.symbols().Named(name, {"x", axis}); }
  std::string Body(ValueId result) {
    builder_.graph().SetOutputs({&result, 1});
    const Status status = VerifyModule(module_);
    EXPECT_TRUE(status.ok()) << status.ToString();
    const std::string text = Print(module_);
    return text.substr(text.find("graph"));
  }

  Module module_;
  GraphId graph_id_;
  OriginId origin_;
  Builder builder_;
};

TEST_F(BuilderTest, InfersTypesAndKeepsTheOrigin) {
  const ValueId x = Input({Named("N", 0), 4});
  const ValueId y = builder_.Add(x, builder_.Scalar(DType::kF32, 0.5));
  ASSERT_TRUE(builder_.status().ok()) << builder_.status().ToString();
  EXPECT_EQ(module_.symbols().Text(builder_.type(y)), "f32[N,4]");
  EXPECT_EQ(builder_.graph().op(builder_.graph().first()).origin, origin_);
}

TEST_F(BuilderTest, TheFirstErrorSticks) {
  const ValueId x = Input({2, 3});
  EXPECT_FALSE(builder_.Add(x, Input({4, 5})).valid());
  EXPECT_EQ(builder_.status().reason(), Reason::kShapeMismatch);
  EXPECT_FALSE(builder_.Unary(OpKind::kNeg, x).valid());
  EXPECT_FALSE(builder_.Transpose(ValueId{}, {0, 1}).valid());
  EXPECT_EQ(builder_.graph().op_count(), 0U);
}

TEST_F(BuilderTest, EmitTypedRefusesAContradiction) {
  const ValueId x = Input({2, 3});
  const ValueId operands[] = {x};
  EXPECT_FALSE(builder_.EmitTyped(OpKind::kNeg, operands, {}, {DType::kF32, {2, 4}}).valid());
  EXPECT_EQ(builder_.status().reason(), Reason::kShapeMismatch);
}

TEST_F(BuilderTest, TransposingAConstantIsAView) {
  const float values[] = {1, 2, 3, 4, 5, 6};
  const ValueId c = builder_.Const(
      Constant::FromValues(DType::kF32, {2, 3}, std::span<const float>(values)), "w");
  const ValueId t = builder_.Transpose(c, {1, 0});
  ASSERT_NE(builder_.constant(t), nullptr);
  EXPECT_EQ(builder_.constant(t)->storage().data(), builder_.constant(c)->storage().data());
  EXPECT_EQ(builder_.Transpose(c, {0, 1}), c);
  EXPECT_EQ(builder_.graph().value(t).name, "w");
}

TEST_F(BuilderTest, CastOfTheSameTypeIsNothing) {
  const ValueId x = Input({2});
  EXPECT_EQ(builder_.Cast(x, DType::kF32), x);
  const ValueId y = builder_.Cast(x, DType::kI32);
  EXPECT_EQ(builder_.type(y).dtype, DType::kI32);
  EXPECT_NE(builder_.constant(builder_.Cast(builder_.ScalarI32(3), DType::kF16)), nullptr);
}

TEST_F(BuilderTest, ReshapeToStaticDimensionsCarriesBothForms) {
  const ValueId y = builder_.Reshape(Input({2, 6}), {3, 4});
  const std::string body = Body(y);
  EXPECT_NE(body.find("const i32[2] [3, 4]"), std::string::npos) << body;
  EXPECT_NE(body.find("{new_shape=[3, 4]}"), std::string::npos) << body;
}

TEST_F(BuilderTest, OneSymbolicDimensionBecomesMinusOne) {
  const Dim n = Named("N", 0);
  const ValueId y = builder_.Reshape(Input({n, 2, 6}), {n, 12});
  const std::string body = Body(y);
  EXPECT_NE(body.find("const i32[2] [-1, 12]"), std::string::npos) << body;
  EXPECT_NE(body.find(": f32[N,12]"), std::string::npos) << body;
}

TEST_F(BuilderTest, SeveralSymbolicDimensionsAreReadAtRunTime) {
  const Dim n = Named("N", 0);
  const Dim h = Named("H", 1);
  const ValueId x = Input({n, h, 6});
  // N and H come from SHAPE(x).
  const ValueId y = builder_.Reshape(x, {h, 2, n, 3});
  const std::string body = Body(y);
  EXPECT_NE(body.find("SHAPE(%0)"), std::string::npos) << body;
  EXPECT_NE(body.find("CONCATENATION"), std::string::npos) << body;
  EXPECT_NE(body.find(": f32[H,2,N,3]"), std::string::npos) << body;
}

TEST_F(BuilderTest, AxesOfSizeOneComeAndGoWithoutShapeArithmetic) {
  const Dim n = Named("N", 0);
  const Dim h = Named("H", 1);
  const ValueId x = Input({1, n, 1, h});
  const ValueId squeezed = builder_.Reshape(x, {n, h});
  const ValueId expanded = builder_.Reshape(squeezed, {n, 1, h});
  const std::string body = Body(expanded);
  EXPECT_NE(body.find("{squeeze_dims=[0, 2]} : f32[N,H]"), std::string::npos) << body;
  EXPECT_NE(body.find("EXPAND_DIMS"), std::string::npos) << body;
  EXPECT_EQ(body.find("SHAPE"), std::string::npos) << body;
}

TEST_F(BuilderTest, ReshapeNamesWhatItCannotRead) {
  const Dim n = Named("N", 0);
  const Dim h = Named("H", 1);
  const ValueId x = Input({module_.symbols().Mul(n, h), 6});
  EXPECT_FALSE(builder_.Reshape(x, {n, h, 6}).valid());
  EXPECT_EQ(builder_.status().reason(), Reason::kDynamicDimensionUnsupported);
  EXPECT_NE(builder_.status().message().find("N, H"), std::string::npos)
      << builder_.status().message();
}

TEST_F(BuilderTest, ReshapeRefusesAnotherElementCount) {
  EXPECT_FALSE(builder_.Reshape(Input({2, 3}), {7}).valid());
  EXPECT_EQ(builder_.status().reason(), Reason::kShapeMismatch);
}

TEST_F(BuilderTest, ScalarsAreRoundedToTheirType) {
  EXPECT_EQ(builder_.constant(builder_.Scalar(DType::kF32, 0.1))->AsDoubles(),
            std::vector<double>{static_cast<double>(0.1F)});
  EXPECT_EQ(builder_.constant(builder_.Scalar(DType::kI8, -3))->AsInts(),
            std::vector<std::int64_t>{-3});
}

TEST_F(BuilderTest, EmitsBeforeAGivenOperator) {
  const ValueId x = Input({2});
  const ValueId last = builder_.Unary(OpKind::kNeg, x);
  Builder before(module_, graph_id_, origin_, builder_.graph().value(last).producer);
  const ValueId first = before.Unary(OpKind::kAbs, x);
  EXPECT_EQ(builder_.graph().first(), builder_.graph().value(first).producer);
}

}  // namespace
}  // namespace smelt::ir
