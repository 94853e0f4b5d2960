// The solver against trying everything.
#include "core/passes/layout/solve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace smelt::passes::layout {
namespace {

Labelling BruteForce(const Problem& problem) {
  Labelling labels(problem.nodes.size(), 0);
  Labelling best = labels;
  std::int64_t cost = CostOf(problem, labels);
  while (true) {
    std::size_t i = 0;
    while (i < labels.size() && ++labels[i] == static_cast<int>(problem.nodes[i].costs.size())) {
      labels[i++] = 0;
    }
    if (i == labels.size()) return best;
    if (const std::int64_t now = CostOf(problem, labels); now < cost) {
      cost = now;
      best = labels;
    }
  }
}

// A random connected graph in which label l of node i stands for the order (l + twist_i) of all its
// tensors; some nodes have only one label, some pay for their choice.
Problem RandomProblem(std::mt19937& random, int orders) {
  const auto draw = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Problem problem;
  const int nodes = 2 + draw(orders == 2 ? 9 : 6);
  std::vector<Problem::Orders> order_of;  // by node and label
  for (int i = 0; i < nodes; ++i) {
    const int twist = draw(orders);
    const int labels = draw(4) == 0 ? 1 : orders;
    Problem::Orders row;
    Problem::Node node;
    for (int l = 0; l < labels; ++l) {
      row.push_back((l + twist) % orders);
      node.costs.push_back(draw(3) == 0 ? draw(20) : 0);
    }
    order_of.push_back(row);
    problem.nodes.push_back(node);
  }
  for (int i = 0; i + 1 < nodes; ++i) {
    Problem::Tensor tensor;
    tensor.producer = {i, order_of[static_cast<std::size_t>(i)]};
    tensor.weight = 1 + draw(10);
    for (int order = 0; order < orders; ++order) tensor.innermost.push_back(draw(2));
    for (int reader = i + 1; reader < nodes; ++reader) {
      if (reader != i + 1 && draw(3) != 0) continue;
      tensor.consumers.push_back({reader, order_of[static_cast<std::size_t>(reader)]});
    }
    problem.tensors.push_back(tensor);
  }
  return problem;
}

Labelling First(const Problem& problem) { return Labelling(problem.nodes.size(), 0); }

TEST(SolveTest, TwoOrdersAreSolvedOptimally) {
  std::mt19937 random(1);
  for (int i = 0; i < 1500; ++i) {
    const Problem problem = RandomProblem(random, 2);
    const Solution solution = Solve(problem, First(problem));
    ASSERT_EQ(solution.cost, CostOf(problem, solution.labels));
    ASSERT_EQ(solution.cost, CostOf(problem, BruteForce(problem))) << "problem " << i;
  }
}

TEST(SolveTest, MoreOrdersAreNeverWorseThanTheStartAndMostlyOptimal) {
  std::mt19937 random(2);
  int optimal = 0;
  constexpr int kProblems = 600;
  for (int i = 0; i < kProblems; ++i) {
    const Problem problem = RandomProblem(random, 3 + i % 2);
    const Solution solution = Solve(problem, First(problem));
    ASSERT_EQ(solution.cost, CostOf(problem, solution.labels));
    ASSERT_LE(solution.cost, CostOf(problem, First(problem)));
    const std::int64_t best = CostOf(problem, BruteForce(problem));
    ASSERT_GE(solution.cost, best);
    if (solution.cost == best) ++optimal;
  }
  EXPECT_GE(optimal, kProblems * 99 / 100);
}

// As RandomProblem, but what a label means is drawn anew for each tensor: two labels may want the
// same order of one tensor and different ones of another.
Problem WithOrdersOfTheirOwn(Problem problem, std::mt19937& random, int orders) {
  for (Problem::Tensor& tensor : problem.tensors) {
    const auto redraw = [&](Problem::Port& port) {
      for (int& order : port.orders) {
        if (random() % 3 == 0) order = static_cast<int>(random() % static_cast<unsigned>(orders));
      }
    };
    redraw(tensor.producer);
    for (Problem::Port& port : tensor.consumers) redraw(port);
  }
  return problem;
}

TEST(SolveTest, LabelsThatShareOrdersAreMostlySolvedOptimally) {
  std::mt19937 random(5);
  int optimal = 0;
  constexpr int kProblems = 3000;
  for (int i = 0; i < kProblems; ++i) {
    const int orders = 2 + i % 3;
    const Problem problem = WithOrdersOfTheirOwn(RandomProblem(random, orders), random, orders);
    const Solution solution = Solve(problem, First(problem));
    ASSERT_EQ(solution.cost, CostOf(problem, solution.labels));
    if (solution.cost == CostOf(problem, BruteForce(problem))) ++optimal;
  }
  EXPECT_GE(optimal, kProblems * 97 / 100) << optimal;
}

TEST(SolveTest, CopiesAreSharedByTheirReaders) {
  // One maker pinned to order 0; three readers that pay 2 each for order 0. A copy costs 5.
  Problem problem;
  problem.nodes.push_back({{0}});
  Problem::Tensor tensor{{0, {0}}, {}, 5, {}};
  for (int i = 1; i <= 3; ++i) {
    problem.nodes.push_back({{2, 0}});
    tensor.consumers.push_back({i, {0, 1}});
  }
  problem.tensors.push_back(tensor);
  const Solution solution = Solve(problem, First(problem));
  EXPECT_EQ(solution.cost, 5);
  EXPECT_EQ(solution.labels, (Labelling{0, 1, 1, 1}));
}

TEST(SolveTest, AReaderThatSwitchesButWantsTheSameLeavesTheOthersTheirCopy) {
  // Node 0 is pinned to order 0, node 1 reads it in that order under both labels and hands its own
  // order on to nodes 2 and 3, which pay 4 each for order 0 of both. A copy of the first costs 6.
  Problem problem;
  problem.nodes = {{{0}}, {{0, 0}}, {{4, 0}}, {{4, 0}}};
  problem.tensors.push_back({{0, {0}}, {{1, {0, 0}}, {2, {0, 1}}, {3, {0, 1}}}, 6, {}});
  problem.tensors.push_back({{1, {0, 1}}, {{2, {0, 1}}, {3, {0, 1}}}, 100, {}});
  const Solution solution = Solve(problem, First(problem));
  EXPECT_EQ(solution.cost, 6);
  EXPECT_EQ(solution.labels, (Labelling{0, 1, 1, 1}));
}

TEST(SolveTest, EveryOrderOfAProposalHasItsSharedCopy) {
  // Two pairs of readers want two orders that the pinned maker doesn't make, each pair of its own.
  Problem problem;
  problem.nodes = {{{0}}, {{0, 0}}, {{4, 0}}, {{4, 0}}, {{4, 0}}, {{4, 0}}};
  problem.tensors.push_back(
      {{0, {0}}, {{2, {0, 1}}, {3, {0, 1}}, {4, {0, 2}}, {5, {0, 2}}}, 6, {}});
  problem.tensors.push_back(
      {{1, {0, 1}}, {{2, {0, 1}}, {3, {0, 1}}, {4, {0, 1}}, {5, {0, 1}}}, 100, {}});
  const Solution solution = Solve(problem, First(problem));
  EXPECT_EQ(solution.cost, 12);
  EXPECT_EQ(solution.labels, (Labelling{0, 1, 1, 1, 1, 1}));
}

TEST(SolveTest, StepsBoundTheWork) {
  std::mt19937 random(3);
  const Problem problem = RandomProblem(random, 2);
  const Solution solution = Solve(problem, First(problem), {.steps = 1});
  EXPECT_TRUE(solution.bounded);
  EXPECT_LE(solution.cost, CostOf(problem, First(problem)));
}

}  // namespace
}  // namespace smelt::passes::layout
