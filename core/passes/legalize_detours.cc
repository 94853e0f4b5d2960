#include "core/passes/legalize_detours.h"

#include <optional>
#include <span>

namespace smelt::passes {
namespace {

using ir::DataUse;
using ir::DType;

// Types that hold every value of `from` and, as CAST back wraps, give the same integer arithmetic.
std::span<const DType> WiderTypes(DType from, DataUse use) {
  static constexpr DType kBoolAs[] = {DType::kI8, DType::kU8, DType::kI32};
  static constexpr DType kSmall[] = {DType::kI32};
  static constexpr DType kSmallOrdered[] = {DType::kI32, DType::kF32};
  static constexpr DType kI32As[] = {DType::kI64};
  static constexpr DType kHalf[] = {DType::kF32};
  switch (from) {
    case DType::kBool:
      // No arithmetic: 1 + 1 is no bool.
      return use == DataUse::kMoves || use == DataUse::kOrders ? std::span<const DType>(kBoolAs)
                                                               : std::span<const DType>();
    case DType::kI8:
    case DType::kU8:
    case DType::kI16:
    case DType::kU16:
      if (use == DataUse::kOrders || use == DataUse::kMoves) return kSmallOrdered;
      return kSmall;
    case DType::kI32:
    case DType::kU32:
      return kI32As;
    case DType::kF16:
    case DType::kBF16:
      return kHalf;
    case DType::kF32:
    case DType::kF64:
    case DType::kI64:
    case DType::kU64:
    case DType::kString:
    case DType::kC64:
    case DType::kC128:
    case DType::kResource:
    case DType::kVariant:
    case DType::kI4:
    case DType::kI2:
    case DType::kU4:
    case DType::kF8E4M3FN:
    case DType::kF8E5M2:
      return {};
  }
  return {};
}

// Integers of the width of `dtype`, signed first: more kernels have those.
std::span<const DType> SameWidth(DType dtype) {
  static constexpr DType k8[] = {DType::kI8, DType::kU8};
  static constexpr DType k16[] = {DType::kI16, DType::kU16};
  static constexpr DType k32[] = {DType::kI32, DType::kU32, DType::kF32};
  static constexpr DType k64[] = {DType::kI64, DType::kU64};
  switch (ir::ElementBits(dtype)) {
    case 8:
      return k8;
    case 16:
      return k16;
    case 32:
      return k32;
    case 64:
      return k64;
    default:
      return {};
  }
}

}  // namespace

std::optional<Detour> FindDetour(DataUse use, DType dtype, target::TypeSet supported) {
  const auto has = [&](DType other) { return (supported & target::Bit(other)) != 0; };
  // Modulo 2^n an unsigned number is the signed one with the same bits.
  const bool same_bits =
      use == DataUse::kMoves || (use == DataUse::kRing && ir::IsUnsignedInteger(dtype));
  if (same_bits) {
    for (const DType other : SameWidth(dtype)) {
      if (use == DataUse::kRing && !ir::IsInteger(other)) continue;
      if (has(other)) return Detour{other, true};
    }
  }
  for (const DType wider : WiderTypes(dtype, use)) {
    if (has(wider)) return Detour{wider, false};
  }
  return std::nullopt;
}

}  // namespace smelt::passes
