#include "core/ir/constant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace smelt::ir {
namespace {

using Sizes = std::vector<std::int64_t>;

template <class T>
Constant Make(DType dtype, Sizes shape, std::vector<T> values) {
  return Constant::FromValues(dtype, std::move(shape), std::span<const T>(values));
}

template <class T>
std::vector<T> Values(const Constant& constant) {
  std::vector<T> values(static_cast<std::size_t>(constant.element_count()));
  constant.Read(0, constant.element_count(), reinterpret_cast<std::byte*>(values.data()));
  return values;
}

std::shared_ptr<const std::vector<double>> Per(std::vector<double> values) {
  return std::make_shared<const std::vector<double>>(std::move(values));
}

TEST(Constant, PayloadMustHaveTheShapesSize) {
  const auto bytes = SharedBytes::Own(std::vector<std::byte>(8));
  EXPECT_TRUE(Constant::FromBytes(DType::kF32, {2}, bytes).ok());
  EXPECT_EQ(Constant::FromBytes(DType::kF32, {3}, bytes).status().reason(),
            Reason::kPayloadSizeMismatch);
  const std::int64_t big = std::int64_t{1} << 40;
  EXPECT_EQ(Constant::FromBytes(DType::kF32, {big, big}, bytes).status().reason(),
            Reason::kDimensionOverflow);
  EXPECT_EQ(Constant::FromBytes(DType::kF32, {-2}, bytes).status().reason(),
            Reason::kDimensionOverflow);
  EXPECT_EQ(Constant::FromBytes(DType::kString, {1}, bytes).status().reason(),
            Reason::kUnsupportedType);
}

TEST(Constant, WithoutElementsItsOtherSizesMayBeAny) {
  const std::int64_t big = std::int64_t{1} << 62;
  const auto made = Constant::FromBytes(DType::kF32, {0, big, 20}, SharedBytes());
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  EXPECT_EQ(made->element_count(), 0);
}

TEST(Constant, PlainViewsShareTheirStorage) {
  const Constant constant = Make<float>(DType::kF32, {2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_TRUE(constant.IsPlain());
  EXPECT_EQ(constant.Materialize().data(), constant.storage().data());
  EXPECT_EQ(constant.Reshaped(Sizes{6}).storage().data(), constant.storage().data());
  // A row is one piece of the storage: still plain, cut down to its bytes.
  const Constant row = constant.Sliced(Sizes{1, 0}, Sizes{1, 3}, Sizes{1, 1});
  EXPECT_TRUE(row.IsPlain());
  EXPECT_EQ(row.storage().data(), constant.storage().data() + 12);
  EXPECT_EQ(row.storage().size(), 12U);
  // There and back again is the same view.
  const Constant back = constant.Transposed(std::vector{1, 0}).Transposed(std::vector{1, 0});
  EXPECT_TRUE(back.IsPlain());
  EXPECT_TRUE(back.SameView(constant));
  EXPECT_FALSE(constant.Transposed(std::vector{1, 0}).IsPlain());
}

TEST(Constant, ViewsReadWhatTheySay) {
  const Constant constant = Make<std::int32_t>(DType::kI32, {2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(Values<std::int32_t>(constant.Transposed(std::vector{1, 0})),
            (std::vector<std::int32_t>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(Values<std::int32_t>(constant.Sliced(Sizes{1, 2}, Sizes{2, 2}, Sizes{-1, -2})),
            (std::vector<std::int32_t>{5, 3, 2, 0}));
  EXPECT_EQ(Values<std::int32_t>(constant.Transposed(std::vector{1, 0}).Reshaped(Sizes{2, 3})),
            (std::vector<std::int32_t>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(Values<std::int32_t>(
                Make<std::int32_t>(DType::kI32, {2, 1}, {7, 8}).BroadcastTo(Sizes{2, 2, 2})),
            (std::vector<std::int32_t>{7, 7, 8, 8, 7, 7, 8, 8}));
}

TEST(Constant, JoinedReadsItsParts) {
  const Constant a = Make<float>(DType::kF32, {2, 2}, {1, 2, 3, 4});
  const Constant b = Make<float>(DType::kF32, {1, 2}, {5, 6});
  const Constant c = Make<float>(DType::kF32, {0, 2}, {});
  const Constant joined = Constant::Joined({a.Transposed(std::vector{1, 0}), c, b});
  EXPECT_EQ(joined.shape(), (Sizes{3, 2}));
  EXPECT_FALSE(joined.IsPlain());
  EXPECT_FALSE(joined.IsSplat());
  EXPECT_EQ(Values<float>(joined), (std::vector<float>{1, 3, 2, 4, 5, 6}));
  float middle[3] = {};
  joined.Read(2, 3, reinterpret_cast<std::byte*>(middle));
  EXPECT_EQ(std::vector<float>(middle, middle + 3), (std::vector<float>{2, 4, 5}));
  // Steps and views of it.
  const Constant stepped =
      joined.WithStep({ConstantStep::Kind::kMultiply, 0, Per({1, 10, 100}), DType::kF32});
  EXPECT_EQ(Values<float>(stepped), (std::vector<float>{1, 3, 20, 40, 500, 600}));
  EXPECT_EQ(Values<std::int32_t>(joined.Cast(DType::kI32)),
            (std::vector<std::int32_t>{1, 3, 2, 4, 5, 6}));
  EXPECT_EQ(Values<float>(stepped.Transposed(std::vector{1, 0})),
            (std::vector<float>{1, 20, 500, 3, 40, 600}));
  EXPECT_EQ(Values<float>(joined.Sliced(Sizes{1, 0}, Sizes{2, 1}, Sizes{1, 1})),
            (std::vector<float>{2, 5}));
  EXPECT_EQ(Values<float>(joined.Transposed(std::vector{1, 0})),
            (std::vector<float>{1, 2, 5, 3, 4, 6}));
  EXPECT_TRUE(joined.SameView(joined));
  EXPECT_FALSE(joined.SameView(Constant::Joined({b, b, b})));
}

TEST(Constant, TransposedPartsAreJoinedAlongTheirAxis) {
  const Constant a =
      Make<std::int32_t>(DType::kI32, {2, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const Constant b = Make<std::int32_t>(DType::kI32, {1, 2, 3}, {12, 13, 14, 15, 16, 17});
  const Constant none = Make<std::int32_t>(DType::kI32, {0, 2, 3}, {});
  const Constant joined = Constant::Joined({none, b, a});
  const Constant inside = joined.Transposed(std::vector{1, 0, 2});
  const std::vector<std::int32_t> expected = {12, 13, 14, 0, 1, 2, 6, 7,  8,
                                              15, 16, 17, 3, 4, 5, 9, 10, 11};
  EXPECT_EQ(inside.shape(), (Sizes{2, 3, 3}));
  EXPECT_EQ(Values<std::int32_t>(inside), expected);
  for (std::int64_t begin = 0; begin < 18; ++begin) {
    std::vector<std::int32_t> part(static_cast<std::size_t>(18 - begin));
    inside.Read(begin, 18 - begin, reinterpret_cast<std::byte*>(part.data()));
    EXPECT_TRUE(std::equal(part.begin(), part.end(), expected.begin() + begin)) << begin;
  }
  EXPECT_EQ(Values<std::int32_t>(inside.Transposed(std::vector{1, 0, 2})),
            Values<std::int32_t>(joined));
  EXPECT_EQ(Values<std::int32_t>(
                joined.Transposed(std::vector{2, 1, 0}).Transposed(std::vector{2, 1, 0})),
            Values<std::int32_t>(joined));
  EXPECT_EQ(Values<std::int32_t>(inside.Sliced(Sizes{0, 1, 1}, Sizes{2, 2, 1}, Sizes{1, 1, 1})),
            (std::vector<std::int32_t>{1, 7, 4, 10}));
  // One part, and a step along the joined axis.
  EXPECT_EQ(Values<std::int32_t>(Constant::Joined({b}).Transposed(std::vector{2, 0, 1})),
            (std::vector<std::int32_t>{12, 15, 13, 16, 14, 17}));
  const Constant f = Make<float>(DType::kF32, {1, 2}, {1, 2});
  const Constant stepped = Constant::Joined({f, f}).WithStep(
      {ConstantStep::Kind::kMultiply, 0, Per({1, 10}), DType::kF32});
  EXPECT_EQ(Values<float>(stepped.Transposed(std::vector{1, 0})),
            (std::vector<float>{1, 10, 2, 20}));
}

TEST(Constant, SplatStoresOneElement) {
  const float value = 2.5F;
  const auto element = std::as_bytes(std::span(&value, 1));
  const Constant splat = Constant::Splat(DType::kF32, {1 << 20, 1 << 20}, element);
  EXPECT_EQ(splat.storage().size(), 4U);
  EXPECT_TRUE(splat.IsSplat());
  EXPECT_EQ(splat.element_count(), std::int64_t{1} << 40);
  float last = 0;
  splat.Read((std::int64_t{1} << 40) - 1, 1, reinterpret_cast<std::byte*>(&last));
  EXPECT_EQ(last, 2.5F);
}

TEST(Constant, IsSplatLooksAtEveryElement) {
  EXPECT_TRUE(Make<float>(DType::kF32, {3}, {1, 1, 1}).IsSplat());
  EXPECT_FALSE(Make<float>(DType::kF32, {3}, {1, 1, 2}).IsSplat());
  EXPECT_FALSE(Make<float>(DType::kF32, {0}, {}).IsSplat());
  // A step along a broadcast axis makes elements differ.
  const Constant broadcast = Make<float>(DType::kF32, {1}, {1}).BroadcastTo(Sizes{2, 3});
  EXPECT_TRUE(broadcast.IsSplat());
  EXPECT_FALSE(broadcast.WithStep({ConstantStep::Kind::kMultiply, 1, Per({1, 2, 3}), DType::kF32})
                   .IsSplat());
}

TEST(Constant, StepsApplyInOrderAlongTheirAxis) {
  const Constant constant = Make<float>(DType::kF32, {2, 3}, {1, 2, 3, 4, 5, 6});
  const Constant stepped =
      constant.WithStep({ConstantStep::Kind::kMultiply, 0, Per({10, 100}), DType::kF32})
          .WithStep({ConstantStep::Kind::kAdd, 1, Per({1, 2, 3}), DType::kF32})
          .WithStep({ConstantStep::Kind::kAdd, -1, Per({0.5}), DType::kF32});
  EXPECT_EQ(Values<float>(stepped), (std::vector<float>{11.5, 22.5, 33.5, 401.5, 502.5, 603.5}));
  EXPECT_EQ(Values<float>(stepped.Transposed(std::vector{1, 0})),
            (std::vector<float>{11.5, 401.5, 22.5, 502.5, 33.5, 603.5}));
  // Merging the axes keeps it a view.
  EXPECT_EQ(Values<float>(stepped.Reshaped(Sizes{6})), Values<float>(stepped));
  EXPECT_EQ(stepped.Reshaped(Sizes{6}).storage().data(), constant.storage().data());
  // Splitting a stepped axis needs a copy, with the same values.
  EXPECT_EQ(Values<float>(stepped.Reshaped(Sizes{6}).Reshaped(Sizes{3, 2})),
            Values<float>(stepped));
}

TEST(Constant, QuantizesByTheScaleOfEachRow) {
  const std::vector<float> values = {0.5F, -1.5F, 100, 1, 2.4F, NAN};
  const Constant constant = Constant::FromValues<float>(DType::kF32, {2, 3}, values);
  const std::vector<float> scales = {0.5F, 1.6F};
  const Constant quantized = constant.Quantized(DType::kI8, 0, scales);
  EXPECT_EQ(quantized.dtype(), DType::kI8);
  EXPECT_EQ(quantized.AsInts(), (std::vector<std::int64_t>{1, -3, 127, 1, 2, 0}));
  // A view of it is what quantizing a view would be.
  const std::vector<int> swapped = {1, 0};
  EXPECT_EQ(quantized.Transposed(swapped).AsInts(),
            (std::vector<std::int64_t>{1, 1, -3, 2, 127, 0}));
  EXPECT_EQ(quantized.Transposed(swapped).AsInts(),
            constant.Transposed(swapped).Quantized(DType::kI8, 1, scales).AsInts());
  EXPECT_TRUE(quantized.SameView(constant.Quantized(DType::kI8, 0, scales)));
  EXPECT_FALSE(quantized.SameView(constant.Quantized(DType::kI4, 0, scales)));
  EXPECT_FALSE(quantized.SameView(constant.Quantized(DType::kI8, 0, std::vector{0.5F, 1.5F})));
}

TEST(Constant, QuantizesHalvesAwayFromZeroAndNeverToTheLowestInteger) {
  const std::vector<float> values = {0.5F, -0.5F, 1.5F, -2.5F, -1000, 1000};
  const Constant constant = Constant::FromValues<float>(DType::kF32, {6}, values);
  const std::vector<float> one = {1};
  EXPECT_EQ(constant.Quantized(DType::kI8, -1, one).AsInts(),
            (std::vector<std::int64_t>{1, -1, 2, -3, -127, 127}));
  EXPECT_EQ(constant.Quantized(DType::kI4, -1, one).AsInts(),
            (std::vector<std::int64_t>{1, -1, 2, -3, -7, 7}));
}

TEST(Constant, StepsRoundOnceToTheElementType) {
  // In float 0.1f * 3 would be rounded from the product of floats; the step's factor is a double.
  const Constant constant = Make<float>(DType::kF32, {1}, {0.1F});
  const Constant stepped =
      constant.WithStep({ConstantStep::Kind::kMultiply, -1, Per({1.0 / 3.0}), DType::kF32});
  EXPECT_EQ(Values<float>(stepped)[0], static_cast<float>(static_cast<double>(0.1F) * (1.0 / 3.0)));
}

TEST(Constant, CastsFollowTheOperator) {
  const float inf = std::numeric_limits<float>::infinity();
  const Constant floats =
      Make<float>(DType::kF32, {8}, {1.9F, -1.9F, 300, -300, std::nanf(""), inf, -inf, 0});
  EXPECT_EQ(Values<std::int8_t>(floats.Cast(DType::kI8)),
            (std::vector<std::int8_t>{1, -1, 127, -128, 0, 127, -128, 0}));
  EXPECT_EQ(Values<std::uint8_t>(floats.Cast(DType::kU8)),
            (std::vector<std::uint8_t>{1, 0, 255, 0, 0, 255, 0, 0}));
  EXPECT_EQ(Values<std::int64_t>(floats.Cast(DType::kI64))[5], INT64_MAX);
  EXPECT_EQ(Values<std::uint8_t>(floats.Cast(DType::kBool)),
            (std::vector<std::uint8_t>{1, 1, 1, 1, 1, 1, 1, 0}));
  const Constant ints = Make<std::int32_t>(DType::kI32, {3}, {300, -1, 65});
  EXPECT_EQ(Values<std::int8_t>(ints.Cast(DType::kI8)), (std::vector<std::int8_t>{44, -1, 65}));
  EXPECT_EQ(Values<std::uint64_t>(ints.Cast(DType::kU64))[1], UINT64_MAX);
  EXPECT_EQ(Values<std::uint16_t>(ints.Cast(DType::kF16))[2], 0x5410);
}

TEST(Constant, TypesBelowAByteArePackedLowBitsFirst) {
  const Constant ints = Make<std::int32_t>(DType::kI32, {2, 3}, {1, -2, 3, 7, -8, 0});
  const Constant packed = ints.Cast(DType::kI4).Evaluated();
  EXPECT_EQ(packed.size_bytes(), 3U);
  EXPECT_EQ(Values<std::uint8_t>(packed.Cast(DType::kU8)).size(), 6U);
  EXPECT_EQ(packed.Materialize().span()[0], std::byte{0xE1});
  EXPECT_EQ(packed.AsInts(), (std::vector<std::int64_t>{1, -2, 3, 7, -8, 0}));
  EXPECT_EQ(packed.Transposed(std::vector{1, 0}).AsInts(),
            (std::vector<std::int64_t>{1, 7, -2, -8, 3, 0}));
  EXPECT_EQ(packed.Sliced(Sizes{1, 0}, Sizes{1, 3}, Sizes{1, 1}).AsInts(),
            (std::vector<std::int64_t>{7, -8, 0}));
  const Constant crumbs = ints.Cast(DType::kI2).Evaluated();
  EXPECT_EQ(crumbs.size_bytes(), 2U);
  EXPECT_EQ(crumbs.AsInts(), (std::vector<std::int64_t>{1, -2, -1, -1, 0, 0}));
}

TEST(Constant, SmallValuesReadAsNumbers) {
  EXPECT_EQ(Make<std::int64_t>(DType::kI64, {2}, {-1, 9}).AsInts(),
            (std::vector<std::int64_t>{-1, 9}));
  EXPECT_EQ(Make<float>(DType::kF32, {1}, {1}).AsInts(), std::nullopt);
  EXPECT_EQ(Make<float>(DType::kF32, {2}, {0.5F, -2}).AsDoubles(), (std::vector<double>{0.5, -2}));
  const float zero = 0;
  EXPECT_EQ(Constant::Splat(DType::kF32, {70000}, std::as_bytes(std::span(&zero, 1))).AsDoubles(),
            std::nullopt);
}

TEST(Constant, EmptyOnesHaveNoBytes) {
  const Constant empty = Make<float>(DType::kF32, {2, 0, 3}, {});
  EXPECT_TRUE(empty.IsPlain());
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  const Constant flat = Make<float>(DType::kF32, {0, kHuge, kHuge}, {});
  EXPECT_TRUE(flat.IsPlain());
  EXPECT_EQ(flat.Transposed(std::vector{2, 0, 1}).Materialize().size(), 0U);
  EXPECT_EQ(flat.Cast(DType::kI32).Materialize().size(), 0U);
  EXPECT_EQ(empty.Transposed(std::vector{2, 0, 1}).Reshaped(Sizes{0}).Materialize().size(), 0U);
  EXPECT_EQ(empty.Cast(DType::kI32).Reshaped(Sizes{0, 7}).dtype(), DType::kI32);
  const Constant some = Make<float>(DType::kF32, {4}, {1, 2, 3, 4});
  EXPECT_EQ(some.Sliced(Sizes{4}, Sizes{0}, Sizes{1}).element_count(), 0);
}

TEST(ConstantDeathTest, ArgumentsThatDoNotFitAreOurBug) {
  const Constant constant = Make<float>(DType::kF32, {2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_DEATH((void)constant.Transposed(std::vector{0, 0}), "");
  EXPECT_DEATH((void)constant.Sliced(Sizes{0, 0}, Sizes{3, 1}, Sizes{1, 1}), "");
  EXPECT_DEATH((void)constant.Reshaped(Sizes{7}), "");
  EXPECT_DEATH((void)constant.BroadcastTo(Sizes{2, 6}), "");
}

}  // namespace
}  // namespace smelt::ir
