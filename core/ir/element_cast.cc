#include "core/ir/element_cast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/base/status.h"
#include "core/ir/half.h"

namespace smelt::ir {
namespace {

// An integer of fewer bits than a byte, sign- or zero-extended to one.
template <int kBits, bool kSigned>
struct Small {
  std::int8_t value = 0;
};

template <class T>
inline constexpr bool kIsFloat =
    std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool kIsSmall = false;
template <int kBits, bool kSigned>
inline constexpr bool kIsSmall<Small<kBits, kSigned>> = true;

// Calls `f` with a null T* for the element type; false for a type without arithmetic.
template <class F>
bool WithType(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kF32:
      f(static_cast<float*>(nullptr));
      return true;
    case DType::kF64:
      f(static_cast<double*>(nullptr));
      return true;
    case DType::kF16:
      f(static_cast<Half*>(nullptr));
      return true;
    case DType::kBF16:
      f(static_cast<BFloat16*>(nullptr));
      return true;
    case DType::kI8:
      f(static_cast<std::int8_t*>(nullptr));
      return true;
    case DType::kI16:
      f(static_cast<std::int16_t*>(nullptr));
      return true;
    case DType::kI32:
      f(static_cast<std::int32_t*>(nullptr));
      return true;
    case DType::kI64:
      f(static_cast<std::int64_t*>(nullptr));
      return true;
    case DType::kU8:
      f(static_cast<std::uint8_t*>(nullptr));
      return true;
    case DType::kU16:
      f(static_cast<std::uint16_t*>(nullptr));
      return true;
    case DType::kU32:
      f(static_cast<std::uint32_t*>(nullptr));
      return true;
    case DType::kU64:
      f(static_cast<std::uint64_t*>(nullptr));
      return true;
    case DType::kBool:
      f(static_cast<bool*>(nullptr));
      return true;
    case DType::kI4:
      f(static_cast<Small<4, true>*>(nullptr));
      return true;
    case DType::kU4:
      f(static_cast<Small<4, false>*>(nullptr));
      return true;
    case DType::kI2:
      f(static_cast<Small<2, true>*>(nullptr));
      return true;
    case DType::kString:
    case DType::kC64:
    case DType::kC128:
    case DType::kResource:
    case DType::kVariant:
    case DType::kF8E4M3FN:
    case DType::kF8E5M2:
      return false;
  }
  return false;
}

// The arithmetic value of an element: itself, or int or float for the packed types.
template <class T>
auto Widen(T element) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return static_cast<float>(element);
  } else if constexpr (kIsSmall<T>) {
    return static_cast<int>(element.value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return element ? 1 : 0;
  } else {
    return element;
  }
}

template <class To, class From>
To SaturateToInteger(From value) {
  if (std::isnan(value)) return 0;
  // 2^digits is exact in every floating type; the largest integer itself may not be.
  const auto limit = std::ldexp(From{1}, std::numeric_limits<To>::digits);
  if (value >= limit) return std::numeric_limits<To>::max();
  if constexpr (std::is_signed_v<To>) {
    if (value < -limit) return std::numeric_limits<To>::min();
  } else {
    if (value <= From{-1}) return 0;
  }
  return static_cast<To>(value);
}

template <int kBits, bool kSigned>
Small<kBits, kSigned> WrapSmall(std::int64_t value) {
  constexpr int kModulus = 1 << kBits;
  int low = static_cast<int>(value & (kModulus - 1));
  if (kSigned && low >= kModulus / 2) low -= kModulus;
  return {static_cast<std::int8_t>(low)};
}

template <class To>
struct Converter {
  template <class V>
  static To From(V value) {
    if constexpr (std::is_same_v<To, bool>) {
      return value != V{0};
    } else if constexpr (std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>) {
      if constexpr (std::is_same_v<V, float>)
        return To::From(value);
      else
        return To::From(static_cast<double>(value));
    } else if constexpr (std::is_floating_point_v<To>) {
      return static_cast<To>(value);
    } else if constexpr (std::is_floating_point_v<V>) {
      return SaturateToInteger<To>(value);
    } else {
      return static_cast<To>(value);
    }
  }
};

template <int kBits, bool kSigned>
struct Converter<Small<kBits, kSigned>> {
  template <class V>
  static Small<kBits, kSigned> From(V value) {
    if constexpr (std::is_floating_point_v<V>) {
      constexpr int kMax = kSigned ? (1 << (kBits - 1)) - 1 : (1 << kBits) - 1;
      constexpr int kMin = kSigned ? -(1 << (kBits - 1)) : 0;
      return {static_cast<std::int8_t>(std::clamp(SaturateToInteger<int>(value), kMin, kMax))};
    } else {
      return WrapSmall<kBits, kSigned>(static_cast<std::int64_t>(value));
    }
  }
};

template <class T>
T Load(const std::byte* block, std::int64_t i) {
  return LoadUnaligned<T>(block + i * std::int64_t{sizeof(T)});
}
template <>
bool Load<bool>(const std::byte* block, std::int64_t i) {
  return block[i] != std::byte{0};  // a stored byte above 1 is no valid bool object
}
template <class T>
void Store(std::byte* block, std::int64_t i, T value) {
  StoreUnaligned(block + i * std::int64_t{sizeof(T)}, value);
}

