// Dimensions computed at run time, judged by the interpreter.
#include "core/ir/runtime_dims.h"

#include <gtest/gtest.h>

#include <random>

#include "core/interp/evaluate.h"
#include "core/ir/verify.h"

namespace smelt::ir {
namespace {

class RuntimeDimsTest : public testing::Test {
 protected:
  RuntimeDimsTest()
      : graph_id_(module_.AddGraph("main")),
        origin_(module_.origins().Of(module_.origins().AddSource({0, "node", "", "", 0, ""}))),
        builder_(module_, graph_id_, origin_),
        n_(module_.symbols().Named("N", {"x", 0})),
        h_(module_.symbols().Named("H", {"x", 1})),
        w_(module_.symbols().Named("W", {"z", 0})),
        x_(builder_.graph().AddInput({DType::kF32, {n_, h_, 6}}, "x")),
        z_(builder_.graph().AddInput({DType::kF32, {w_}}, "z")) {}

  std::vector<interp::Tensor> Run(ValueId result, std::int64_t n, std::int64_t h, std::int64_t w) {
    EXPECT_TRUE(builder_.status().ok()) << builder_.status().ToString();
    builder_.graph().SetOutputs({&result, 1});
    const Status verified = VerifyModule(module_);
    EXPECT_TRUE(verified.ok()) << verified.ToString();
    const interp::Tensor inputs[] = {interp::Tensor::Zeros(DType::kF32, {n, h, 6}),
                                     interp::Tensor::Zeros(DType::kF32, {w})};
    auto outputs = interp::Evaluate(module_, graph_id_, inputs);
    EXPECT_TRUE(outputs.ok()) << outputs.status().ToString();
    return outputs.ok() ? *std::move(outputs) : std::vector<interp::Tensor>();
  }

  Module module_;
  GraphId graph_id_;
  OriginId origin_;
  Builder builder_;
  Dim n_, h_, w_;
  ValueId x_, z_;
};

TEST_F(RuntimeDimsTest, ComputesWhatTheTableEvaluates) {
  SymbolTable& symbols = module_.symbols();
  std::mt19937 random(7);
  std::vector<Dim> pool = {n_, h_, w_, 3, 2};
  for (int i = 0; i < 60; ++i) {
    const Dim a = pool[random() % pool.size()];
    const Dim b = pool[random() % pool.size()];
    switch (random() % 5) {
      case 0:
        pool.push_back(symbols.Add(a, b));
        break;
      case 1:
        pool.push_back(symbols.FloorDiv(a, symbols.Add(b, 1)));
        break;
      case 2:
        pool.push_back(symbols.Mul(n_, symbols.Add(a, h_)));
        break;
      case 3:
        pool.push_back(symbols.Min(a, b));
        break;
      case 4:
        pool.push_back(symbols.Max(symbols.Sub(a, 2), b));
        break;
    }
  }
  int computed = 0;
  for (const Dim dim : pool) {
    const auto expected = symbols.Evaluate(dim, {{"N", 5}, {"H", 7}, {"W", 4}});
    if (symbols.Text(dim).find('?') != std::string::npos || expected.value_or(INT64_MAX) > 100000) {
      continue;
    }
    RuntimeDims dims(builder_, x_);
    ASSERT_TRUE(dims.Knows(dim)) << symbols.Text(dim);
    const auto outputs = Run(dims.Emit(dim), 5, 7, 4);
    ASSERT_EQ(outputs.size(), 1U);
    EXPECT_EQ(outputs[0].values<std::int32_t>()[0], *expected) << symbols.Text(dim);
    ++computed;
  }
  EXPECT_GT(computed, 30);
}

TEST_F(RuntimeDimsTest, KnowsNothingOfFreshDimensions) {
  RuntimeDims dims(builder_, x_);
  const Dim fresh = module_.symbols().Fresh("test");
  EXPECT_FALSE(dims.Knows(fresh));
  EXPECT_FALSE(dims.Knows(module_.symbols().Add(n_, fresh)));
  EXPECT_FALSE(dims.Knows(Dim::Unknown()));
  EXPECT_FALSE(dims.Knows(Dim(std::int64_t{1} << 40)));
}

TEST_F(RuntimeDimsTest, ReshapeToExpressionsRuns) {
  SymbolTable& symbols = module_.symbols();
  const ValueId y = builder_.Reshape(x_, {symbols.Mul(n_, 2), symbols.Mul(h_, 3)});
  const auto outputs = Run(y, 5, 7, 4);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].shape(), (std::vector<std::int64_t>{10, 21}));
}

TEST_F(RuntimeDimsTest, ReshapeGivesTheUnknownDimensionTheRest) {
  SymbolTable& symbols = module_.symbols();
  const Dim fresh = symbols.Fresh("test");
  const ValueId y = builder_.Reshape(x_, {symbols.Mul(h_, 3), fresh});
  const auto outputs = Run(y, 5, 7, 4);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].shape(), (std::vector<std::int64_t>{21, 10}));
}

// Sizes that no input has: those of a tensor that x was computed from.
TEST_F(RuntimeDimsTest, ReadsWhatTheTensorWasComputedFrom) {
  SymbolTable& symbols = module_.symbols();
  const Dim a = symbols.Fresh("a");
  const Dim b = symbols.Fresh("b");
  const ValueId target = builder_.Emit(OpKind::kShape, {x_}, {{"out_type", std::string("i32")}});
  const ValueId operands[] = {x_, target};
  const ValueId apart =
      builder_.EmitTyped(OpKind::kReshape, operands, {}, {DType::kF32, Shape{a, b, 6}});
  const ValueId joined = builder_.Reshape(apart, {symbols.Mul(a, b), 6});
  const ValueId y = builder_.Reshape(builder_.Unary(OpKind::kNeg, joined), {b, a, 2, 3});
  const auto outputs = Run(y, 5, 7, 4);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].shape(), (std::vector<std::int64_t>{7, 5, 2, 3}));
}

}  // namespace
}  // namespace smelt::ir
