#include "core/base/min_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

namespace smelt {
namespace {

TEST(MinCutTest, EqualsEveryPartition) {
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    const int nodes = 1 + static_cast<int>(random() % 6);
    MinCut cut(nodes);
    std::vector<std::array<std::int64_t, 3>> edges;
    for (int e = 0; e < 14; ++e) {
      const auto from = static_cast<int>(random() % static_cast<unsigned>(nodes + 2));
      const auto to = static_cast<int>(random() % static_cast<unsigned>(nodes + 2));
      const auto capacity = static_cast<std::int64_t>(random() % 10);
      cut.AddEdge(from, to, capacity);
      edges.push_back({from, to, capacity});
    }
    const auto cost = [&](auto on_source_side) {
      std::int64_t sum = 0;
      for (const auto& [from, to, capacity] : edges) {
        if (from != to && on_source_side(static_cast<int>(from)) &&
            !on_source_side(static_cast<int>(to))) {
          sum += capacity;
        }
      }
      return sum;
    };
    std::int64_t best = INT64_MAX;
    for (unsigned set = 0; set < 1u << nodes; ++set) {
      best = std::min(best, cost([&](int n) { return n == 0 || (n > 1 && (set >> (n - 2) & 1)); }));
    }
    std::uint64_t steps = 0;
    EXPECT_EQ(cut.Run(UINT64_MAX, &steps), best);
    EXPECT_EQ(cost([&](int n) { return cut.OnSourceSide(n); }), best);
  }
}

}  // namespace
}  // namespace smelt
