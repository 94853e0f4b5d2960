// The search for cuts against every possibility.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/export/tflite/part_size.h"
#include "core/export/tflite/split_at.h"
#include "core/export/tflite/split_search.h"
#include "tests/unit/core/export/random_net.h"

namespace smelt::tflite_export {
namespace {

SplitGraph GraphOf(const ir::Module& module) {
  auto graph = MakeSplitGraph(module, *target::AllProfiles().front(), "smelt", CancelToken());
  EXPECT_TRUE(graph.ok()) << graph.status().ToString();
  return graph.ok() ? std::move(graph).value() : SplitGraph();
}

std::vector<std::uint32_t> Slice(const std::vector<std::uint32_t>& order, std::size_t begin,
                                 std::size_t end) {
  return {order.begin() + static_cast<std::ptrdiff_t>(begin),
          order.begin() + static_cast<std::ptrdiff_t>(end)};
}

bool IsTopological(const SplitGraph& graph, const std::vector<std::uint32_t>& order) {
  std::vector<bool> done(graph.units.size());
  for (const std::uint32_t unit : order) {
    for (const std::uint32_t operand : graph.units[unit].operands) {
      const std::int32_t producer = graph.tensors[operand].producer;
      if (producer >= 0 && !done[static_cast<std::size_t>(producer)]) return false;
    }
    done[unit] = true;
  }
  return std::ranges::all_of(done, [](bool one) { return one; });
}

// Of the cuts, each by what is made before it and needed behind it.
std::uint64_t CountCrossing(const SplitGraph& graph, const Cuts& cuts) {
  std::uint64_t bytes = 0;
  for (const std::size_t end : cuts.ends) {
    const std::set<std::uint32_t> before(cuts.order.begin(),
                                         cuts.order.begin() + static_cast<std::ptrdiff_t>(end));
    for (const SplitGraph::Tensor& tensor : graph.tensors) {
      if (tensor.producer < 0 || !before.contains(static_cast<std::uint32_t>(tensor.producer))) {
        continue;
      }
      const bool needed = std::ranges::any_of(
          tensor.users, [&](std::uint32_t user) { return !before.contains(user); });
      if (needed) bytes += tensor.bytes;
    }
  }
  return bytes;
}

bool AllFit(const SplitGraph& graph, const Cuts& cuts, std::uint64_t limit) {
  std::size_t begin = 0;
  for (const std::size_t end : cuts.ends) {
    if (end <= begin) return false;
    if (end - begin > 1 && SizeOf(graph, Slice(cuts.order, begin, end)) > limit) return false;
    begin = end;
  }
  return begin == cuts.order.size();
}

// The fewest crossing bytes of any cuts of this order.
std::uint64_t FewestInOrder(const SplitGraph& graph, const std::vector<std::uint32_t>& order,
                            std::uint64_t limit) {
  std::uint64_t fewest = UINT64_MAX;
  for (unsigned set = 0; set < 1U << (order.size() - 1); ++set) {
    Cuts cuts{order, {}, 0};
    for (std::size_t i = 1; i < order.size(); ++i) {
      if ((set >> (i - 1) & 1U) != 0) cuts.ends.push_back(i);
    }
    cuts.ends.push_back(order.size());
    if (AllFit(graph, cuts, limit)) fewest = std::min(fewest, CountCrossing(graph, cuts));
  }
  return fewest;
}

// A limit under which the whole does not fit.
std::uint64_t SomeLimit(const SplitGraph& graph, std::uint32_t seed) {
  const std::uint64_t whole = SizeOf(graph, ProgramOrder(graph));
  const std::uint64_t empty = SizeOf(graph, {});
  return empty + (whole - empty) * (25 + seed * 13 % 65) / 100;
}

TEST(SplitSearch, FindsTheFewestBytesOfAnOrder) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    const ir::Module module = RandomNet(seed, 9).Make();
    const SplitGraph graph = GraphOf(module);
    const std::uint64_t limit = SomeLimit(graph, seed);
    for (const auto& order : {ProgramOrder(graph), DepthFirstOrder(graph)}) {
      ASSERT_TRUE(IsTopological(graph, order)) << seed;
      const Cuts cuts = CheapestCuts(graph, order, {order.size()}, {limit, 0}, CancelToken());
      ASSERT_TRUE(AllFit(graph, cuts, limit)) << seed;
      EXPECT_EQ(cuts.crossing_bytes, CountCrossing(graph, cuts)) << seed;
      EXPECT_EQ(cuts.crossing_bytes, FewestInOrder(graph, order, limit)) << seed;
    }
  }
}

