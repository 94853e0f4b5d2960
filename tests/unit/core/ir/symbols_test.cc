#include "core/ir/symbols.h"

#include <gtest/gtest.h>

#include <random>

namespace smelt::ir {
namespace {

class SymbolsTest : public testing::Test {
 protected:
  SymbolTable table_;
  Dim n_ = table_.Named("N", {"x", 0});
  Dim h_ = table_.Named("H", {"x", 2});
  Dim w_ = table_.Named("W", {"x", 3});
};

TEST_F(SymbolsTest, EqualExpressionsAreTheSameDim) {
  EXPECT_EQ(table_.Add(n_, h_), table_.Add(h_, n_));
  EXPECT_EQ(table_.Mul(table_.Add(n_, 1), h_), table_.Add(table_.Mul(n_, h_), h_));
  EXPECT_EQ(table_.Sub(table_.Add(n_, 5), 5), n_);
  EXPECT_EQ(table_.Named("N", {"other", 1}), n_);
  EXPECT_EQ(table_.OriginOf("N")->input, "x");  // the first caller's is kept
}

TEST_F(SymbolsTest, StaticArithmeticStaysStatic) {
  EXPECT_EQ(table_.Mul(6, 7), Dim(42));
  EXPECT_EQ(table_.FloorDiv(7, 2), Dim(3));
  EXPECT_EQ(table_.CeilDiv(7, 2), Dim(4));
  EXPECT_EQ(table_.Sub(n_, n_), Dim(0));
  EXPECT_EQ(table_.Product({2, 3, 4}), Dim(24));
}

TEST_F(SymbolsTest, NegativeNumbersComeBackToDimensions) {
  const Dim negative = table_.Sub(2, 5);
  EXPECT_EQ(negative, Dim(-3));
  EXPECT_EQ(table_.Text(negative), "-3");
  EXPECT_EQ(table_.Add(negative, 4), Dim(1));
  EXPECT_EQ(table_.FloorDiv(negative, 2), table_.Sub(0, 2));
}

TEST_F(SymbolsTest, DivisionIsExactWhereTermsDivide) {
  EXPECT_EQ(table_.FloorDiv(table_.Mul(n_, 12), 4), table_.Mul(n_, 3));
  EXPECT_EQ(table_.FloorDiv(table_.Mul(n_, h_), h_), n_);
  // (N*H*W + N*W) / (H + 1) = N*W
  const Dim product = table_.Mul(table_.Mul(n_, w_), table_.Add(h_, 1));
  EXPECT_EQ(table_.FloorDiv(product, table_.Add(h_, 1)), table_.Mul(n_, w_));
}

TEST_F(SymbolsTest, FloorsTakeOutWholeParts) {
  EXPECT_EQ(table_.Text(table_.FloorDiv(table_.Add(n_, 5), 2)), "floor((N + 1)/2) + 2");
  EXPECT_EQ(table_.Text(table_.FloorDiv(table_.Mul(n_, 3), 2)), "N + floor(N/2)");
  EXPECT_EQ(table_.FloorDiv(table_.Add(table_.Mul(n_, 4), 3), 4), n_);
  EXPECT_EQ(table_.FloorDiv(table_.Mul(n_, 2), 4), table_.FloorDiv(n_, 2));
}

TEST_F(SymbolsTest, FloorsOfFloorsMeet) {
  const Dim twice = table_.FloorDiv(table_.FloorDiv(h_, 2), 2);
  EXPECT_EQ(twice, table_.FloorDiv(h_, 4));
  // Two windows of stride 2 and kernel 3, padding 1: floor((x - 1) / 2) + 1 each.
  const auto window = [this](Dim x) { return table_.Add(table_.FloorDiv(table_.Sub(x, 1), 2), 1); };
  EXPECT_EQ(window(window(h_)), table_.Add(table_.FloorDiv(table_.Sub(h_, 1), 4), 1));
}

TEST_F(SymbolsTest, MinAndMaxDecideWhatIsProvable) {
  EXPECT_EQ(table_.Max(n_, 0), n_);
  EXPECT_EQ(table_.Max(table_.Add(n_, 2), n_), table_.Add(n_, 2));
  EXPECT_EQ(table_.Min(n_, n_), n_);
  EXPECT_EQ(table_.Min(n_, h_), table_.Min(h_, n_));
  EXPECT_EQ(table_.Min(3, 5), Dim(3));
  EXPECT_EQ(table_.Text(table_.Max(n_, 1)), "max(1, N)");  // N may be 0
}

TEST_F(SymbolsTest, MinAndMaxAbsorbEachOther) {
  const Dim least = table_.Min(n_, 512), most = table_.Max(n_, h_);
  EXPECT_EQ(table_.Max(least, n_), n_);
  EXPECT_EQ(table_.Max(n_, least), n_);
  EXPECT_EQ(table_.Min(most, h_), h_);
  EXPECT_EQ(table_.Max(most, n_), most);
  EXPECT_EQ(table_.Min(512, least), least);
  EXPECT_NE(table_.Max(least, h_), h_);
}

TEST_F(SymbolsTest, OverflowBecomesFresh) {
  const Dim huge = table_.Mul(n_, INT64_MAX);
  const Dim sum = table_.Add(huge, huge);
  EXPECT_TRUE(sum.is_symbol());
  EXPECT_EQ(table_.Text(sum), "?0");
  EXPECT_NE(table_.Add(huge, huge), sum);
  EXPECT_TRUE(table_.Mul(INT64_MAX, 2).is_symbol());
}

TEST_F(SymbolsTest, WhatIsTooLongMayBeNegativeStill) {
  Dim sum = 0;
  Dim difference = 0;
  for (int i = 0; i < 65; ++i) {
    const Dim name = table_.Named("d" + std::to_string(i), {});
    sum = table_.Add(sum, name);
    difference = table_.Sub(difference, name);
  }
  ASSERT_EQ(table_.NamesIn(sum).size(), 1U);  // one that stands for the sum
  ASSERT_EQ(table_.NamesIn(difference).size(), 1U);
  EXPECT_EQ(table_.Max(sum, 0), sum);
  EXPECT_NE(table_.Max(difference, 0), difference);
  const Dim huge = table_.Mul(n_, INT64_MAX);
  const Dim overflow = table_.Sub(table_.Sub(0, huge), huge);
  EXPECT_NE(table_.Max(overflow, 0), overflow);
}

TEST_F(SymbolsTest, DoublingExpressionsStayBounded) {
  Dim dim = n_;
  for (int i = 0; i < 200; ++i) {
    dim = table_.Min(table_.FloorDiv(table_.Add(dim, h_), table_.Add(dim, 1)), table_.Add(dim, w_));
  }
  EXPECT_LT(table_.Text(dim).size(), 10000U);
}

TEST_F(SymbolsTest, DivisionByZeroIsAFreshDimension) {
  EXPECT_TRUE(table_.FloorDiv(n_, 0).is_symbol());
  EXPECT_EQ(table_.Evaluate(table_.FloorDiv(n_, h_), {{"N", 4}, {"H", 0}}), std::nullopt);
}

TEST_F(SymbolsTest, UnknownIsContagious) {
  EXPECT_TRUE(table_.Add(n_, Dim::Unknown()).is_unknown());
  EXPECT_TRUE(table_.Product({2, Dim::Unknown()}).is_unknown());
  EXPECT_EQ(table_.Text(Dim::Unknown()), "?");
}

TEST_F(SymbolsTest, TextOrderDoesNotDependOnCreation) {
  SymbolTable other;
  other.Named("W", {});
  const Dim h = other.Named("H", {});
  const Dim n = other.Named("N", {});
  EXPECT_EQ(other.Text(other.Add(other.Mul(h, n), other.Add(n, 3))),
            table_.Text(table_.Add(table_.Add(n_, 3), table_.Mul(n_, h_))));
  EXPECT_EQ(table_.Text(table_.Add(table_.Add(n_, 3), table_.Mul(n_, h_))), "H*N + N + 3");
}

TEST_F(SymbolsTest, OddNamesAreQuoted) {
  const Dim odd = table_.Named("floor(H/2 - 1/2) + 1", {"x", 1});
  EXPECT_EQ(table_.Text(odd), "'floor(H/2 - 1/2) + 1'");
  const Dim quote = table_.Named("it's\\", {"x", 1});
  for (const Dim dim : {odd, quote, table_.Named("min", {}), table_.Named("", {})}) {
    const auto parsed = table_.Parse(table_.Text(dim));
    ASSERT_TRUE(parsed.ok()) << table_.Text(dim);
    EXPECT_EQ(*parsed, dim);
  }
}

TEST_F(SymbolsTest, MalformedTextIsRefused) {
  for (const char* text : {"", "N +", "4*", "floor(N)", "min(N/2)", "(N", "N)", "'open", "?", "9 9",
                           "99999999999999999999", "'\\x4'"}) {
    EXPECT_FALSE(table_.Parse(text).ok()) << text;
  }
  EXPECT_FALSE(table_.Parse(std::string(100000, '(')).ok());
}

TEST_F(SymbolsTest, NamesInFindsThoseInsideFloors) {
  const Dim dim = table_.Add(table_.FloorDiv(h_, table_.Add(w_, 1)), n_);
  EXPECT_EQ(table_.NamesIn(dim), (std::vector<std::string>{"H", "N", "W"}));
  EXPECT_EQ(table_.names(), (std::vector<std::string>{"N", "H", "W"}));
}

// Random expressions: the table's value equals direct arithmetic, and text reads back as itself.
TEST(SymbolsProperty, EvaluationAgreesWithArithmetic) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    SymbolTable table;
    const std::map<std::string, std::int64_t> bindings = {
        {"A", random() % 9}, {"B", random() % 9 + 1}, {"C", random() % 40}};
    std::vector<std::pair<Dim, std::int64_t>> pool = {{3, 3}, {7, 7}};
    for (const auto& [name, value] : bindings) pool.emplace_back(table.Named(name, {}), value);
    for (int step = 0; step < 12; ++step) {
      const auto [a, x] = pool[random() % pool.size()];
      const auto [b, y] = pool[random() % pool.size()];
      const auto floor = [](std::int64_t p, std::int64_t q) {
        return p / q - (p % q != 0 && (p < 0) != (q < 0) ? 1 : 0);
      };
      switch (random() % 6) {
        case 0:
          pool.emplace_back(table.Add(a, b), x + y);
          break;
        case 1:
          pool.emplace_back(table.Sub(a, b), x - y);
          break;
        case 2:
          if (std::abs(x) < 10000 && std::abs(y) < 10000) pool.emplace_back(table.Mul(a, b), x * y);
          break;
        case 3:
          if (y > 0) pool.emplace_back(table.FloorDiv(a, b), floor(x, y));
          if (y > 0) pool.emplace_back(table.CeilDiv(a, b), -floor(-x, y));
          break;
        // Minimum and maximum assume that dimensions are at least 0.
        case 4:
          if (x >= 0 && y >= 0) pool.emplace_back(table.Min(a, b), std::min(x, y));
          break;
        case 5:
          if (x >= 0 && y >= 0) pool.emplace_back(table.Max(a, b), std::max(x, y));
          break;
      }
    }
    for (const auto& [dim, value] : pool) {
      const std::string text = table.Text(dim);
      const auto evaluated = table.Evaluate(dim, bindings);
      if (text.find('?') == std::string::npos && evaluated.has_value()) {
        EXPECT_EQ(*evaluated, value) << text;
      }
      const auto parsed = table.Parse(text);
      ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status().ToString();
      EXPECT_EQ(*parsed, dim) << text << " read as " << table.Text(*parsed);
    }
  }
}

}  // namespace
}  // namespace smelt::ir
