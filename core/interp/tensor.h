// Tensor: an element type, static sizes and row-major bytes that it owns or shares; and, where its
// integers stand for real numbers, the parameters by which they do.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/ir/constant.h"
#include "core/ir/dtype.h"
#include "core/ir/quant.h"
#include "core/ir/shape.h"

namespace smelt::interp {

// Copies share the bytes; mutable_data() is for the one who just made the tensor. f16 and bf16 are
// stored as 16 bits; bool as one byte, 0 or 1.
class Tensor {
 public:
  Tensor() = default;
  // Zero-filled, 64-byte aligned. Throws std::bad_alloc, as containers do.
  static Tensor Zeros(ir::DType dtype, std::vector<std::int64_t> shape);
  // Type and sizes without bytes, for a result that will share another tensor's.
  static Tensor Unallocated(ir::DType dtype, std::vector<std::int64_t> shape);
  // The constant's bytes: shared when aligned and plain, else evaluated.
  static Tensor FromConstant(const ir::Constant& constant);
  // Shares this tensor's bytes.
  ir::Constant ToConstant() const;

  ir::DType dtype() const { return dtype_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  int rank() const { return static_cast<int>(shape_.size()); }
  std::int64_t dim(int axis) const { return shape_[static_cast<std::size_t>(axis)]; }
  std::int64_t element_count() const;
  ByteSpan bytes() const { return bytes_.span(); }
  const ir::Quant& quant() const { return quant_; }
  void set_quant(ir::Quant quant) { quant_ = std::move(quant); }
  std::byte* mutable_data() { return writable_; }

  template <class T>
  std::span<const T> values() const {
    return {reinterpret_cast<const T*>(bytes_.data()), static_cast<std::size_t>(element_count())};
  }
  template <class T>
  std::span<T> mutable_values() {
    return {reinterpret_cast<T*>(writable_), static_cast<std::size_t>(element_count())};
  }
  // The same bytes under another shape of as many elements.
  Tensor Reshaped(std::vector<std::int64_t> shape) const;

 private:
  ir::DType dtype_ = ir::DType::kF32;
  std::vector<std::int64_t> shape_;
  SharedBytes bytes_;
  std::byte* writable_ = nullptr;
  ir::Quant quant_;
};

}  // namespace smelt::interp
