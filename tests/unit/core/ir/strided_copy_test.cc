#include "core/ir/strided_copy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <random>

namespace smelt::ir {
namespace {

// Element by element, the definition.
std::vector<std::byte> Naive(const std::vector<std::int64_t>& sizes,
                             const std::vector<std::int64_t>& strides, const std::byte* origin,
                             std::size_t width, std::int64_t begin, std::int64_t count) {
  std::vector<std::byte> out;
  for (std::int64_t at = begin; at < begin + count; ++at) {
    std::int64_t rest = at;
    std::int64_t offset = 0;
    for (std::size_t axis = sizes.size(); axis-- > 0;) {
      offset += rest % sizes[axis] * strides[axis];
      rest /= sizes[axis];
    }
    const std::byte* from = origin + offset * static_cast<std::int64_t>(width);
    out.insert(out.end(), from, from + width);
  }
  return out;
}

TEST(StridedCopy, CoalesceJoinsWhatLiesTogether) {
  const StridedView whole = Coalesce({2, 3, 4}, {12, 4, 1});
  EXPECT_EQ(whole.sizes, (std::vector<std::int64_t>{24}));
  const StridedView transposed = Coalesce({3, 1, 4, 5}, {1, 99, 15, 3});
  EXPECT_EQ(transposed.sizes, (std::vector<std::int64_t>{3, 20}));
  EXPECT_EQ(transposed.strides, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(Coalesce({}, {}).sizes, (std::vector<std::int64_t>{1}));
}

// Random permutations, flips, steps and broadcasts of every width, read in random pieces.
TEST(StridedCopyProperty, AgreesWithTheDefinition) {
  std::mt19937 random(5);
  for (int round = 0; round < 600; ++round) {
    const std::size_t rank = 1 + random() % 4;
    std::vector<std::int64_t> storage(rank);
    for (auto& size : storage) size = 1 + random() % (rank < 3 ? 70 : 14);
    std::vector<std::int64_t> full(rank, 1);
    for (std::size_t i = rank; i-- > 1;) full[i - 1] = full[i] * storage[i];
    const std::int64_t elements = full[0] * storage[0];
    std::vector<std::size_t> order(rank);
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
    std::int64_t offset = 0;
    for (const std::size_t axis : order) {
      const std::int64_t step = 1 + random() % 2;
      const std::int64_t size = (storage[axis] + step - 1) / step;
      const auto kind = random() % 8;
      sizes.push_back(size);
      strides.push_back(kind == 0 ? 0 : kind == 1 ? -full[axis] * step : full[axis] * step);
      if (kind == 1) offset += full[axis] * step * (size - 1);
    }
    const std::size_t width = std::size_t{1} << (random() % 5);
    std::vector<std::byte> bytes(static_cast<std::size_t>(elements) * width + 1);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    // One byte off: payloads are unaligned.
    const std::byte* origin = bytes.data() + 1 + offset * static_cast<std::int64_t>(width);
    std::int64_t count = 1;
    for (const std::int64_t size : sizes) count *= size;
    const std::int64_t begin = random() % 2 == 0 ? 0 : static_cast<std::int64_t>(random()) % count;
    const std::int64_t length = random() % 2 == 0
                                    ? count - begin
                                    : static_cast<std::int64_t>(random()) % (count - begin + 1);
    std::vector<std::byte> out(static_cast<std::size_t>(length) * width);
    CopyStrided(Coalesce(sizes, strides), origin, static_cast<int>(width), begin, length,
                out.data());
    ASSERT_EQ(out, Naive(sizes, strides, origin, width, begin, length)) << "round " << round;
  }
}

}  // namespace
}  // namespace smelt::ir
