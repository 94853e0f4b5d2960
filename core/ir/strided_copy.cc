#include "core/ir/strided_copy.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/status.h"

namespace smelt::ir {
namespace {

struct Bits128 {
  std::uint64_t low, high;
};

// A box of a view: whole along every axis, written contiguously.
struct Box {
  const std::int64_t* sizes;
  const std::int64_t* strides;
  int rank;
};

std::int64_t CountOf(const Box& box) {
  std::int64_t count = 1;
  for (int i = 0; i < box.rank; ++i) count *= box.sizes[i];
  return count;
}

template <class T>
const std::byte* At(const std::byte* origin, std::int64_t elements) {
  return origin + elements * static_cast<std::int64_t>(sizeof(T));
}

template <class T>
void CopyRow(const std::byte* from, std::int64_t stride, std::int64_t size, std::byte* out) {
  if (stride == 1) {
    std::memcpy(out, from, static_cast<std::size_t>(size) * sizeof(T));
    return;
  }
  for (std::int64_t i = 0; i < size; ++i) {
    std::memcpy(out + static_cast<std::size_t>(i) * sizeof(T), At<T>(from, i * stride), sizeof(T));
  }
}

// One tile: `height` rows of the output by `width` columns. It goes through small buffers, so that
// source and output are touched a cache line at a time even where their strides share a cache set.
// Sizes known to the compiler make it a handful of vector instructions.
template <class T, std::size_t kSide, bool kFull>
void TransposeTile(const std::byte* from, std::int64_t stride, std::size_t height,
                   std::size_t width, std::byte* out, std::int64_t out_stride) {
  if constexpr (kFull) height = width = kSide;
  std::array<T, kSide * kSide> in_tile;
  std::array<T, kSide * kSide> out_tile;
  for (std::size_t j = 0; j < width; ++j) {
    std::memcpy(&in_tile[j * kSide], At<T>(from, static_cast<std::int64_t>(j) * stride),
                height * sizeof(T));
  }
  for (std::size_t i = 0; i < height; ++i) {
    for (std::size_t j = 0; j < width; ++j) out_tile[i * kSide + j] = in_tile[j * kSide + i];
  }
  for (std::size_t i = 0; i < height; ++i) {
    std::memcpy(out + static_cast<std::int64_t>(i) * out_stride * std::int64_t{sizeof(T)},
                &out_tile[i * kSide], width * sizeof(T));
  }
}

// rows x columns; source unit stride along rows, `stride` along columns; the output's rows are
// `out_stride` elements apart.
template <class T>
void TransposePlane(const std::byte* from, std::int64_t stride, std::int64_t rows,
                    std::int64_t columns, std::byte* out, std::int64_t out_stride) {
  constexpr std::size_t kSide = std::max<std::size_t>(4, 64 / sizeof(T));
  constexpr std::int64_t kTile{kSide};
  // A strip of columns at a time: in a wide matrix every column is on a page of its own, and these
  // are few enough for their translations to stay cached over all the rows.
  constexpr std::int64_t kStrip = std::max<std::int64_t>(kTile, 64);
  for (std::int64_t strip = 0; strip < columns; strip += kStrip) {
    const std::int64_t strip_end = std::min(strip + kStrip, columns);
    for (std::int64_t row = 0; row < rows; row += kTile) {
      const std::int64_t height = std::min(kTile, rows - row);
      for (std::int64_t column = strip; column < strip_end; column += kTile) {
        const std::int64_t width = std::min(kTile, strip_end - column);
        const bool full = height == kTile && width == kTile;
        const auto tile = full ? TransposeTile<T, kSide, true> : TransposeTile<T, kSide, false>;
        tile(At<T>(from, row + column * stride), stride, static_cast<std::size_t>(height),
             static_cast<std::size_t>(width),
             out + (row * out_stride + column) * std::int64_t{sizeof(T)}, out_stride);
      }
    }
  }
}

// The outer axis whose elements lie side by side in the source; -1 when the last axis is that one
// already, or none is.
int ContiguousOuterAxis(const Box& box) {
  const std::int64_t last = box.strides[box.rank - 1];
  if (last == 1 || last == 0) return -1;
  for (int axis = box.rank - 2; axis >= 0; --axis) {
    if (box.strides[axis] == 1 && box.sizes[axis] > 1) return axis;
  }
  return -1;
}

template <class T>
void CopyBox(const Box& box, const std::byte* origin, std::byte* out) {
  const int last = box.rank - 1;
  const int plane_axis = ContiguousOuterAxis(box);
  // Output strides, in elements.
  std::vector<std::int64_t> out_strides(static_cast<std::size_t>(box.rank), 1);
  for (int i = last - 1; i >= 0; --i) {
    out_strides[static_cast<std::size_t>(i)] =
        out_strides[static_cast<std::size_t>(i + 1)] * box.sizes[i + 1];
  }
  std::vector<std::int64_t> index(static_cast<std::size_t>(box.rank), 0);
  std::int64_t source = 0;  // elements
  std::int64_t target = 0;
  while (true) {
    std::byte* to = out + target * std::int64_t{sizeof(T)};
    if (plane_axis >= 0) {
      TransposePlane<T>(At<T>(origin, source), box.strides[last], box.sizes[plane_axis],
                        box.sizes[last], to, out_strides[static_cast<std::size_t>(plane_axis)]);
    } else {
      CopyRow<T>(At<T>(origin, source), box.strides[last], box.sizes[last], to);
    }
    int axis = last - 1;
    for (; axis >= 0; --axis) {
      if (axis == plane_axis) continue;
      const auto i = static_cast<std::size_t>(axis);
      source += box.strides[axis];
      target += out_strides[i];
      if (++index[i] < box.sizes[axis]) break;
      source -= box.strides[axis] * box.sizes[axis];
      target -= out_strides[i] * box.sizes[axis];
      index[i] = 0;
    }
    if (axis < 0) return;
  }
}

// Cuts a range of the row-major order into at most 2 * rank boxes, in order.
template <class T>
std::byte* CopyRange(const Box& box, const std::byte* origin, std::int64_t begin, std::int64_t end,
                     std::byte* out) {
  if (begin == end) return out;
  if (begin == 0 && end == CountOf(box)) {
    CopyBox<T>(box, origin, out);
    return out + end * std::int64_t{sizeof(T)};
  }
  const Box inner{box.sizes + 1, box.strides + 1, box.rank - 1};
  const std::int64_t row = CountOf(inner);
  const std::int64_t first = begin / row;
  const std::int64_t last = end / row;
  const auto at = [&](std::int64_t i) { return At<T>(origin, i * box.strides[0]); };
  if (first == last) {
    return CopyRange<T>(inner, at(first), begin - first * row, end - first * row, out);
  }
  std::int64_t whole = first;
  if (begin != first * row) {
    out = CopyRange<T>(inner, at(first), begin - first * row, row, out);
    ++whole;
  }
  if (whole < last) {
    std::vector<std::int64_t> sizes(box.sizes, box.sizes + box.rank);
    sizes[0] = last - whole;
    const Box middle{sizes.data(), box.strides, box.rank};
    CopyBox<T>(middle, at(whole), out);
    out += CountOf(middle) * std::int64_t{sizeof(T)};
  }
  return end == last * row ? out : CopyRange<T>(inner, at(last), 0, end - last * row, out);
}

}  // namespace

std::vector<std::int64_t> RowMajorStrides(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) {
    if (__builtin_mul_overflow(strides[i], sizes[i], &strides[i - 1])) strides[i - 1] = 0;
  }
  return strides;
}

