// The minimum cuts of RefineCuts.
#include <algorithm>
#include <utility>

#include "core/export/tflite/part_size.h"
#include "core/export/tflite/split_search.h"
#include "core/export/tflite/split_sides.h"

namespace smelt::tflite_export {
namespace {

constexpr int kMaxRounds = 4;

// What all borders of a graph write on, so that each costs what its two parts have operators.
struct Sheet {
  explicit Sheet(const SplitGraph& graph)
      : sides(graph.units.size(), Side::kBehind),
        seen(graph.tensors.size()),
        left(graph),
        right(graph) {}

  std::vector<Side> sides;          // by unit; between borders: before the part at the left
  std::vector<std::uint32_t> seen;  // by tensor: the last count of crossing bytes that met it
  std::uint32_t counts = 0;
  PartSize left, right;  // between borders: empty
};

// One cut between two neighbouring parts, with its surroundings.
class Border {
 public:
  Border(const SplitGraph& graph, const SplitBudget& budget, std::vector<std::uint32_t>& order,
         std::size_t begin, std::size_t cut, std::size_t end, Sheet& sheet)
      : graph_(graph),
        budget_(budget),
        order_(order),
        begin_(begin),
        cut_(cut),
        end_(end),
        sheet_(sheet) {}

  // The position of the cut afterwards; `order` has changed between begin and end then.
  std::size_t Improve() {
    if (!FindWindow()) return cut_;
    SetSides(begin_, low_, Side::kBefore);
    const std::vector<std::uint32_t> free(At(low_), At(high_));
    const std::vector<bool> before = CheapestSides(graph_, sheet_.sides, free);
    SetSides(begin_, low_, Side::kBehind);
    if (before.empty()) return cut_;
    std::vector<std::uint32_t> left(At(begin_), At(low_));
    std::vector<std::uint32_t> right;
    for (std::size_t i = 0; i < free.size(); ++i) (before[i] ? left : right).push_back(free[i]);
    right.insert(right.end(), At(high_), At(end_));
    const std::vector<std::uint32_t> was_left(At(begin_), At(cut_));
    if (left.empty() || right.empty() || Crossing(left) >= Crossing(was_left) ||
        BytesOf(left) > budget_.bytes || BytesOf(right) > budget_.bytes) {
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

  void SetSides(std::size_t begin, std::size_t end, Side side) {
    for (std::size_t i = begin; i < end; ++i) sheet_.sides[order_[i]] = side;
  }

  // Wherever the cut is in [low_, high_], both parts fit. False when it has no room to move.
  bool FindWindow() {
    PartSize& left = sheet_.left;
    PartSize& right = sheet_.right;
    std::size_t left_end = begin_;   // what was added: from begin_
    std::size_t right_begin = end_;  // and up to end_
    while (left_end < cut_) left.Add(order_[left_end++]);
    while (right_begin > cut_) right.Add(order_[--right_begin]);
    const bool fits = left.Bytes() <= budget_.bytes && right.Bytes() <= budget_.bytes;
    low_ = high_ = cut_;
    while (fits && high_ + 1 < end_) {
      left.Add(order_[left_end++]);
      if (left.Bytes() > budget_.bytes) break;
      ++high_;
    }
    while (fits && low_ > begin_ + 1) {
      right.Add(order_[--right_begin]);
      if (right.Bytes() > budget_.bytes) break;
      --low_;
    }
    while (left_end > begin_) left.Remove(order_[--left_end]);
    while (right_begin < end_) right.Remove(order_[right_begin++]);
    return high_ > low_;
  }

  std::uint64_t BytesOf(const std::vector<std::uint32_t>& units) {
    for (const std::uint32_t unit : units) sheet_.left.Add(unit);
    const std::uint64_t bytes = sheet_.left.Bytes();
    for (const std::uint32_t unit : units) sheet_.left.Remove(unit);
    return bytes;
  }

  // Of what the two parts make or take; the rest crosses all the same.
  std::uint64_t Crossing(const std::vector<std::uint32_t>& left) {
    for (const std::uint32_t unit : left) sheet_.sides[unit] = Side::kBefore;
    ++sheet_.counts;
    std::uint64_t bytes = 0;
    const auto is_behind = [&](std::uint32_t unit) { return sheet_.sides[unit] == Side::kBehind; };
    const auto add = [&](std::uint32_t index) {
      if (std::exchange(sheet_.seen[index], sheet_.counts) == sheet_.counts) return;
      const SplitGraph::Tensor& tensor = graph_.tensors[index];
      if (tensor.producer < 0 || is_behind(static_cast<std::uint32_t>(tensor.producer))) return;
      if (std::ranges::any_of(tensor.users, is_behind)) bytes += tensor.bytes;
    };
    for (std::size_t i = begin_; i < end_; ++i) {
      const SplitGraph::Unit& unit = graph_.units[order_[i]];
      for (const std::uint32_t operand : unit.operands) add(operand);
      for (const std::uint32_t result : unit.results) add(result);
    }
    for (const std::uint32_t unit : left) sheet_.sides[unit] = Side::kBehind;
    return bytes;
  }

  const SplitGraph& graph_;
  const SplitBudget& budget_;
  std::vector<std::uint32_t>& order_;
  std::size_t begin_, cut_, end_;
  std::size_t low_ = 0, high_ = 0;
  Sheet& sheet_;
};

}  // namespace

void RefineCuts(const SplitGraph& graph, const std::vector<std::size_t>& fixed_ends,
                const SplitBudget& budget, const CancelToken& cancel, Cuts& cuts) {
  Sheet sheet(graph);
  bool changed = true;
  for (int round = 0; round < kMaxRounds && changed; ++round) {
    changed = false;
    std::ranges::fill(sheet.sides, Side::kBehind);
    std::size_t begin = 0;
    for (std::size_t i = 0; i + 1 < cuts.ends.size(); ++i) {
      if (cancel.cancelled()) break;
      if (std::ranges::find(fixed_ends, cuts.ends[i]) == fixed_ends.end()) {
        const auto first = cuts.order.begin() + static_cast<std::ptrdiff_t>(begin);
        const std::vector<std::uint32_t> before(
            first, cuts.order.begin() + static_cast<std::ptrdiff_t>(cuts.ends[i + 1]));
        const std::size_t cut =
            Border(graph, budget, cuts.order, begin, cuts.ends[i], cuts.ends[i + 1], sheet)
                .Improve();
        changed =
            changed || cut != cuts.ends[i] || !std::equal(before.begin(), before.end(), first);
        cuts.ends[i] = cut;
      }
      for (; begin < cuts.ends[i]; ++begin) sheet.sides[cuts.order[begin]] = Side::kBefore;
    }
  }
  const auto crossing = CrossingBytes(graph, cuts.order);
  cuts.crossing_bytes = 0;
  for (const std::size_t end : cuts.ends) cuts.crossing_bytes += crossing[end];
}

}  // namespace smelt::tflite_export
