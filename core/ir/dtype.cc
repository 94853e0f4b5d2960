#include "core/ir/dtype.h"

#include <array>

#include "core/base/status.h"

namespace smelt::ir {
namespace {

enum class Family : std::uint8_t { kFloat, kSigned, kUnsigned, kOther };

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  int bits;
  Family family;
};

// Ordered by number.
constexpr std::array<DTypeInfo, kDTypeCount> kTypes = {{
    {DType::kF32, "f32", 32, Family::kFloat},
    {DType::kF16, "f16", 16, Family::kFloat},
    {DType::kI32, "i32", 32, Family::kSigned},
    {DType::kU8, "u8", 8, Family::kUnsigned},
    {DType::kI64, "i64", 64, Family::kSigned},
    {DType::kString, "string", 0, Family::kOther},
    {DType::kBool, "bool", 8, Family::kOther},
    {DType::kI16, "i16", 16, Family::kSigned},
    {DType::kC64, "c64", 64, Family::kOther},
    {DType::kI8, "i8", 8, Family::kSigned},
    {DType::kF64, "f64", 64, Family::kFloat},
    {DType::kC128, "c128", 128, Family::kOther},
    {DType::kU64, "u64", 64, Family::kUnsigned},
    {DType::kResource, "resource", 0, Family::kOther},
    {DType::kVariant, "variant", 0, Family::kOther},
    {DType::kU32, "u32", 32, Family::kUnsigned},
    {DType::kU16, "u16", 16, Family::kUnsigned},
    {DType::kI4, "i4", 4, Family::kSigned},
    {DType::kBF16, "bf16", 16, Family::kFloat},
    {DType::kI2, "i2", 2, Family::kSigned},
    {DType::kU4, "u4", 4, Family::kUnsigned},
    {DType::kF8E4M3FN, "f8e4m3fn", 8, Family::kFloat},
    {DType::kF8E5M2, "f8e5m2", 8, Family::kFloat},
}};

constexpr bool TableIsOrdered() {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (static_cast<std::size_t>(kTypes[i].dtype) != i) return false;
  }
  return true;
}
static_assert(TableIsOrdered());

const DTypeInfo& Info(DType dtype) {
  const auto index = static_cast<std::size_t>(dtype);
  SMELT_CHECK(index < kTypes.size());
  return kTypes[index];
}

}  // namespace

std::string_view DTypeName(DType dtype) { return Info(dtype).name; }

std::optional<DType> DTypeFromName(std::string_view name) {
  for (const DTypeInfo& info : kTypes) {
    if (info.name == name) return info.dtype;
  }
  return std::nullopt;
}

int ElementBits(DType dtype) { return Info(dtype).bits; }

std::uint64_t StorageBytes(DType dtype, std::uint64_t count) {
  const auto bits = static_cast<std::uint64_t>(Info(dtype).bits);
  if (bits % 8 == 0) return count * (bits / 8);
  const std::uint64_t per_byte = 8 / bits;
  return count / per_byte + (count % per_byte != 0 ? 1 : 0);
}

bool IsFloat(DType dtype) { return Info(dtype).family == Family::kFloat; }
bool IsSignedInteger(DType dtype) { return Info(dtype).family == Family::kSigned; }
bool IsUnsignedInteger(DType dtype) { return Info(dtype).family == Family::kUnsigned; }
bool IsInteger(DType dtype) { return IsSignedInteger(dtype) || IsUnsignedInteger(dtype); }

}  // namespace smelt::ir
