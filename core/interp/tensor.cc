#include "core/interp/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/status.h"

namespace smelt::interp {
namespace {

constexpr std::size_t kAlignment = 64;

std::int64_t CountOf(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

// Bytes that typed access through values() needs no copy for.
bool IsReadable(ir::DType dtype, ByteSpan bytes) {
  const auto width = static_cast<std::uintptr_t>(std::max(ir::ElementBits(dtype), 8) / 8);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % std::min<std::uintptr_t>(width, 8) != 0) {
    return false;
  }
  // A stored bool above 1 is no valid bool object.
  return dtype != ir::DType::kBool ||
         std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b <= std::byte{1}; });
}

}  // namespace

Tensor Tensor::Unallocated(ir::DType dtype, std::vector<std::int64_t> shape) {
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  return tensor;
}

Tensor Tensor::Zeros(ir::DType dtype, std::vector<std::int64_t> shape) {
  Tensor tensor = Unallocated(dtype, std::move(shape));
  const std::uint64_t size =
      ir::StorageBytes(dtype, static_cast<std::uint64_t>(CountOf(tensor.shape_)));
  const std::size_t room = std::max<std::size_t>(1, (size + kAlignment - 1) / kAlignment);
  void* memory = std::aligned_alloc(kAlignment, room * kAlignment);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, room * kAlignment);
  std::shared_ptr<void> owner(memory, [](void* p) { std::free(p); });
  tensor.writable_ = static_cast<std::byte*>(memory);
  tensor.bytes_ = SharedBytes(ByteSpan(tensor.writable_, size), std::move(owner));
  return tensor;
}

Tensor Tensor::FromConstant(const ir::Constant& constant) {
  Tensor tensor;
  tensor.dtype_ = constant.dtype();
  tensor.shape_ = constant.shape();
  if (constant.IsPlain()) {
    tensor.bytes_ = constant.Materialize();
    if (IsReadable(tensor.dtype_, tensor.bytes_.span())) return tensor;
  }
  tensor = Zeros(constant.dtype(), constant.shape());
  constant.Read(0, constant.element_count(), tensor.writable_);
  if (tensor.dtype_ == ir::DType::kBool) {
    for (std::byte* b = tensor.writable_; b != tensor.writable_ + tensor.bytes_.size(); ++b) {
      *b = *b == std::byte{0} ? std::byte{0} : std::byte{1};
    }
  }
  return tensor;
}

ir::Constant Tensor::ToConstant() const {
  auto constant = ir::Constant::FromBytes(dtype_, shape_, bytes_);
  SMELT_CHECK(constant.ok());
  return std::move(constant).value();
}

std::int64_t Tensor::element_count() const { return CountOf(shape_); }

Tensor Tensor::Reshaped(std::vector<std::int64_t> shape) const {
  SMELT_CHECK(CountOf(shape) == element_count());
  Tensor tensor = *this;
  tensor.shape_ = std::move(shape);
  tensor.writable_ = nullptr;
  return tensor;
}

}  // namespace smelt::interp
