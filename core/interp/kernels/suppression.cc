// NON_MAX_SUPPRESSION_V4: the best boxes that do not overlap each other.
#include <algorithm>
#include <numeric>

#include "core/interp/kernel.h"

namespace smelt::interp {
namespace {

struct Box {
  float top, left, bottom, right;
  explicit Box(const float* at)
      : top(std::min(at[0], at[2])),
        left(std::min(at[1], at[3])),
        bottom(std::max(at[0], at[2])),
        right(std::max(at[1], at[3])) {}
  float area() const { return (bottom - top) * (right - left); }
};

float Overlap(const Box& a, const Box& b) {
  if (a.area() <= 0 || b.area() <= 0) return 0;
  const float height = std::max(std::min(a.bottom, b.bottom) - std::max(a.top, b.top), 0.0F);
  const float width = std::max(std::min(a.right, b.right) - std::max(a.left, b.left), 0.0F);
  const float both = height * width;
  return both / (a.area() + b.area() - both);
}

Status Run(const KernelContext& context) {
  if (context.input(0).dtype() != ir::DType::kF32) {
    return UnsupportedType(context, context.input(0).dtype());
  }
  const auto boxes = context.input(0).values<float>();
  const auto scores = context.input(1).values<float>();
  if (boxes.size() != scores.size() * 4) return {Reason::kShapeMismatch, "not one score a box"};
  const float most_overlap = context.input(3).values<float>()[0];
  const float least_score = context.input(4).values<float>()[0];
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return !(scores[i] > least_score); });
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  const auto selected = context.result(0).mutable_values<std::int32_t>();
  std::vector<Box> kept;
  for (const std::size_t i : order) {
    if (kept.size() == selected.size()) break;
    const Box box(&boxes[4 * i]);
    if (std::ranges::any_of(kept, [&](const Box& k) { return Overlap(k, box) >= most_overlap; })) {
      continue;
    }
    selected[kept.size()] = static_cast<std::int32_t>(i);
    kept.push_back(box);
  }
  context.result(1).mutable_values<std::int32_t>()[0] = static_cast<std::int32_t>(kept.size());
  return {};
}

}  // namespace

std::span<const KernelRow> SuppressionKernels() {
  static constexpr KernelRow kRows[] = {{ir::OpKind::kNonMaxSuppressionV4, &Run}};
  return kRows;
}

}  // namespace smelt::interp
