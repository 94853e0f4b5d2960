// Random chains of views and steps against a naive evaluation that copies at every step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "core/ir/constant.h"

namespace smelt::ir {
namespace {

using Sizes = std::vector<std::int64_t>;

// The naive side: values held in full, row-major, as the floats that they are.
struct Dense {
  Sizes shape;
  std::vector<float> values;
};

std::int64_t Count(const Sizes& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Sizes IndexOf(std::int64_t at, const Sizes& shape) {
  Sizes index(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    index[i] = at % shape[i];
    at /= shape[i];
  }
  return index;
}

std::int64_t Position(const Sizes& index, const Sizes& shape) {
  std::int64_t at = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) at = at * shape[i] + index[i];
  return at;
}

// A dense tensor of `shape` whose element at an index is the source's at source_index(index).
template <class F>
Dense Pull(const Dense& source, Sizes shape, F&& source_index) {
  Dense result{std::move(shape), {}};
  for (std::int64_t at = 0; at < Count(result.shape); ++at) {
    const Sizes from = source_index(IndexOf(at, result.shape));
    result.values.push_back(source.values[static_cast<std::size_t>(Position(from, source.shape))]);
  }
  return result;
}

class ViewWalk {
 public:
  explicit ViewWalk(std::uint32_t seed) : random_(seed) {
    const int rank = Draw(1, 4);
    for (int i = 0; i < rank; ++i) dense_.shape.push_back(Draw(1, 7));
    for (std::int64_t i = 0; i < Count(dense_.shape); ++i) {
      dense_.values.push_back(static_cast<float>(Draw(-1000, 1000)) * 0.125F);
    }
    view_ = Constant::FromValues(DType::kF32, dense_.shape, std::span<const float>(dense_.values));
  }

  void Step() {
    switch (Draw(0, 5)) {
      case 0:
        Transpose();
        break;
      case 1:
        Slice();
        break;
      case 2:
        Broadcast();
        break;
      case 3:
        Reshape();
        break;
      case 4:
        Arithmetic();
        break;
      case 5:
        Halve();
        break;
    }
  }

  void Compare() {
    ASSERT_EQ(view_.shape(), dense_.shape);
    const std::int64_t count = view_.element_count();
    std::vector<float> all(static_cast<std::size_t>(count));
    view_.Read(0, count, reinterpret_cast<std::byte*>(all.data()));
    ASSERT_EQ(all, dense_.values);
    const std::int64_t begin = Draw(0, static_cast<int>(count) - 1);
    const std::int64_t size = Draw(0, static_cast<int>(count - begin));
    std::vector<float> some(static_cast<std::size_t>(size));
    view_.Read(begin, size, reinterpret_cast<std::byte*>(some.data()));
    ASSERT_TRUE(std::equal(some.begin(), some.end(), dense_.values.begin() + begin));
    ASSERT_EQ(view_.AsDoubles(), std::vector<double>(dense_.values.begin(), dense_.values.end()));
    // By bits: 0 and -0 are not one element.
    const bool splat = std::all_of(dense_.values.begin(), dense_.values.end(), [this](float value) {
      return value == dense_.values[0] && std::signbit(value) == std::signbit(dense_.values[0]);
    });
    ASSERT_EQ(view_.IsSplat(), splat);
    ASSERT_TRUE(view_.Evaluated().IsPlain());
  }

 private:
  int Draw(int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(random_); }
  std::size_t rank() const { return dense_.shape.size(); }

  void Transpose() {
    std::vector<int> permutation(rank());
    std::iota(permutation.begin(), permutation.end(), 0);
    std::shuffle(permutation.begin(), permutation.end(), random_);
    Sizes shape;
    for (const int axis : permutation)
      shape.push_back(dense_.shape[static_cast<std::size_t>(axis)]);
    view_ = view_.Transposed(permutation);
    dense_ = Pull(dense_, shape, [&](const Sizes& index) {
      Sizes from(rank());
      for (std::size_t i = 0; i < rank(); ++i) {
        from[static_cast<std::size_t>(permutation[i])] = index[i];
      }
      return from;
    });
  }

  void Slice() {
    Sizes begin, size, stride;
    for (const std::int64_t dim : dense_.shape) {
      const std::int64_t step = Draw(1, 2);
      const std::int64_t taken = Draw(1, static_cast<int>((dim + step - 1) / step));
      const std::int64_t first = Draw(0, static_cast<int>(dim - 1 - (taken - 1) * step));
      const bool reverse = Draw(0, 2) == 0;
      size.push_back(taken);
      begin.push_back(reverse ? first + (taken - 1) * step : first);
      stride.push_back(reverse ? -step : step);
    }
    view_ = view_.Sliced(begin, size, stride);
    dense_ = Pull(dense_, size, [&](const Sizes& index) {
      Sizes from(rank());
      for (std::size_t i = 0; i < rank(); ++i) from[i] = begin[i] + index[i] * stride[i];
      return from;
    });
  }

