// Constant: a tensor whose bytes are known, as a view. Nothing is copied until a consumer streams
// it.
//
// A view has storage (a mapped file, an owned buffer, or other constants one behind another),
// strides and offset in elements, and a short list of elementwise steps. Transposing, slicing,
// splitting, reversing and broadcasting edit strides; BatchNorm folding, casting and quantizing
// append steps. Values are evaluated block by block in row-major order of `shape`, always in the
// same way, so equal views give equal bytes. Immutable; the methods return new views of the same
// storage; safe to read from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ir/dtype.h"

namespace smelt::ir {

// One elementwise step, applied to every element in order.
struct ConstantStep {
  enum class Kind { kMultiply, kAdd, kCast, kQuantize };
  Kind kind = Kind::kCast;
  // kMultiply, kAdd: one factor or summand per index of `axis`, or a single one when axis is -1.
  // Computed in double and rounded once to the element type; float element types only.
  // kQuantize: scales, of f32 alone.
  int axis = -1;
  std::shared_ptr<const std::vector<double>> values;  // shared by the views made from this one
  // kCast: by TFLite's CAST. kQuantize: as QuantizeBlock (element_cast.h).
  DType to = DType::kF32;
  bool changes_type() const { return kind == Kind::kCast || kind == Kind::kQuantize; }
};

class Constant {
 public:
  Constant() = default;
  // Row-major bytes, little endian, unaligned allowed. kPayloadSizeMismatch unless `bytes` has
  // exactly the size.
  static Result<Constant> FromBytes(DType dtype, std::vector<std::int64_t> shape,
                                    SharedBytes bytes);
  // Owned copies of small values.
  template <class T>
  static Constant FromValues(DType dtype, std::vector<std::int64_t> shape,
                             std::span<const T> values);
  // `parts` one behind another along the first axis, read from them when it is read. They have one
  // element type of at least 8 bits, a first axis, and the same sizes along the others.
  static Constant Joined(std::vector<Constant> parts);
  // All elements equal; stores one element. `element` holds ElementBits(dtype) / 8 bytes.
  static Constant Splat(DType dtype, std::vector<std::int64_t> shape, ByteSpan element);

  DType dtype() const { return dtype_; }  // after the steps
  const std::vector<std::int64_t>& shape() const { return shape_; }
  int rank() const { return static_cast<int>(shape_.size()); }
  std::int64_t element_count() const;
  std::uint64_t size_bytes() const {
    return StorageBytes(dtype_, static_cast<std::uint64_t>(element_count()));
  }

  // --- Views. Arguments must fit the shape (checked: our own bug otherwise). ---
  Constant Transposed(std::span<const int> permutation) const;
  Constant Sliced(std::span<const std::int64_t> begin, std::span<const std::int64_t> size,
                  std::span<const std::int64_t> stride) const;  // stride may be negative
  Constant BroadcastTo(std::span<const std::int64_t> shape) const;
  // The same elements in row-major order under a new shape; copies only when no strides express it.
  Constant Reshaped(std::span<const std::int64_t> shape) const;
  Constant WithStep(ConstantStep step) const;
  Constant Cast(DType to) const;
  // f32 as signed integers without a zero point: element / scale, rounded. One scale an index of
  // `axis`, or a single one when it is -1.
  Constant Quantized(DType to, int axis, std::span<const float> scales) const;

  // --- Reading. ---
  // Evaluates elements [begin, begin + count) of the row-major order into `out`
  // (StorageBytes(dtype(), count) bytes, any alignment). Sub-byte types: begin must be even.
  void Read(std::int64_t begin, std::int64_t count, std::byte* out) const;
  // All bytes: the storage itself when the view is plain, else an evaluated copy.
  SharedBytes Materialize() const;
  // The value as a view without steps and with row-major strides; shares storage when it already
  // is.
  Constant Evaluated() const;
  // True when bytes() of storage are the tensor's bytes as they are.
  bool IsPlain() const;
  // Small integer tensors as int64 (bool and any integer type); at most 1 << 16 elements.
  std::optional<std::vector<std::int64_t>> AsInts() const;
  // Any numeric type as double; at most 1 << 16 elements.
  std::optional<std::vector<double>> AsDoubles() const;
  // Every element equal to the first; checked without evaluating broadcast axes.
  bool IsSplat() const;

  // Identity of the storage: equal views of equal storage are equal tensors (cheap test only).
  bool SameView(const Constant& other) const;

  // --- Parts, for the writer's sharing and the text form. ---
  const SharedBytes& storage() const { return storage_; }
  const std::vector<std::int64_t>& strides() const { return strides_; }
  std::int64_t offset() const { return offset_; }
  const std::vector<ConstantStep>& steps() const { return steps_; }

 private:
  // Cuts the storage down to the view when the view is one piece of it.
  void Normalize();
  // Elements [begin, begin + count) before any step, one byte an element for types below a byte.
  void Gather(std::int64_t begin, std::int64_t count, std::byte* out) const;
  void GatherParts(std::int64_t begin, std::int64_t count, std::byte* out) const;
  void ReadInBlocks(std::int64_t begin, std::int64_t count, std::byte* out) const;

  DType dtype_ = DType::kF32;
  DType storage_dtype_ = DType::kF32;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> strides_;  // elements of storage_dtype_
  std::int64_t offset_ = 0;            // elements
  SharedBytes storage_;
  // Instead of storage: all their elements, joined along one axis. Slices and reshapes evaluate it.
  std::shared_ptr<const std::vector<Constant>> parts_;
  std::vector<ConstantStep> steps_;
};

template <class T>
Constant Constant::FromValues(DType dtype, std::vector<std::int64_t> shape,
                              std::span<const T> values) {
  ByteSpan bytes = std::as_bytes(values);
  auto made = FromBytes(dtype, std::move(shape),
                        SharedBytes::Own(std::vector<std::byte>(bytes.begin(), bytes.end())));
  SMELT_CHECK(made.ok());
  return std::move(made).value();
}

}  // namespace smelt::ir
