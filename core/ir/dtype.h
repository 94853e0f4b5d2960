// Element types. The numbers are TFLite's TensorType, so that no table is needed to write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace smelt::ir {

enum class DType : std::uint8_t {
  kF32 = 0,
  kF16 = 1,
  kI32 = 2,
  kU8 = 3,
  kI64 = 4,
  kString = 5,
  kBool = 6,
  kI16 = 7,
  kC64 = 8,
  kI8 = 9,
  kF64 = 10,
  kC128 = 11,
  kU64 = 12,
  kResource = 13,
  kVariant = 14,
  kU32 = 15,
  kU16 = 16,
  kI4 = 17,
  kBF16 = 18,
  kI2 = 19,
  kU4 = 20,
  kF8E4M3FN = 21,
  kF8E5M2 = 22,
};
inline constexpr int kDTypeCount = 23;

std::string_view DTypeName(DType dtype);  // "f32"
std::optional<DType> DTypeFromName(std::string_view name);

// Bits of one stored element; 0 for string, resource and variant.
int ElementBits(DType dtype);
// Bytes of `count` elements, rounded up for types below a byte.
std::uint64_t StorageBytes(DType dtype, std::uint64_t count);

bool IsFloat(DType dtype);    // f16 bf16 f32 f64 and the f8 types
bool IsInteger(DType dtype);  // signed and unsigned, not bool
bool IsSignedInteger(DType dtype);
bool IsUnsignedInteger(DType dtype);

}  // namespace smelt::ir
