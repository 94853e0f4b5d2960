#include "core/passes/layout/store.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace smelt::passes::layout {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// The axes in `order`, each in one piece, those of size 1 where they were; nothing when the order
// tears an axis apart. `permutation` is that of a TRANSPOSE.
std::optional<std::vector<Axis>> Reordered(const std::vector<Axis>& axes, const Order& order,
                                           std::vector<int>* permutation) {
  permutation->assign(axes.size(), -1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].empty()) (*permutation)[i] = static_cast<int>(i);
  }
  std::size_t at = 0;
  std::size_t place = 0;
  while (at < order.size()) {
    const auto found = std::ranges::find_if(
        axes, [&](const Axis& axis) { return !axis.empty() && axis.front() == order[at]; });
    if (found == axes.end() || at + found->size() > order.size() ||
        !std::equal(found->begin(), found->end(),
                    order.begin() + static_cast<std::ptrdiff_t>(at))) {
      return std::nullopt;
    }
    while ((*permutation)[place] >= 0) ++place;
    (*permutation)[place] = static_cast<int>(found - axes.begin());
    at += found->size();
  }
  std::vector<Axis> result;
  for (const int axis : *permutation) result.push_back(axes[At(axis)]);
  return result;
}

// The pieces in as few axes as both orders allow.
std::vector<Axis> CommonRuns(const Order& before, const Order& after) {
  std::map<Atom, std::size_t> place;
  for (std::size_t i = 0; i < after.size(); ++i) place[after[i]] = i;
  std::vector<Axis> runs;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool goes_on = i > 0 && place[before[i]] == place[before[i - 1]] + 1;
    if (!goes_on) runs.emplace_back();
    runs.back().push_back(before[i]);
  }
  return runs;
}

// How many axes a TRANSPOSE needs from `before` to `after`, both orders of the same numbers.
std::size_t RankBetween(const std::vector<int>& before, const std::vector<int>& after) {
  std::size_t rank = 1;
  for (std::size_t i = 1; i < after.size(); ++i) {
    const auto place = std::ranges::find(before, after[i - 1]);
    if (place + 1 == before.end() || *(place + 1) != after[i]) ++rank;
  }
  return rank;
}

// An order on the way where one TRANSPOSE has more axes than fast kernels take: a neighbouring pair
// of runs of axes changes places first. Nothing where that is no help, or none is needed.
std::optional<Order> HalfWay(const Order& before, const Order& after) {
  constexpr std::size_t kFastRank = 6;
  const std::vector<Axis> runs = CommonRuns(before, after);
  if (runs.size() <= kFastRank) return std::nullopt;
  std::vector<int> start(runs.size());
  std::iota(start.begin(), start.end(), 0);
  std::vector<int> end = start;
  std::ranges::sort(end, {}, [&](int run) {
    return std::ranges::find(after, runs[At(run)].front()) - after.begin();
  });
  std::vector<int> best;
  std::size_t best_rank = runs.size() - 1;
  std::ptrdiff_t best_tail = -1;  // what stays at the end is copied in longer pieces
  const auto count = static_cast<std::ptrdiff_t>(runs.size());
  for (std::ptrdiff_t a = 0; a < count; ++a) {
    for (std::ptrdiff_t b = a + 1; b < count; ++b) {
      for (std::ptrdiff_t c = b + 1; c <= count; ++c) {
        std::vector<int> middle = start;
        std::rotate(middle.begin() + a, middle.begin() + b, middle.begin() + c);
        const std::size_t rank = std::max(RankBetween(start, middle), RankBetween(middle, end));
        const std::ptrdiff_t tail = count - c;
        if (rank > best_rank || (rank == best_rank && tail <= best_tail)) continue;
        best_rank = rank;
        best_tail = tail;
        best = std::move(middle);
      }
    }
  }
  if (best.empty()) return std::nullopt;
  Order order;
  for (const int run : best) order.insert(order.end(), runs[At(run)].begin(), runs[At(run)].end());
  return order;
}

}  // namespace

