// Evaluation of constants: the only place where a view's elements become bytes.
#include <algorithm>
#include <cstring>
#include <memory>

#include "core/ir/constant.h"
#include "core/ir/element_cast.h"
#include "core/ir/strided_copy.h"

namespace smelt::ir {
namespace {

constexpr std::int64_t kMaxSmall = std::int64_t{1} << 16;  // elements, of AsInts and AsDoubles
// Elements evaluated at a time: what a cache holds, and a multiple of every packing.
constexpr std::int64_t kBlock = 1 << 14;

bool IsPacked(DType dtype) { return ElementBits(dtype) < 8; }

bool ChangesType(const std::vector<ConstantStep>& steps) {
  return std::ranges::any_of(steps, &ConstantStep::changes_type);
}

// Bytes of the widest element on the way through the steps.
std::size_t WidestElement(DType stored, const std::vector<ConstantStep>& steps) {
  int widest = BlockElementBytes(stored);
  for (const ConstantStep& step : steps) {
    if (step.changes_type()) widest = std::max(widest, BlockElementBytes(step.to));
  }
  return static_cast<std::size_t>(widest);
}

// Where in the storage an element of the row-major order lies.
std::int64_t ElementOffset(const StridedView& view, std::int64_t at) {
  std::int64_t offset = 0;
  for (std::size_t axis = view.sizes.size(); axis-- > 0;) {
    offset += at % view.sizes[axis] * view.strides[axis];
    at /= view.sizes[axis];
  }
  return offset;
}

// Elements that follow each other with one of the step's values.
std::int64_t InnerOf(const ConstantStep& step, const std::vector<std::int64_t>& shape) {
  if (step.axis < 0) return INT64_MAX;  // one value for all
  std::int64_t inner = 1;
  for (std::size_t i = static_cast<std::size_t>(step.axis) + 1; i < shape.size(); ++i) {
    inner *= shape[i];
  }
  return inner;
}

// Applies one multiply or add step to a block that begins at element `begin`.
void ApplyStep(const ConstantStep& step, DType dtype, const std::vector<std::int64_t>& shape,
               std::int64_t begin, std::int64_t count, std::byte* block) {
  const std::int64_t inner = InnerOf(step, shape);
  const auto apply = step.kind == ConstantStep::Kind::kMultiply ? MultiplyBlock : AddBlock;
  apply(dtype, block, count, *step.values, inner, begin);
}

// All elements as another type.
void ReadAs(const Constant& constant, DType dtype, std::byte* out) {
  if (constant.IsPlain() && !IsPacked(constant.dtype())) {
    CastBlock(constant.dtype(), constant.storage().data(), dtype, out, constant.element_count());
  } else {
    constant.Cast(dtype).Read(0, constant.element_count(), out);
  }
}

}  // namespace

void Constant::GatherParts(std::int64_t begin, std::int64_t count, std::byte* out) const {
  // They are joined along the axis that one of them has less of than all together.
  std::size_t axis = 0;
  for (const Constant& part : *parts_) {
    const auto differs = std::ranges::mismatch(part.shape_, shape_).in2;
    if (differs == shape_.end()) continue;
    axis = static_cast<std::size_t>(differs - shape_.begin());
    break;
  }
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape_.size(); ++i) inner *= shape_[i];
  std::int64_t row = begin / (shape_[axis] * inner);
  std::int64_t at = begin % (shape_[axis] * inner);
  for (; count > 0; ++row) {
    for (const Constant& part : *parts_) {
      const std::int64_t size = part.shape_[axis] * inner;
      if (count > 0 && at < size) {
        const std::int64_t here = std::min(count, size - at);
        part.Read(row * size + at, here, out);
        out += here * (ElementBits(storage_dtype_) / 8);
        count -= here;
        at = size;
      }
      at -= size;
    }
    at = 0;
  }
}

void Constant::Gather(std::int64_t begin, std::int64_t count, std::byte* out) const {
  if (parts_ != nullptr) return GatherParts(begin, count, out);
  const StridedView view = Coalesce(shape_, strides_);
  const int bits = ElementBits(storage_dtype_);
  if (bits >= 8) {
    CopyStrided(view, storage_.data() + offset_ * (bits / 8), bits / 8, begin, count, out);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    UnpackBlock(storage_dtype_, storage_.data(), offset_ + ElementOffset(view, begin + i), 1,
                out + i);
  }
}

void Constant::Read(std::int64_t begin, std::int64_t count, std::byte* out) const {
  SMELT_CHECK(begin >= 0 && count >= 0 && begin <= element_count() - count);
  if (count == 0) return;
  if (storage_dtype_ == dtype_ && !IsPacked(dtype_) && !ChangesType(steps_)) {
    Gather(begin, count, out);
    // In pieces that stay in the cache over all steps.
    const std::int64_t width = ElementBits(dtype_) / 8;
    for (std::int64_t at = 0; at < count && !steps_.empty(); at += kBlock) {
      const std::int64_t size = std::min(kBlock, count - at);
      for (const ConstantStep& step : steps_) {
        ApplyStep(step, dtype_, shape_, begin + at, size, out + at * width);
      }
    }
    return;
  }
  ReadInBlocks(begin, count, out);
}

