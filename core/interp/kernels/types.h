// From element types to C++ types: the arithmetic type of each, and calls of templates by DType.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "core/interp/kernel.h"
#include "core/ir/half.h"

namespace smelt::interp {

template <class T>
inline constexpr bool kIsShortFloat =
    std::is_same_v<T, ir::Half> || std::is_same_v<T, ir::BFloat16>;
template <class T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsShortFloat<T>;

// What one operation on T is computed in: f16 and bf16 in f32 (rounding to 16 bits after one
// operation on floats is the right rounding), everything else in itself.
template <class T>
using Compute = std::conditional_t<kIsShortFloat<T>, float, T>;

// What sums over T are accumulated in: double, or 64 bits that wrap.
template <class T>
using Sum = std::conditional_t<kIsFloat<T>, double, std::uint64_t>;

// The value of an element for computing in C.
template <class C, class T>
C Load(T element) {
  return static_cast<C>(element);
}

// `value` rounded once to T; integers wrap.
template <class T, class C>
T Store(C value) {
  if constexpr (kIsShortFloat<T>) {
    return T::From(value);
  } else {
    return static_cast<T>(value);
  }
}

template <class T>
struct TypeTag {
  using type = T;
};

// Calls f(TypeTag<T>()) for a float element type; kUnsupportedType for others.
template <class F>
Status VisitFloats(const KernelContext& context, ir::DType dtype, F&& f) {
  if (dtype == ir::DType::kF32) return f(TypeTag<float>());
  if (dtype == ir::DType::kF16) return f(TypeTag<ir::Half>());
  if (dtype == ir::DType::kBF16) return f(TypeTag<ir::BFloat16>());
  if (dtype == ir::DType::kF64) return f(TypeTag<double>());
  return UnsupportedType(context, dtype);
}

template <class F>
Status VisitIntegers(const KernelContext& context, ir::DType dtype, F&& f) {
  if (dtype == ir::DType::kI8) return f(TypeTag<std::int8_t>());
  if (dtype == ir::DType::kI16) return f(TypeTag<std::int16_t>());
  if (dtype == ir::DType::kI32) return f(TypeTag<std::int32_t>());
  if (dtype == ir::DType::kI64) return f(TypeTag<std::int64_t>());
  if (dtype == ir::DType::kU8) return f(TypeTag<std::uint8_t>());
  if (dtype == ir::DType::kU16) return f(TypeTag<std::uint16_t>());
  if (dtype == ir::DType::kU32) return f(TypeTag<std::uint32_t>());
  if (dtype == ir::DType::kU64) return f(TypeTag<std::uint64_t>());
  return UnsupportedType(context, dtype);
}

// Floats and integers.
template <class F>
Status VisitNumbers(const KernelContext& context, ir::DType dtype, F&& f) {
  return ir::IsFloat(dtype) ? VisitFloats(context, dtype, std::forward<F>(f))
                            : VisitIntegers(context, dtype, std::forward<F>(f));
}

// Calls f(TypeTag<U>()) with an unsigned type of the element's width, for kernels that only move.
template <class F>
Status VisitWidths(const KernelContext& context, ir::DType dtype, F&& f) {
  const int bits = ir::ElementBits(dtype);
  if (bits == 8) return f(TypeTag<std::uint8_t>());
  if (bits == 16) return f(TypeTag<std::uint16_t>());
  if (bits == 32) return f(TypeTag<std::uint32_t>());
  if (bits == 64) return f(TypeTag<std::uint64_t>());
  if (bits == 128) return f(TypeTag<std::pair<std::uint64_t, std::uint64_t>>());
  return UnsupportedType(context, dtype);
}

}  // namespace smelt::interp