TEST(SplitSearch, RefiningKeepsLimitsAndOrderAndNeverAddsBytes) {
  int better = 0;
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    const ir::Module module = RandomNet(seed, 6 + static_cast<int>(seed % 40)).Make();
    const SplitGraph graph = GraphOf(module);
    const std::uint64_t limit = SomeLimit(graph, seed);
    const auto order = ProgramOrder(graph);
    const SplitBudget budget{limit, 0};
    const Cuts greedy = GreedyCuts(graph, order, {order.size()}, budget);
    ASSERT_TRUE(AllFit(graph, greedy, limit)) << seed;
    EXPECT_EQ(greedy.crossing_bytes, CountCrossing(graph, greedy)) << seed;
    Cuts cuts = CheapestCuts(graph, order, {order.size()}, budget, CancelToken());
    const std::uint64_t before = cuts.crossing_bytes;
    EXPECT_LE(before, greedy.crossing_bytes) << seed;
    RefineCuts(graph, {order.size()}, budget, CancelToken(), cuts);
    EXPECT_TRUE(IsTopological(graph, cuts.order)) << seed;
    EXPECT_TRUE(AllFit(graph, cuts, limit)) << seed;
    EXPECT_EQ(cuts.crossing_bytes, CountCrossing(graph, cuts)) << seed;
    EXPECT_LE(cuts.crossing_bytes, before) << seed;
    if (cuts.crossing_bytes < before) ++better;
  }
  EXPECT_GT(better, 5);
}

TEST(SplitSearch, GivesTheNumberOfPartsThatIsAskedFor) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const ir::Module module = RandomNet(seed, 12).Make();
    const SplitGraph graph = GraphOf(module);
    const auto order = ProgramOrder(graph);
    for (std::size_t parts = 1; parts <= order.size(); ++parts) {
      const Cuts cuts =
          CheapestCuts(graph, order, {order.size()}, {UINT64_MAX, parts}, CancelToken());
      EXPECT_EQ(cuts.ends.size(), parts) << seed;
      EXPECT_EQ(cuts.crossing_bytes, CountCrossing(graph, cuts)) << seed;
    }
    const SplitBudget too_many{UINT64_MAX, order.size() + 1};
    EXPECT_TRUE(CheapestCuts(graph, order, {order.size()}, too_many, CancelToken()).ends.empty());
  }
}

TEST(SplitSearch, AskedCutsStandBetweenATensorAndItsReaders) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    const ir::Module module = RandomNet(seed, 20).Make();
    const SplitGraph graph = GraphOf(module);
    std::vector<std::string> names;
    for (std::size_t i = seed % 3 + 2; i < graph.tensors.size(); i += 7) {
      names.push_back(graph.names[graph.tensors[i].value.index]);
    }
    ir::Diagnostics diagnostics;
    const AskedCuts asked = CutsAt(graph, names, CancelToken(), diagnostics);
    EXPECT_TRUE(diagnostics.empty());
    EXPECT_TRUE(IsTopological(graph, asked.order)) << seed;
    EXPECT_LE(asked.ends.size(), names.size() + 1) << seed;
    std::vector<std::size_t> position(graph.units.size());
    for (std::size_t i = 0; i < asked.order.size(); ++i) position[asked.order[i]] = i;
    for (const SplitGraph::Tensor& tensor : graph.tensors) {
      const std::string& name = graph.names[tensor.value.index];
      if (std::ranges::find(names, name) == names.end() || tensor.users.empty()) continue;
      std::size_t first_user = SIZE_MAX;
      for (const std::uint32_t user : tensor.users) {
        first_user = std::min(first_user, position[user]);
      }
      const std::size_t made = position[static_cast<std::size_t>(tensor.producer)];
      EXPECT_TRUE(std::ranges::any_of(
          asked.ends, [&](std::size_t end) { return made < end && end <= first_user; }))
          << seed << " " << name;
    }
  }
}

TEST(SplitSearch, NamesEveryTensorThatIsNotThere) {
  const ir::Module module = RandomNet(1, 5).Make();
  const SplitGraph graph = GraphOf(module);
  ir::Diagnostics diagnostics;
  static_cast<void>(CutsAt(graph, {"nothing", "in0", "neither"}, CancelToken(), diagnostics));
  ASSERT_EQ(diagnostics.size(), 3U);
  EXPECT_EQ(diagnostics[1].reason, Reason::kUnknownTensorName);
  EXPECT_EQ(diagnostics[1].tensor, "in0");
}

TEST(SplitSearch, LeavesOffWhenItIsCancelled) {
  const ir::Module module = RandomNet(1, 20).Make();
  const SplitGraph graph = GraphOf(module);
  CancelToken cancel;
  cancel.Cancel();
  const auto order = ProgramOrder(graph);
  EXPECT_TRUE(CheapestCuts(graph, order, {order.size()}, {UINT64_MAX, 3}, cancel).ends.empty());
  std::vector<std::string> names;
  for (std::size_t i = 2; i < graph.tensors.size(); i += 3) {
    names.push_back(graph.names[graph.tensors[i].value.index]);
  }
  ir::Diagnostics diagnostics;
  EXPECT_EQ(CutsAt(graph, names, cancel, diagnostics).ends.size(), 1U);
}

}  // namespace
}  // namespace smelt::tflite_export
