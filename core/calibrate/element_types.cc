#include "core/calibrate/element_types.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "core/ir/constant.h"
#include "core/ir/element_cast.h"

namespace smelt::calibrate {
namespace {

// Of integers: the least one below zero, or 0, and the greatest one above, or 0.
struct Bounds {
  std::int64_t least = 0;
  std::uint64_t greatest = 0;
};

template <class T>
Bounds BoundsOf(const interp::Tensor& tensor) {
  Bounds bounds;
  for (const T x : tensor.values<T>()) {
    if (x < 0) bounds.least = std::min(bounds.least, static_cast<std::int64_t>(x));
    if (x > 0) bounds.greatest = std::max(bounds.greatest, static_cast<std::uint64_t>(x));
  }
  return bounds;
}

template <class T>
constexpr Bounds kOf = {static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                        static_cast<std::uint64_t>(std::numeric_limits<T>::max())};

struct IntegerType {
  ir::DType dtype;
  Bounds all;
  Bounds (*of)(const interp::Tensor&);
};
constexpr IntegerType kIntegers[] = {
    {ir::DType::kI8, kOf<std::int8_t>, &BoundsOf<std::int8_t>},
    {ir::DType::kI16, kOf<std::int16_t>, &BoundsOf<std::int16_t>},
    {ir::DType::kI32, kOf<std::int32_t>, &BoundsOf<std::int32_t>},
    {ir::DType::kI64, kOf<std::int64_t>, &BoundsOf<std::int64_t>},
    {ir::DType::kU8, kOf<std::uint8_t>, &BoundsOf<std::uint8_t>},
    {ir::DType::kU16, kOf<std::uint16_t>, &BoundsOf<std::uint16_t>},
    {ir::DType::kU32, kOf<std::uint32_t>, &BoundsOf<std::uint32_t>},
    {ir::DType::kU64, kOf<std::uint64_t>, &BoundsOf<std::uint64_t>},
};

const IntegerType* FindInteger(ir::DType dtype) {
  const auto* found = std::ranges::find(kIntegers, dtype, &IntegerType::dtype);
  return found == std::end(kIntegers) ? nullptr : found;
}

Status CheckFits(const interp::Tensor& tensor, ir::DType to) {
  const IntegerType* from_type = FindInteger(tensor.dtype());
  const IntegerType* to_type = FindInteger(to);
  if (from_type == nullptr || to_type == nullptr) return Status::Ok();  // 0 and 1, or real numbers
  const Bounds found = from_type->of(tensor);
  if (found.least >= to_type->all.least && found.greatest <= to_type->all.greatest) {
    return Status::Ok();
  }
  const std::string outside = found.least < to_type->all.least ? std::to_string(found.least)
                                                               : std::to_string(found.greatest);
  return Status(
      Reason::kCalibrationDataInvalid,
      "an element is " + outside + ", which " + std::string(ir::DTypeName(to)) + " does not have");
}

}  // namespace

bool IsConvertible(ir::DType from, ir::DType to) {
  if (!ir::IsNumeric(from) || !ir::IsNumeric(to)) return false;
  if (from == to || ir::IsFloat(to)) return true;
  return FindInteger(to) != nullptr && (FindInteger(from) != nullptr || from == ir::DType::kBool);
}

Result<interp::Tensor> Converted(const interp::Tensor& tensor, ir::DType to) {
  if (tensor.dtype() == to) return tensor;
  SMELT_RETURN_IF_ERROR(CheckFits(tensor, to));
  return interp::Tensor::FromConstant(tensor.ToConstant().Cast(to));
}

}  // namespace smelt::calibrate