Order Flat(const std::vector<Axis>& axes) {
  Order order;
  for (const Axis& axis : axes) order.insert(order.end(), axis.begin(), axis.end());
  return order;
}

ir::ValueId CopyOf(ir::Builder& builder, ir::ValueId value) {
  const ir::TensorType type = builder.type(value);
  const auto sizes = type.shape.ElementCount();
  ir::ValueId shape;
  if (sizes) {
    std::vector<std::int32_t> dims;
    for (const std::int64_t size : type.shape.Sizes()) {
      dims.push_back(static_cast<std::int32_t>(size));
    }
    shape = builder.ConstI32(dims);
  } else {
    shape = builder.Emit(ir::OpKind::kShape, {value}, {{"out_type", std::string("i32")}});
  }
  const ir::ValueId operands[] = {value, shape};
  return builder.EmitTyped(ir::OpKind::kReshape, operands, {}, type);
}

ir::Shape Store::ShapeOf(const std::vector<Axis>& axes) {
  ir::Shape shape;
  for (const Axis& axis : axes) shape.push_back(atoms_.SizeOf(axis));
  return shape;
}

void Store::Made(int tensor, Order order, ir::ValueId value, std::vector<Axis> axes) {
  stored_[At(tensor)].push_back({std::move(order), value, std::move(axes)});
}

std::vector<Axis> Store::NaturalAxes(int tensor, const Order& order) const {
  const Tensor& t = stored_[At(tensor)];
  if (const auto found = std::ranges::find(t, order, &Stored::order); found != t.end()) {
    return found->axes;
  }
  std::vector<int> permutation;
  if (auto axes = Reordered(made(tensor).axes, order, &permutation)) return *std::move(axes);
  std::vector<Axis> runs = CommonRuns(t.front().order, order);
  return *Reordered(runs, order, &permutation);
}

ir::ValueId Store::Transposed(ir::Builder& builder, const Stored& from, const Order& order,
                              std::vector<Axis>* axes) {
  std::vector<int> permutation;
  ir::ValueId value = from.value;
  auto reordered = Reordered(from.axes, order, &permutation);
  if (!reordered) {
    const std::vector<Axis> runs = CommonRuns(Flat(from.axes), order);
    value = builder.Reshape(value, ShapeOf(runs));
    reordered = Reordered(runs, order, &permutation);
  }
  *axes = *std::move(reordered);
  return builder.Transpose(value, permutation);
}

Result<ir::ValueId> Store::Get(int tensor, const Order& order, const std::vector<Axis>& axes,
                               ir::OriginId origin, ir::OpId before, std::size_t reader) {
  ir::Builder builder(module_, graph_id_, origin, before);
  Tensor& t = stored_[At(tensor)];
  const auto copy_from = [&](const Stored& from, const Order& to) {
    std::vector<Axis> natural;
    const ir::ValueId copy = Transposed(builder, from, to, &natural);
    if (!builder.status().ok()) return;
    copies_.push_back({builder.graph().value(copy).producer, tensor, reader});
    t.push_back({to, copy, std::move(natural)});
  };
  if (std::ranges::find(t, order, &Stored::order) == t.end()) {
    Stored from = t.front();
    if (const auto half_way = HalfWay(from.order, order)) {
      if (std::ranges::find(t, *half_way, &Stored::order) == t.end()) copy_from(from, *half_way);
      SMELT_RETURN_IF_ERROR(builder.status());
      from = *std::ranges::find(t, *half_way, &Stored::order);
    }
    copy_from(from, order);
    SMELT_RETURN_IF_ERROR(builder.status());
  }
  for (const Stored& one : t) {
    if (one.order == order && one.axes == axes) return one.value;
  }
  const Stored& first = *std::ranges::find(t, order, &Stored::order);
  const ir::ValueId reshaped = builder.Reshape(first.value, ShapeOf(axes));
  SMELT_RETURN_IF_ERROR(builder.status());
  t.push_back({order, reshaped, axes});
  return reshaped;
}

}  // namespace smelt::passes::layout