void Constant::ReadInBlocks(std::int64_t begin, std::int64_t count, std::byte* out) const {
  SMELT_CHECK(begin * ElementBits(dtype_) % 8 == 0);
  // Not vectors: their zeroing would cost as much as the work. What changes the type goes from one
  // to the other.
  const std::size_t bytes =
      static_cast<std::size_t>(std::min(kBlock, count)) * WidestElement(storage_dtype_, steps_);
  auto block = std::make_unique_for_overwrite<std::byte[]>(bytes);
  auto other = std::make_unique_for_overwrite<std::byte[]>(bytes);
  for (std::int64_t at = begin; at < begin + count; at += kBlock) {
    const std::int64_t size = std::min(kBlock, begin + count - at);
    Gather(at, size, block.get());
    DType dtype = storage_dtype_;
    for (const ConstantStep& step : steps_) {
      if (step.kind == ConstantStep::Kind::kCast) {
        CastBlock(dtype, block.get(), step.to, other.get(), size);
        block.swap(other);
        dtype = step.to;
      } else if (step.kind == ConstantStep::Kind::kQuantize) {
        QuantizeBlock(block.get(), size, *step.values, InnerOf(step, shape_), at, step.to,
                      other.get());
        block.swap(other);
        dtype = step.to;
      } else {
        ApplyStep(step, dtype, shape_, at, size, block.get());
      }
    }
    const std::uint64_t stored = StorageBytes(dtype_, static_cast<std::uint64_t>(size));
    if (IsPacked(dtype_)) {
      PackBlock(dtype_, block.get(), size, out);
    } else {
      std::memcpy(out, block.get(), stored);
    }
    out += stored;
  }
}

SharedBytes Constant::Materialize() const {
  if (IsPlain()) return storage_;
  const std::uint64_t size = size_bytes();
  // Not a vector: zeroing a hundred megabytes first would cost as much as the copy.
  auto owned = std::make_shared_for_overwrite<std::byte[]>(size);
  Read(0, element_count(), owned.get());
  return SharedBytes(ByteSpan(owned.get(), size), owned);
}

Constant Constant::Evaluated() const {
  if (IsPlain()) return *this;
  auto evaluated = FromBytes(dtype_, shape_, Materialize());
  SMELT_CHECK(evaluated.ok());
  return std::move(evaluated).value();
}

bool Constant::IsPlain() const {
  if (parts_ != nullptr || !steps_.empty() || offset_ != 0 || storage_.size() != size_bytes()) {
    return false;
  }
  if (element_count() == 0) return true;  // its other sizes may have no product
  std::int64_t stride = 1;
  for (std::size_t i = shape_.size(); i-- > 0;) {
    if (shape_[i] != 1 && strides_[i] != stride) return false;
    stride *= shape_[i];
  }
  return true;
}

std::optional<std::vector<std::int64_t>> Constant::AsInts() const {
  if (!IsInteger(dtype_) && dtype_ != DType::kBool) return std::nullopt;
  if (element_count() > kMaxSmall) return std::nullopt;
  std::vector<std::int64_t> values(static_cast<std::size_t>(element_count()));
  ReadAs(*this, DType::kI64, reinterpret_cast<std::byte*>(values.data()));
  return values;
}

std::optional<std::vector<double>> Constant::AsDoubles() const {
  if (!IsNumeric(dtype_) || element_count() > kMaxSmall) return std::nullopt;
  std::vector<double> values(static_cast<std::size_t>(element_count()));
  ReadAs(*this, DType::kF64, reinterpret_cast<std::byte*>(values.data()));
  return values;
}

bool Constant::IsSplat() const {
  if (element_count() == 0) return false;
  // Along an axis of stride 0 elements differ only where a step makes them.
  Constant core = *this;
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    const bool stepped = std::any_of(steps_.begin(), steps_.end(), [i](const ConstantStep& step) {
      return step.axis == static_cast<int>(i);
    });
    if (strides_[i] == 0 && !stepped) core.shape_[i] = 1;
  }
  const std::int64_t count = core.element_count();
  if (count == 1) return true;
  if (IsPacked(dtype_)) core = core.Cast(DType::kI8);
  const auto width = static_cast<std::size_t>(BlockElementBytes(core.dtype_));
  std::vector<std::byte> block(static_cast<std::size_t>(std::min(kBlock, count)) * width);
  std::vector<std::byte> first(width);
  core.Read(0, 1, first.data());
  for (std::int64_t at = 0; at < count; at += kBlock) {
    const std::int64_t size = std::min(kBlock, count - at);
    core.Read(at, size, block.data());
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
      if (std::memcmp(&block[i * width], first.data(), width) != 0) return false;
    }
  }
  return true;
}

}  // namespace smelt::ir