// block[i] = f(block[i], value of i).
template <class F>
void ApplyBlock(DType dtype, std::byte* block, std::int64_t count, std::span<const double> values,
                std::int64_t inner, std::int64_t first, F f) {
  SMELT_CHECK(IsFloat(dtype) && !values.empty());
  const auto size = static_cast<std::int64_t>(values.size());
  const bool known = WithType(dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (kIsFloat<T>) {
      const auto apply = [&](std::int64_t i, double value) {
        const auto element = static_cast<double>(Load<T>(block, i));
        Store(block, i, Converter<T>::From(f(element, value)));
      };
      for (std::int64_t i = 0; i < count;) {
        const std::int64_t index = ((first + i) / inner) % size;
        if (inner == 1) {  // the value changes with every element: runs of consecutive values
          const std::int64_t run = std::min(size - index, count - i);
          const double* from = values.data() + index;
          for (std::int64_t k = 0; k < run; ++k) apply(i + k, from[k]);
          i += run;
        } else {
          const std::int64_t run = std::min(inner - (first + i) % inner, count - i);
          const double value = values[static_cast<std::size_t>(index)];
          for (std::int64_t k = 0; k < run; ++k) apply(i + k, value);
          i += run;
        }
      }
    }
  });
  SMELT_CHECK(known);
}

}  // namespace

bool IsNumeric(DType dtype) {
  return WithType(dtype, [](auto*) {});
}

int BlockElementBytes(DType dtype) { return std::max(ElementBits(dtype), 8) / 8; }

void CastBlock(DType from_type, const std::byte* from, DType to_type, std::byte* to,
               std::int64_t count) {
  const bool from_known = WithType(from_type, [&](auto* from_null) {
    using From = std::remove_pointer_t<decltype(from_null)>;
    const bool to_known = WithType(to_type, [&](auto* to_null) {
      using To = std::remove_pointer_t<decltype(to_null)>;
      for (std::int64_t i = 0; i < count; ++i) {
        Store(to, i, Converter<To>::From(Widen(Load<From>(from, i))));
      }
    });
    SMELT_CHECK(to_known);
  });
  SMELT_CHECK(from_known);
}

void MultiplyBlock(DType dtype, std::byte* block, std::int64_t count,
                   std::span<const double> values, std::int64_t inner, std::int64_t first) {
  ApplyBlock(dtype, block, count, values, inner, first, [](double a, double b) { return a * b; });
}

void AddBlock(DType dtype, std::byte* block, std::int64_t count, std::span<const double> values,
              std::int64_t inner, std::int64_t first) {
  ApplyBlock(dtype, block, count, values, inner, first, [](double a, double b) { return a + b; });
}

namespace {

template <class T>
void QuantizeRun(const std::byte* block, std::int64_t begin, std::int64_t count, double scale,
                 float largest, std::byte* to) {
  const float inverse = 1.0F / static_cast<float>(scale);
  for (std::int64_t i = begin; i < begin + count; ++i) {
    float q = Load<float>(block, i) * inverse;
    q = q >= -largest ? (q <= largest ? q : largest) : (q < -largest ? -largest : 0.0F);
    Store(to, i, static_cast<T>(q + (q < 0 ? -0.5F : 0.5F)));
  }
}

}  // namespace

void QuantizeBlock(const std::byte* block, std::int64_t count, std::span<const double> scales,
                   std::int64_t inner, std::int64_t first, DType dtype, std::byte* to) {
  const auto largest = static_cast<float>((1 << (ElementBits(dtype) - 1)) - 1);
  const auto run_of =
      ElementBits(dtype) > 8 ? &QuantizeRun<std::int16_t> : &QuantizeRun<std::int8_t>;
  for (std::int64_t i = 0; i < count;) {
    const std::int64_t at = first + i;
    const auto index = static_cast<std::size_t>(at / inner) % scales.size();
    const std::int64_t run = std::min(inner - at % inner, count - i);
    run_of(block, i, run, scales[index], largest, to);
    i += run;
  }
}

void UnpackBlock(DType dtype, const std::byte* from, std::int64_t begin, std::int64_t count,
                 std::byte* to) {
  const int bits = ElementBits(dtype);
  const std::int64_t per_byte = 8 / bits;
  const bool is_signed = IsSignedInteger(dtype);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t at = begin + i;
    const int shift = static_cast<int>(at % per_byte) * bits;
    const int low = (std::to_integer<int>(from[at / per_byte]) >> shift) & ((1 << bits) - 1);
    const bool negative = is_signed && low >= 1 << (bits - 1);
    to[i] = static_cast<std::byte>(negative ? low - (1 << bits) : low);
  }
}

void PackBlock(DType dtype, const std::byte* from, std::int64_t count, std::byte* to) {
  const int bits = ElementBits(dtype);
  const std::int64_t per_byte = 8 / bits;
  const int mask = (1 << bits) - 1;
  for (std::int64_t at = 0; at < count; at += per_byte) {
    int packed = 0;
    for (std::int64_t k = 0; k < per_byte && at + k < count; ++k) {
      packed |= (std::to_integer<int>(from[at + k]) & mask) << (static_cast<int>(k) * bits);
    }
    to[at / per_byte] = static_cast<std::byte>(packed);
  }
}

}  // namespace smelt::ir
