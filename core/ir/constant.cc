#include "core/ir/constant.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/ir/element_cast.h"
#include "core/ir/reshape_view.h"
#include "core/ir/strided_copy.h"

namespace smelt::ir {
namespace {

// Product of the sizes; nothing on overflow or for a negative size.
std::optional<std::int64_t> Count(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) {
    return std::nullopt;
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return count;
}

std::shared_ptr<const std::vector<double>> Shared(std::vector<double> values) {
  return std::make_shared<const std::vector<double>>(std::move(values));
}

}  // namespace

Result<Constant> Constant::FromBytes(DType dtype, std::vector<std::int64_t> shape,
                                     SharedBytes bytes) {
  if (ElementBits(dtype) == 0) {
    return Status(Reason::kUnsupportedType,
                  "a constant of type " + std::string(DTypeName(dtype)) + " has no plain bytes");
  }
  const std::optional<std::int64_t> count = Count(shape);
  // 16 bytes is the widest element: the size in bytes must not overflow either.
  if (!count.has_value() || *count > INT64_MAX / 16) {
    return Status(Reason::kDimensionOverflow, "a constant's dimensions overflow");
  }
  const std::uint64_t expected = StorageBytes(dtype, static_cast<std::uint64_t>(*count));
  if (bytes.size() != expected) {
    return Status(Reason::kPayloadSizeMismatch, "the payload has " + std::to_string(bytes.size()) +
                                                    " bytes where its shape needs " +
                                                    std::to_string(expected));
  }
  Constant made;
  made.dtype_ = made.storage_dtype_ = dtype;
  made.strides_ = RowMajorStrides(shape);
  made.shape_ = std::move(shape);
  made.storage_ = std::move(bytes);
  return made;
}

Constant Constant::Splat(DType dtype, std::vector<std::int64_t> shape, ByteSpan element) {
  SMELT_CHECK(Count(shape).has_value());
  SMELT_CHECK(ElementBits(dtype) != 0 && element.size() == StorageBytes(dtype, 1));
  Constant made;
  made.dtype_ = made.storage_dtype_ = dtype;
  made.strides_.assign(shape.size(), 0);
  made.shape_ = std::move(shape);
  made.storage_ = SharedBytes::Own(std::vector<std::byte>(element.begin(), element.end()));
  made.Normalize();
  return made;
}

Constant Constant::Joined(std::vector<Constant> parts) {
  SMELT_CHECK(!parts.empty() && parts.front().rank() > 0 && ElementBits(parts.front().dtype_) >= 8);
  Constant made;
  made.dtype_ = made.storage_dtype_ = parts.front().dtype_;
  made.shape_ = parts.front().shape_;
  made.shape_[0] = 0;
  for (const Constant& part : parts) {
    SMELT_CHECK(part.dtype_ == made.dtype_ && part.rank() == made.rank() &&
                std::equal(part.shape_.begin() + 1, part.shape_.end(), made.shape_.begin() + 1));
    made.shape_[0] += part.shape_[0];
  }
  made.strides_ = RowMajorStrides(made.shape_);
  made.parts_ = std::make_shared<const std::vector<Constant>>(std::move(parts));
  return made;
}

std::int64_t Constant::element_count() const {
  const std::optional<std::int64_t> count = Count(shape_);
  SMELT_CHECK(count.has_value());
  return *count;
}

void Constant::Normalize() {
  if (element_count() == 0) {
    strides_ = RowMajorStrides(shape_);
    offset_ = 0;
    storage_ = storage_.Slice(0, 0);
    return;
  }
  const std::vector<std::int64_t> plain = RowMajorStrides(shape_);
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    if (shape_[i] != 1 && strides_[i] != plain[i]) return;
  }
  const std::int64_t first_bit = offset_ * ElementBits(storage_dtype_);
  if (first_bit % 8 != 0) return;
  strides_ = plain;
  offset_ = 0;
  storage_ =
      storage_.Slice(static_cast<std::size_t>(first_bit / 8),
                     StorageBytes(storage_dtype_, static_cast<std::uint64_t>(element_count())));
}

Constant Constant::Transposed(std::span<const int> permutation) const {
  SMELT_CHECK(permutation.size() == shape_.size());
  Constant view = *this;
  if (parts_ != nullptr) {  // joined along another axis then, which their shapes tell
    std::vector<Constant> parts;
    for (const Constant& part : *parts_) parts.push_back(part.Transposed(permutation));
    view.parts_ = std::make_shared<const std::vector<Constant>>(std::move(parts));
  }
  std::vector<int> position(shape_.size(), -1);  // where an axis of this goes
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    const auto from = static_cast<std::size_t>(permutation[i]);
    SMELT_CHECK(from < shape_.size() && position[from] < 0);
    position[from] = static_cast<int>(i);
    view.shape_[i] = shape_[from];
    view.strides_[i] = strides_[from];
  }
  for (ConstantStep& step : view.steps_) {
    if (step.axis >= 0) step.axis = position[static_cast<std::size_t>(step.axis)];
  }
  if (parts_ != nullptr) {
    view.strides_ = RowMajorStrides(view.shape_);
  } else {
    view.Normalize();
  }
  return view;
}

