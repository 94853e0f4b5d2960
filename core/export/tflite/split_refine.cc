// The minimum cuts of RefineCuts.
#include <algorithm>
#include "core/export/tflite/part_size.h"
#include "core/export/tflite/split_search.h"
#include "core/export/tflite/split_sides.h"

namespace smelt::tflite_export {
namespace {

constexpr int kMaxRounds = 4;

// One cut between two neighbouring parts, with its surroundings.
class Border {
 public:
  Border(const SplitGraph& graph, const SplitBudget& budget, std::vector<std::uint32_t>& order,
         std::size_t begin, std::size_t cut, std::size_t end)
      : graph_(graph), budget_(budget), order_(order), begin_(begin), cut_(cut), end_(end) {}

  // The position of the cut afterwards; `order` has changed between begin and end then.
  std::size_t Improve() {
    if (!FindWindow()) return cut_;
    const std::vector<bool> before = CheapestSide();
    if (before.empty()) return cut_;
    std::vector<std::uint32_t> left(At(begin_), At(low_));
    std::vector<std::uint32_t> right;
    for (std::size_t i = low_; i < high_; ++i) {
      (before[i - low_] ? left : right).push_back(order_[i]);
    }
    right.insert(right.end(), At(high_), At(end_));
    std::vector<bool> is_left(graph_.units.size());
    for (const std::uint32_t unit : left) is_left[unit] = true;
    std::vector<bool> was_left(graph_.units.size());
    for (std::size_t i = begin_; i < cut_; ++i) was_left[order_[i]] = true;
    if (left.empty() || right.empty() || Crossing(is_left) >= Crossing(was_left) ||
        SizeOf(graph_, left) > budget_.bytes || SizeOf(graph_, right) > budget_.bytes) {
      return cut_;
    }
    std::ranges::copy(left, At(begin_));
    std::ranges::copy(right, At(begin_) + static_cast<std::ptrdiff_t>(left.size()));
    return begin_ + left.size();
  }

 private:
  std::vector<std::uint32_t>::iterator At(std::size_t position) {
    return order_.begin() + static_cast<std::ptrdiff_t>(position);
  }

  // Wherever the cut is in [low_, high_], both parts fit. False when it has no room to move.
  bool FindWindow() {
    PartSize left(graph_);
    for (std::size_t i = begin_; i < cut_; ++i) left.Add(order_[i]);
    PartSize right(graph_);
    for (std::size_t i = cut_; i < end_; ++i) right.Add(order_[i]);
    if (left.Bytes() > budget_.bytes || right.Bytes() > budget_.bytes) return false;
    for (high_ = cut_; high_ + 1 < end_; ++high_) {
      left.Add(order_[high_]);
      if (left.Bytes() > budget_.bytes) break;
    }
    for (low_ = cut_; low_ > begin_ + 1; --low_) {
      right.Add(order_[low_ - 1]);
      if (right.Bytes() > budget_.bytes) break;
    }
    return high_ > low_;
  }

  // By position in the window: whether it comes before the cut. Empty when the search was given up.
  std::vector<bool> CheapestSide() const {
    std::vector<Side> sides(graph_.units.size(), Side::kBehind);
    for (std::size_t i = 0; i < low_; ++i) sides[order_[i]] = Side::kBefore;
    const std::vector<std::uint32_t> free(order_.begin() + static_cast<std::ptrdiff_t>(low_),
                                          order_.begin() + static_cast<std::ptrdiff_t>(high_));
    return CheapestSides(graph_, sides, free);
  }

  // Of what the two parts make; the rest crosses all the same.
  std::uint64_t Crossing(const std::vector<bool>& is_left) const {
    std::vector<bool> seen(graph_.tensors.size());
    std::uint64_t bytes = 0;
    std::vector<bool> is_earlier(graph_.units.size());
    for (std::size_t i = 0; i < begin_; ++i) is_earlier[order_[i]] = true;
    const auto add = [&](std::uint32_t index) {
      if (seen[index]) return;
      seen[index] = true;
      const SplitGraph::Tensor& tensor = graph_.tensors[index];
      if (tensor.producer < 0) return;
      const auto producer = static_cast<std::size_t>(tensor.producer);
      if (!is_left[producer] && !is_earlier[producer]) return;
      const bool needed = std::ranges::any_of(
          tensor.users, [&](std::uint32_t user) { return !is_left[user] && !is_earlier[user]; });
      if (needed) bytes += tensor.bytes;
    };
    for (std::size_t i = begin_; i < end_; ++i) {
      const SplitGraph::Unit& unit = graph_.units[order_[i]];
      for (const std::uint32_t operand : unit.operands) add(operand);
      for (const std::uint32_t result : unit.results) add(result);
    }
    return bytes;
  }

  const SplitGraph& graph_;
  const SplitBudget& budget_;
  std::vector<std::uint32_t>& order_;
  std::size_t begin_, cut_, end_;
  std::size_t low_ = 0, high_ = 0;
};

}  // namespace

void RefineCuts(const SplitGraph& graph, const std::vector<std::size_t>& fixed_ends,
                const SplitBudget& budget, Cuts& cuts) {
  bool changed = true;
  for (int round = 0; round < kMaxRounds && changed; ++round) {
    changed = false;
    for (std::size_t i = 0; i + 1 < cuts.ends.size(); ++i) {
      if (std::ranges::find(fixed_ends, cuts.ends[i]) != fixed_ends.end()) continue;
      const std::size_t begin = i == 0 ? 0 : cuts.ends[i - 1];
      const std::vector<std::uint32_t> before(
          cuts.order.begin() + static_cast<std::ptrdiff_t>(begin),
          cuts.order.begin() + static_cast<std::ptrdiff_t>(cuts.ends[i + 1]));
      const std::size_t cut =
          Border(graph, budget, cuts.order, begin, cuts.ends[i], cuts.ends[i + 1]).Improve();
      changed = changed || cut != cuts.ends[i] ||
                !std::equal(before.begin(), before.end(),
                            cuts.order.begin() + static_cast<std::ptrdiff_t>(begin));
      cuts.ends[i] = cut;
    }
  }
  const auto crossing = CrossingBytes(graph, cuts.order);
  cuts.crossing_bytes = 0;
  for (const std::size_t end : cuts.ends) cuts.crossing_bytes += crossing[end];
}

}  // namespace smelt::tflite_export
