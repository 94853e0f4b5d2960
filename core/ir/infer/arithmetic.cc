#include <algorithm>

#include "core/ir/infer.h"

namespace smelt::ir::infer {
namespace {

bool AnyUnknown(Dim a, Dim b) { return a.is_unknown() || b.is_unknown(); }

}  // namespace

Dim Add(SymbolTable& symbols, Dim a, Dim b) {
  return AnyUnknown(a, b) ? Dim::Unknown() : symbols.Add(a, b);
}
Dim Sub(SymbolTable& symbols, Dim a, Dim b) {
  return AnyUnknown(a, b) ? Dim::Unknown() : symbols.Sub(a, b);
}
Dim Mul(SymbolTable& symbols, Dim a, Dim b) {
  if (a == Dim(0) || b == Dim(0)) return 0;
  return AnyUnknown(a, b) ? Dim::Unknown() : symbols.Mul(a, b);
}
Dim Min(SymbolTable& symbols, Dim a, Dim b) {
  return AnyUnknown(a, b) ? Dim::Unknown() : symbols.Min(a, b);
}
Dim Max(SymbolTable& symbols, Dim a, Dim b) {
  return AnyUnknown(a, b) ? Dim::Unknown() : symbols.Max(a, b);
}
Dim FloorDiv(SymbolTable& symbols, Dim a, Dim b) {
  return AnyUnknown(a, b) || b == Dim(0) ? Dim::Unknown() : symbols.FloorDiv(a, b);
}
Dim CeilDiv(SymbolTable& symbols, Dim a, Dim b) {
  return AnyUnknown(a, b) || b == Dim(0) ? Dim::Unknown() : symbols.CeilDiv(a, b);
}

Dim Product(SymbolTable& symbols, std::span<const Dim> dims) {
  if (std::find(dims.begin(), dims.end(), Dim(0)) != dims.end()) return 0;
  Dim product = 1;
  for (const Dim dim : dims) product = Mul(symbols, product, dim);
  return product;
}

Result<Dim> BroadcastDim(SymbolTable& symbols, Dim a, Dim b) {
  if (a == b || b == Dim(1)) return a;
  if (a == Dim(1)) return b;
  if (a.is_static() && b.is_static()) {
    return {Reason::kShapeMismatch, "sizes " + std::to_string(a.value()) + " and " +
                                        std::to_string(b.value()) + " don't broadcast"};
  }
  // The other side must be 1 or the same at run time.
  if (a.is_static()) return a;
  if (b.is_static()) return b;
  return Max(symbols, a, b);
}

Result<Shape> BroadcastShapes(SymbolTable& symbols, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape result;
  for (int axis = 0; axis < rank; ++axis) {
    const int in_a = axis - (rank - a.rank());
    const int in_b = axis - (rank - b.rank());
    SMELT_ASSIGN_OR_RETURN(Dim dim, BroadcastDim(symbols, in_a < 0 ? Dim(1) : a.dim(in_a),
                                                 in_b < 0 ? Dim(1) : b.dim(in_b)));
    result.push_back(dim);
  }
  return result;
}

Result<Dim> SameDim(Dim a, Dim b) {
  if (a.is_static() && b.is_static() && a != b) {
    return {Reason::kShapeMismatch, "sizes " + std::to_string(a.value()) + " and " +
                                        std::to_string(b.value()) + " must be equal"};
  }
  if (a.is_static()) return a;
  if (b.is_static() || a.is_unknown()) return b;
  return a;
}

Dim WindowPositions(SymbolTable& symbols, Dim input, Dim filter, std::int64_t stride,
                    std::int64_t dilation, bool same) {
  if (same) return CeilDiv(symbols, input, stride);
  const Dim extent = Add(symbols, Mul(symbols, Sub(symbols, filter, 1), dilation), 1);
  const Dim positions = Add(symbols, FloorDiv(symbols, Sub(symbols, input, extent), stride), 1);
  return positions.is_static() && positions.value() < 0 ? Dim(0) : positions;
}

Dim SliceSize(SymbolTable& symbols, Dim size, std::optional<std::int64_t> begin,
              std::optional<std::int64_t> end, std::int64_t stride) {
  if (size.is_static()) {
    const std::int64_t n = size.value();
    const std::int64_t low = stride > 0 ? 0 : -1;
    const std::int64_t high = stride > 0 ? n : n - 1;
    const auto clamp = [&](std::int64_t at) { return std::clamp(at < 0 ? at + n : at, low, high); };
    const std::int64_t first = begin ? clamp(*begin) : (stride > 0 ? low : high);
    const std::int64_t last = end ? clamp(*end) : (stride > 0 ? high : low);
    const std::int64_t span = stride > 0 ? last - first : first - last;
    const std::int64_t step = stride > 0 ? stride : -stride;
    return span <= 0 ? 0 : (span - 1) / step + 1;
  }
  if (stride < 0) {
    const bool whole = (!begin || *begin == -1) && !end;
    return whole ? CeilDiv(symbols, size, -stride) : Dim::Unknown();
  }
  // Ends that every real size passes mean "to the last element".
  constexpr std::int64_t kEnd = INT32_MAX;
  Dim last = size;
  if (end && *end < 0) last = Max(symbols, Add(symbols, size, *end), 0);
  if (end && *end >= 0 && *end < kEnd) last = Min(symbols, size, *end);
  Dim span = last;
  if (begin && *begin > 0) span = Max(symbols, Sub(symbols, last, *begin), 0);
  if (begin && *begin < 0) {
    span = last == size
               ? Min(symbols, size, -*begin)
               : Max(symbols, Sub(symbols, last, Max(symbols, Add(symbols, size, *begin), 0)), 0);
  }
  return CeilDiv(symbols, span, stride);
}

Result<std::vector<int>> NormalizeAxes(std::span<const std::int64_t> axes, int rank) {
  std::vector<int> result;
  for (const std::int64_t axis : axes) {
    const std::optional<int> index = NormalizeAxis(axis, rank);
    if (!index) {
      return {Reason::kShapeMismatch,
              "axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank)};
    }
    result.push_back(*index);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace smelt::ir::infer