Constant Constant::Sliced(std::span<const std::int64_t> begin, std::span<const std::int64_t> size,
                          std::span<const std::int64_t> stride) const {
  if (parts_ != nullptr) return Evaluated().Sliced(begin, size, stride);
  SMELT_CHECK(begin.size() == shape_.size() && size.size() == shape_.size() &&
              stride.size() == shape_.size());
  Constant view = *this;
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    SMELT_CHECK(size[i] >= 0 && stride[i] != 0);
    view.shape_[i] = size[i];
    if (size[i] == 0) continue;
    const std::int64_t last = begin[i] + (size[i] - 1) * stride[i];
    SMELT_CHECK(begin[i] >= 0 && begin[i] < shape_[i] && last >= 0 && last < shape_[i]);
    view.offset_ += begin[i] * strides_[i];
    view.strides_[i] = strides_[i] * stride[i];
  }
  for (ConstantStep& step : view.steps_) {
    if (step.axis < 0) continue;
    const auto axis = static_cast<std::size_t>(step.axis);
    if (size[axis] == shape_[axis] && stride[axis] == 1) continue;
    std::vector<double> values;
    for (std::int64_t i = 0; i < size[axis]; ++i) {
      values.push_back((*step.values)[static_cast<std::size_t>(begin[axis] + i * stride[axis])]);
    }
    step.values = Shared(std::move(values));
  }
  view.Normalize();
  return view;
}

Constant Constant::BroadcastTo(std::span<const std::int64_t> shape) const {
  if (parts_ != nullptr) return Evaluated().BroadcastTo(shape);
  SMELT_CHECK(shape.size() >= shape_.size());
  const std::size_t added = shape.size() - shape_.size();
  Constant view = *this;
  view.shape_.assign(shape.begin(), shape.end());
  view.strides_.assign(shape.size(), 0);
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    SMELT_CHECK(shape_[i] == shape[added + i] || shape_[i] == 1);
    if (shape_[i] == shape[added + i]) view.strides_[added + i] = strides_[i];
  }
  for (ConstantStep& step : view.steps_) {
    if (step.axis < 0) continue;
    step.axis = step.values->size() == 1 ? -1 : step.axis + static_cast<int>(added);
  }
  view.Normalize();
  return view;
}

Constant Constant::Reshaped(std::span<const std::int64_t> shape) const {
  if (parts_ != nullptr) return Evaluated().Reshaped(shape);
  SMELT_CHECK(Count(shape) == element_count());
  Constant view = *this;
  view.shape_.assign(shape.begin(), shape.end());
  if (element_count() == 0) {
    view.steps_.clear();  // nothing left to apply them to; the type they lead to is kept
    view.storage_dtype_ = dtype_;
    view.Normalize();
    return view;
  }
  const ReshapeGroups groups = GroupAxes(shape_, view.shape_);
  std::optional<std::vector<std::int64_t>> strides =
      ReshapedStrides(groups, shape_, strides_, shape);
  bool expressed = strides.has_value();
  for (ConstantStep& step : view.steps_) {
    if (expressed && step.axis >= 0) expressed = MoveStep(groups, shape_, shape, step);
  }
  if (!expressed) return Evaluated().Reshaped(shape);
  view.strides_ = *std::move(strides);
  view.Normalize();
  return view;
}

Constant Constant::WithStep(ConstantStep step) const {
  Constant view = *this;
  if (step.kind == ConstantStep::Kind::kCast) {
    SMELT_CHECK(IsNumeric(dtype_) && IsNumeric(step.to));
  } else {
    SMELT_CHECK(IsFloat(dtype_) && IsNumeric(dtype_) && step.values != nullptr);
    SMELT_CHECK(step.axis >= -1 && step.axis < rank());
    const std::int64_t expected = step.axis < 0 ? 1 : shape_[static_cast<std::size_t>(step.axis)];
    SMELT_CHECK(static_cast<std::int64_t>(step.values->size()) == expected);
  }
  if (step.kind == ConstantStep::Kind::kQuantize) {
    SMELT_CHECK(dtype_ == DType::kF32 && IsSignedInteger(step.to) && ElementBits(step.to) <= 16);
  }
  if (step.changes_type()) view.dtype_ = step.to;
  view.steps_.push_back(std::move(step));
  return view;
}

Constant Constant::Quantized(DType to, int axis, std::span<const float> scales) const {
  return WithStep({ConstantStep::Kind::kQuantize, axis,
                   Shared(std::vector<double>(scales.begin(), scales.end())), to});
}

Constant Constant::Cast(DType to) const {
  if (to == dtype_) return *this;
  return WithStep({ConstantStep::Kind::kCast, -1, nullptr, to});
}

bool Constant::SameView(const Constant& other) const {
  const auto same_step = [](const ConstantStep& a, const ConstantStep& b) {
    if (a.kind != b.kind || (a.changes_type() && a.to != b.to)) return false;
    if (a.kind == ConstantStep::Kind::kCast) return true;
    return a.axis == b.axis && (a.values == b.values || *a.values == *b.values);
  };
  return dtype_ == other.dtype_ && storage_dtype_ == other.storage_dtype_ &&
         shape_ == other.shape_ && strides_ == other.strides_ && offset_ == other.offset_ &&
         parts_ == other.parts_ && storage_.data() == other.storage_.data() &&
         storage_.size() == other.storage_.size() &&
         std::equal(steps_.begin(), steps_.end(), other.steps_.begin(), other.steps_.end(),
                    same_step);
}

}  // namespace smelt::ir