  void Broadcast() {
    if (Count(dense_.shape) > 400) return;
    Sizes shape = dense_.shape;
    for (std::int64_t& size : shape) {
      if (size == 1) size = Draw(1, 3);
    }
    const std::size_t added = rank() < 5 ? static_cast<std::size_t>(Draw(0, 1)) : 0;
    if (added == 1) shape.insert(shape.begin(), Draw(1, 2));
    view_ = view_.BroadcastTo(shape);
    dense_ = Pull(dense_, shape, [&](const Sizes& index) {
      Sizes from(rank());
      for (std::size_t i = 0; i < rank(); ++i) {
        from[i] = dense_.shape[i] == 1 ? 0 : index[added + i];
      }
      return from;
    });
  }

  void Reshape() {
    // Split the element count into random factors.
    std::int64_t rest = Count(dense_.shape);
    Sizes shape;
    while (shape.size() < 4 && rest > 1) {
      std::int64_t factor = Draw(1, 8);
      if (rest % factor != 0) factor = 1;
      shape.push_back(factor);
      rest /= factor;
    }
    shape.push_back(rest);
    if (Draw(0, 1) == 0) shape = {Count(dense_.shape)};
    if (Draw(0, 3) == 0) shape.insert(shape.begin() + Draw(0, static_cast<int>(shape.size())), 1);
    view_ = view_.Reshaped(shape);
    dense_.shape = shape;
  }

  void Arithmetic() {
    const bool multiply = Draw(0, 1) == 0;
    const int axis = Draw(-1, static_cast<int>(rank()) - 1);
    const std::int64_t size = axis < 0 ? 1 : dense_.shape[static_cast<std::size_t>(axis)];
    std::vector<double> values;
    for (std::int64_t i = 0; i < size; ++i) values.push_back(Draw(-20, 20) / 16.0);
    ConstantStep step;
    step.kind = multiply ? ConstantStep::Kind::kMultiply : ConstantStep::Kind::kAdd;
    step.axis = axis;
    step.values = std::make_shared<const std::vector<double>>(values);
    view_ = view_.WithStep(step);
    for (std::int64_t at = 0; at < Count(dense_.shape); ++at) {
      const std::int64_t index =
          axis < 0 ? 0 : IndexOf(at, dense_.shape)[static_cast<std::size_t>(axis)];
      const double by = values[static_cast<std::size_t>(index)];
      float& value = dense_.values[static_cast<std::size_t>(at)];
      value = static_cast<float>(multiply ? value * by : value + by);
    }
  }

  // To f16 and back: what does not fit is rounded on both sides.
  void Halve() {
    view_ = view_.Cast(DType::kF16).Cast(DType::kF32);
    for (float& value : dense_.values) value = static_cast<float>(static_cast<_Float16>(value));
  }

  std::mt19937 random_;
  Dense dense_;
  Constant view_;
};

TEST(ConstantProperty, ViewsAgreeWithNaiveEvaluation) {
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    ViewWalk walk(seed);
    for (int step = 0; step < 8; ++step) {
      walk.Step();
      walk.Compare();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
    }
  }
}

// Larger than a block, so that steps and packing cross its border.
TEST(ConstantProperty, BlocksMeet) {
  const std::int64_t rows = 300;
  const std::int64_t columns = 257;
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1013);
  std::vector<double> factors(static_cast<std::size_t>(columns));
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] = static_cast<double>(i) - 100;
  ConstantStep step{ConstantStep::Kind::kMultiply, 1,
                    std::make_shared<const std::vector<double>>(factors), DType::kF32};
  const Constant view =
      Constant::FromValues(DType::kF32, {rows, columns}, std::span<const float>(values))
          .WithStep(step)
          .Transposed(std::vector{1, 0})
          .Cast(DType::kI4);
  const SharedBytes bytes = view.Materialize();
  ASSERT_EQ(bytes.size(), static_cast<std::size_t>((rows * columns + 1) / 2));
  for (std::int64_t at = 0; at < rows * columns; ++at) {
    const auto row = static_cast<std::size_t>(at % rows);
    const auto column = static_cast<std::size_t>(at / rows);
    const double exact =
        static_cast<double>(values[row * static_cast<std::size_t>(columns) + column]) *
        factors[column];
    const int expected = static_cast<int>(std::clamp(exact, -8.0, 7.0));
    const int byte = std::to_integer<int>(bytes.span()[static_cast<std::size_t>(at / 2)]);
    const int nibble = (at % 2 == 0 ? byte : byte >> 4) & 15;
    ASSERT_EQ(nibble >= 8 ? nibble - 16 : nibble, expected) << at;
  }
}

}  // namespace
}  // namespace smelt::ir
