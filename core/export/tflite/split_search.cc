#include "core/export/tflite/split_search.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>
#include <utility>

#include "core/export/tflite/part_size.h"

namespace smelt::tflite_export {
namespace {

// What the first positions cost: crossing bytes, then parts.
struct Cost {
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
  std::size_t parts = 0;
  bool known() const { return bytes != std::numeric_limits<std::uint64_t>::max(); }
  friend auto operator<=>(const Cost&, const Cost&) = default;
};

// For each position the first one from which a part may reach it: parts that begin later fit, too.
std::vector<std::size_t> FirstStarts(const SplitGraph& graph,
                                     const std::vector<std::uint32_t>& order,
                                     const std::vector<std::size_t>& fixed_ends,
                                     const SplitBudget& budget) {
  std::vector<std::size_t> starts(order.size() + 1, 0);
  PartSize window(graph);
  std::size_t begin = 0;
  std::size_t segment = 0;
  for (std::size_t end = 1; end <= order.size(); ++end) {
    if (segment < fixed_ends.size() && end > fixed_ends[segment]) {
      for (; begin < fixed_ends[segment]; ++begin) window.Remove(order[begin]);
      ++segment;
    }
    window.Add(order[end - 1]);
    while (begin < end && window.Bytes() > budget.bytes) window.Remove(order[begin++]);
    starts[end] = begin;
    if (begin == end) starts[end] = end - 1;
  }
  return starts;
}

// One round of the search: the best way to reach each position with one part more than in `before`;
// with `before` and `after` the same, with any number.
void Extend(const std::vector<std::size_t>& starts, const std::vector<std::uint64_t>& crossing,
            const std::vector<Cost>& before, std::vector<Cost>& after,
            std::vector<std::uint32_t>& from) {
  std::deque<std::size_t> best;  // candidates for a part's start, cheapest first
  std::size_t offered = 0;
  for (std::size_t end = 1; end < starts.size(); ++end) {
    for (; offered < end; ++offered) {
      if (!before[offered].known()) continue;
      while (!best.empty() && before[offered] <= before[best.back()]) best.pop_back();
      best.push_back(offered);
    }
    while (!best.empty() && best.front() < starts[end]) best.pop_front();
    if (best.empty()) continue;
    const Cost& start = before[best.front()];
    after[end] = {start.bytes + crossing[end], start.parts + 1};
    from[end] = static_cast<std::uint32_t>(best.front());
  }
}

}  // namespace

std::vector<std::uint64_t> CrossingBytes(const SplitGraph& graph,
                                         const std::vector<std::uint32_t>& order) {
  std::vector<std::size_t> position(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) position[order[i]] = i;
  std::vector<std::uint64_t> change(order.size() + 2);
  for (const SplitGraph::Tensor& tensor : graph.tensors) {
    if (tensor.producer < 0 || tensor.users.empty()) continue;
    std::size_t last = 0;
    for (const std::uint32_t user : tensor.users) last = std::max(last, position[user]);
    change[position[static_cast<std::size_t>(tensor.producer)] + 1] += tensor.bytes;
    change[last + 1] -= tensor.bytes;  // wraps, and back in the sums
  }
  std::vector<std::uint64_t> crossing(order.size() + 1);
  std::partial_sum(change.begin(), change.end() - 1, crossing.begin());
  return crossing;
}

std::vector<std::uint32_t> ProgramOrder(const SplitGraph& graph) {
  std::vector<std::uint32_t> order(graph.units.size());
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

std::vector<std::uint32_t> DepthFirstOrder(const SplitGraph& graph) {
  std::vector<std::uint32_t> order;
  std::vector<bool> seen(graph.units.size());
  std::vector<std::pair<std::uint32_t, std::size_t>> path;  // unit, next operand
  const auto visit = [&](std::uint32_t unit) {
    if (seen[unit]) return;
    seen[unit] = true;
    path.emplace_back(unit, 0);
  };
  for (std::uint32_t root = 0; root < graph.units.size(); ++root) {
    const auto& results = graph.units[root].results;
    const bool is_end = std::ranges::all_of(
        results, [&](std::uint32_t i) { return graph.tensors[i].users.empty(); });
    if (!is_end) continue;
    visit(root);
    while (!path.empty()) {
      auto& [unit, next] = path.back();
      const auto& operands = graph.units[unit].operands;
      if (next == operands.size()) {
        order.push_back(unit);
        path.pop_back();
        continue;
      }
      const std::int32_t producer = graph.tensors[operands[next++]].producer;
      if (producer >= 0) visit(static_cast<std::uint32_t>(producer));
    }
  }
  return order;
}

Cuts GreedyCuts(const SplitGraph& graph, const std::vector<std::uint32_t>& order,
                const std::vector<std::size_t>& fixed_ends, const SplitBudget& budget) {
  Cuts cuts{order, {}, 0};
  PartSize size(graph);
  std::size_t begin = 0;
  std::size_t segment = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    size.Add(order[i]);
    const bool fixed = segment < fixed_ends.size() && i == fixed_ends[segment];
    if (fixed) ++segment;
    // As many operators are left as parts are still to come.
    const std::size_t made = cuts.ends.size() + 1;
    const bool forced = fixed || (budget.parts > made && order.size() - i == budget.parts - made);
    if (i == begin || (!forced && size.Bytes() <= budget.bytes)) continue;
    cuts.ends.push_back(i);
    for (; begin < i; ++begin) size.Remove(order[begin]);
  }
  cuts.ends.push_back(order.size());
  const auto crossing = CrossingBytes(graph, order);
  for (const std::size_t end : cuts.ends) cuts.crossing_bytes += crossing[end];
  return cuts;
}

Cuts CheapestCuts(const SplitGraph& graph, const std::vector<std::uint32_t>& order,
                  const std::vector<std::size_t>& fixed_ends, const SplitBudget& budget,
                  const CancelToken& cancel) {
  const auto starts = FirstStarts(graph, order, fixed_ends, budget);
  const auto crossing = CrossingBytes(graph, order);
  const std::size_t size = order.size();
  std::vector<std::vector<std::uint32_t>> from;
  std::vector<Cost> costs(size + 1);
  costs[0] = {0, 0};
  if (budget.parts == 0) {
    from.assign(1, std::vector<std::uint32_t>(size + 1));
    Extend(starts, crossing, costs, costs, from[0]);
  }
  for (std::size_t part = 0; part < budget.parts; ++part) {
    if (cancel.cancelled()) return {order, {}, 0};
    std::vector<Cost> next(size + 1);
    Extend(starts, crossing, costs, next, from.emplace_back(size + 1));
    costs = std::move(next);
  }
  Cuts cuts{order, {}, costs[size].bytes};
  if (!costs[size].known()) return cuts;
  if (budget.parts == 0) {
    for (std::size_t at = size; at > 0; at = from[0][at]) cuts.ends.push_back(at);
  } else {
    std::size_t at = size;
    for (std::size_t part = budget.parts; part > 0; at = from[--part][at]) cuts.ends.push_back(at);
  }
  std::ranges::reverse(cuts.ends);
  return cuts;
}

}  // namespace smelt::tflite_export
