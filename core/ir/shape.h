// Dimensions and shapes. A dimension is a static size or an interned symbolic expression; what a
// symbol means is in the module's SymbolTable. Value types, cheap to copy.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/ir/dtype.h"

namespace smelt::ir {

// A size or a symbolic expression. In a shape a static Dim is never negative; as an integer known
// at import (the -1 of a Reshape target, an element of shape arithmetic) it may be.
class Dim {
 public:
  // Static values lie in [kMinStatic, 2^63 - 1].
  static constexpr std::int64_t kMinStatic = INT64_MIN / 2;

  constexpr Dim() = default;                        // static 0
  constexpr Dim(std::int64_t size) : raw_(size) {}  // NOLINT: a size is a dimension
  static constexpr Dim Symbol(std::uint32_t id) {
    return Dim(Raw{}, INT64_MIN + 1 + std::int64_t{id});
  }
  // Only as an answer of shape inference: "can't be told from what is known". Never stored.
  static constexpr Dim Unknown() { return Dim(Raw{}, INT64_MIN); }

  constexpr bool is_static() const { return raw_ >= kMinStatic; }
  constexpr bool is_symbol() const { return raw_ < kMinStatic && raw_ != INT64_MIN; }
  constexpr bool is_unknown() const { return raw_ == INT64_MIN; }
  constexpr std::int64_t value() const { return raw_; }  // requires is_static()
  constexpr std::uint32_t symbol() const {
    return static_cast<std::uint32_t>(raw_ - INT64_MIN - 1);
  }

  friend constexpr bool operator==(Dim, Dim) = default;

 private:
  struct Raw {};
  constexpr Dim(Raw, std::int64_t raw) : raw_(raw) {}
  std::int64_t raw_ = 0;
};

using Dims = absl::InlinedVector<Dim, 4>;

class Shape {
 public:
  Shape() = default;  // rank 0
  Shape(std::initializer_list<Dim> dims) : dims_(dims) {}
  explicit Shape(Dims dims) : dims_(std::move(dims)) {}
  static Shape Of(std::span<const std::int64_t> sizes);

  int rank() const { return static_cast<int>(dims_.size()); }
  // Unknown for an axis that the shape does not have: the checks of a node all run, also when its
  // rank is what is wrong with it.
  Dim dim(int axis) const {
    const auto index = static_cast<std::size_t>(axis);
    return index < dims_.size() ? dims_[index] : Dim::Unknown();
  }
  Dim& dim(int axis) {
    const auto index = static_cast<std::size_t>(axis);
    SMELT_CHECK(index < dims_.size());
    return dims_[index];
  }
  const Dims& dims() const { return dims_; }
  Dims& dims() { return dims_; }
  auto begin() const { return dims_.begin(); }
  auto end() const { return dims_.end(); }
  void push_back(Dim dim) { dims_.push_back(dim); }

  bool IsStatic() const;
  // Product of the sizes; nothing when a dimension is not static or the product exceeds 2^63 - 1.
  std::optional<std::int64_t> ElementCount() const;
  // Requires IsStatic().
  std::vector<std::int64_t> Sizes() const;

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  Dims dims_;
};

struct TensorType {
  DType dtype = DType::kF32;
  Shape shape;
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

// True when one tensor may have both types. Unequal symbols may be equal numbers at run time, so
// only element types, ranks and static sizes can contradict each other.
bool MayAgree(const TensorType& a, const TensorType& b);

// `axis` counted from the end when negative, as 0..rank-1; nothing when out of range.
std::optional<int> NormalizeAxis(std::int64_t axis, int rank);

}  // namespace smelt::ir