StridedView Coalesce(const std::vector<std::int64_t>& sizes,
                     const std::vector<std::int64_t>& strides) {
  StridedView view;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 1) continue;
    if (!view.sizes.empty() && view.strides.back() == strides[i] * sizes[i]) {
      view.sizes.back() *= sizes[i];
      view.strides.back() = strides[i];
    } else {
      view.sizes.push_back(sizes[i]);
      view.strides.push_back(strides[i]);
    }
  }
  if (view.sizes.empty()) view = {{1}, {1}};
  return view;
}

void CopyStrided(const StridedView& view, const std::byte* origin, int element_bytes,
                 std::int64_t begin, std::int64_t count, std::byte* out) {
  if (count == 0) return;
  const Box box{view.sizes.data(), view.strides.data(), static_cast<int>(view.sizes.size())};
  const std::int64_t end = begin + count;
  switch (element_bytes) {
    case 1:
      CopyRange<std::uint8_t>(box, origin, begin, end, out);
      return;
    case 2:
      CopyRange<std::uint16_t>(box, origin, begin, end, out);
      return;
    case 4:
      CopyRange<std::uint32_t>(box, origin, begin, end, out);
      return;
    case 8:
      CopyRange<std::uint64_t>(box, origin, begin, end, out);
      return;
    case 16:
      CopyRange<Bits128>(box, origin, begin, end, out);
      return;
    default:
      SMELT_CHECK(false);
  }
}

}  // namespace smelt::ir
