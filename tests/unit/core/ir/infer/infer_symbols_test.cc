#include <cstdlib>

#include "core/ir/infer.h"
#include "tests/unit/core/ir/infer/infer_op.h"

namespace smelt::ir::testing {
namespace {

struct InferSymbols : ::testing::Test {
  std::string Of(OpKind kind, const Attributes& attrs, const std::vector<Operand>& operands) {
    return Infer(symbols, kind, attrs, operands);
  }
  SymbolTable symbols;
  Dim n = symbols.Named("N", {"x", 0});
  Dim m = symbols.Named("M", {"y", 0});
};

TEST_F(InferSymbols, BroadcastingKeepsWhatIsKnown) {
  EXPECT_EQ(Of(OpKind::kAdd, {}, {F32({n, 1}), F32({1, 3})}), "f32[N,3]");
  EXPECT_EQ(Of(OpKind::kAdd, {}, {F32({n}), F32({n})}), "f32[N]");
  EXPECT_EQ(Of(OpKind::kAdd, {}, {F32({n}), F32({5})}), "f32[5]");
  const auto types = TryInfer(symbols, OpKind::kAdd, {}, {F32({n}), F32({m})});
  ASSERT_TRUE(types.ok());
  EXPECT_EQ((*types)[0].shape.dim(0), symbols.Max(n, m));
}

TEST_F(InferSymbols, ReshapeDividesSymbols) {
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({n, 4, 6}), I32s({-1, 24})}), "f32[N,24]");
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({n, 4, 6}), I32s({-1, 8})}), "f32[3*N,8]");
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({n, 4}), I32s({2, 10})}), "f32[2,10]");
  EXPECT_EQ(Of(OpKind::kSqueeze, {}, {F32({n, 1})}), "unknown_rank");
  EXPECT_EQ(Of(OpKind::kSqueeze, {{"squeeze_dims", std::vector<std::int64_t>{1}}}, {F32({n, 1})}),
            "f32[N]");
}

TEST_F(InferSymbols, ArithmeticOnSizes) {
  const auto dim = [&](OpKind kind, const Attributes& attrs, const std::vector<Operand>& operands) {
    const auto types = TryInfer(symbols, kind, attrs, operands);
    EXPECT_TRUE(types.ok()) << types.status().ToString();
    return types.ok() ? (*types)[0].shape.dim(0) : Dim::Unknown();
  };
  EXPECT_EQ(dim(OpKind::kConcatenation, {}, {F32({n}), F32({m}), F32({2})}),
            symbols.Add(symbols.Add(n, m), 2));
  EXPECT_EQ(dim(OpKind::kPad, {}, {F32({n}), I32s({1, 2}, {{1, 2}})}), symbols.Add(n, 3));
  EXPECT_EQ(dim(OpKind::kTile, {}, {F32({n}), I32s({4})}), symbols.Mul(n, 4));
  EXPECT_EQ(dim(OpKind::kFullyConnected, {}, {F32({n, 2, 3}), F32({5, 6})}), n);
  EXPECT_EQ(dim(OpKind::kSlice, {}, {F32({n}), I32s({1}), I32s({-1})}), symbols.Sub(n, 1));
}

TEST_F(InferSymbols, WindowsAgreeWithTheUsualFormula) {
  const Dim same = infer::WindowPositions(symbols, n, 3, 2, 1, true);
  EXPECT_EQ(same, symbols.CeilDiv(n, 2));
  const Dim valid = infer::WindowPositions(symbols, n, 3, 2, 1, false);
  EXPECT_EQ(valid, symbols.Add(symbols.FloorDiv(symbols.Sub(n, 3), 2), 1));
  // Padding of 1 on both sides at stride 1 keeps the size.
  EXPECT_EQ(infer::WindowPositions(symbols, symbols.Add(n, 2), 3, 1, 1, false), n);
  EXPECT_EQ(infer::WindowPositions(symbols, 2, 5, 1, 1, false), Dim(0));
}

// For every range, the symbolic size under a binding is the static size, or is unknown.
TEST_F(InferSymbols, SlicesOfSymbolsAgreeWithSlicesOfNumbers) {
  const std::vector<std::optional<std::int64_t>> kEnds = {std::nullopt, -3, -1, 0, 1, 2, 4,
                                                          INT32_MAX};
  int known = 0;
  for (const auto& begin : kEnds) {
    for (const auto& end : kEnds) {
      for (const std::int64_t stride : {1, 2, 3, -1, -2}) {
        const Dim size = infer::SliceSize(symbols, n, begin, end, stride);
        if (size.is_unknown()) continue;
        ++known;
        for (std::int64_t value = 0; value <= 6; ++value) {
          const Dim number = infer::SliceSize(symbols, value, begin, end, stride);
          EXPECT_EQ(symbols.Evaluate(size, {{"N", value}}), number.value())
              << "N = " << value << " [" << begin.value_or(99) << ":" << end.value_or(99) << ":"
              << stride << "] " << symbols.Text(size);
        }
      }
    }
  }
  EXPECT_GE(known, 8 * 8 * 3);  // every forward range
}

TEST_F(InferSymbols, SlicesOfNumbersAgreeWithCounting) {
  for (std::int64_t size = 0; size <= 4; ++size) {
    for (std::int64_t begin = -6; begin <= 6; ++begin) {
      for (std::int64_t end = -6; end <= 6; ++end) {
        for (const std::int64_t stride : {-3, -2, -1, 1, 2, 3}) {
          const bool up = stride > 0;
          const auto clamp = [&](std::int64_t at) {
            at = at < 0 ? at + size : at;
            return std::max<std::int64_t>(up ? 0 : -1, std::min(at, up ? size : size - 1));
          };
          std::int64_t count = 0;
          for (std::int64_t at = clamp(begin); up ? at < clamp(end) : at > clamp(end);
               at += stride) {
            ++count;
          }
          EXPECT_EQ(infer::SliceSize(symbols, size, begin, end, stride), Dim(count))
              << size << " [" << begin << ":" << end << ":" << stride << "]";
        }
      }
    }
  }
}

TEST_F(InferSymbols, UnknownDecidesNothing) {
  const Dim unknown = Dim::Unknown();
  EXPECT_EQ(infer::Mul(symbols, unknown, 0), Dim(0));
  EXPECT_TRUE(infer::Add(symbols, unknown, n).is_unknown());
  EXPECT_TRUE(infer::FloorDiv(symbols, n, 0).is_unknown());
  EXPECT_EQ(*infer::BroadcastDim(symbols, unknown, 3), Dim(3));
  EXPECT_TRUE(infer::BroadcastDim(symbols, unknown, 1)->is_unknown());
  EXPECT_EQ(*infer::SameDim(unknown, n), n);
  EXPECT_EQ(*infer::SameDim(n, 4), Dim(4));
}

}  // namespace
}  // namespace smelt::ir::testing
