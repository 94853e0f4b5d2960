// FlatImage: the metadata part of a FlatBuffer, laid out forward: parents before children,
// references filled in when the child gets its place. Positions are file positions, since the image
// starts the file.
//
// Payloads are not stored here; `Point` may aim behind the end of the image. Not thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

namespace smelt::tflite_export {

using Position = std::uint32_t;

// The fields of one table, by vtable slot. References are filled in later with FlatImage::Point.
class TableFields {
 public:
  void U8(int slot, std::uint8_t value) { Add(slot, 1, value); }
  void U32(int slot, std::uint32_t value) { Add(slot, 4, value); }
  void I32(int slot, std::int32_t value) { Add(slot, 4, static_cast<std::uint32_t>(value)); }
  void F32(int slot, float value);
  void U64(int slot, std::uint64_t value) { Add(slot, 8, value); }
  void Reference(int slot) { Add(slot, 4, 0); }

 private:
  friend class FlatImage;
  struct Field {
    int slot;
    int bytes;
    std::uint64_t bits;
  };
  void Add(int slot, int bytes, std::uint64_t bits) { fields_.push_back({slot, bytes, bits}); }
  std::vector<Field> fields_;
};

class FlatImage {
 public:
  // Starts with room for the root reference and the file identifier "TFL3".
  FlatImage();

  Position AddTable(TableFields fields);
  Position AddString(std::string_view text);
  Position AddVector(std::span<const std::int32_t> values);
  Position AddVector(std::span<const std::int64_t> values);
  Position AddVector(std::span<const float> values);
  Position AddVector(std::span<const std::uint8_t> values);
  // Of `count` references, to be filled in with PointElement.
  Position AddReferences(std::size_t count);

  void PointRoot(Position target);
  // Fills the reference (or the 64-bit number) that `table` holds in `slot`.
  void Point(Position table, int slot, std::uint64_t target);
  void SetU64(Position table, int slot, std::uint64_t value);
  void PointElement(Position vector, std::size_t index, Position target);

  ByteSpan bytes() const { return bytes_; }
  std::uint64_t size() const { return bytes_.size(); }
  // Of the shapes that tables share, each rounded down to a multiple of 4.
  std::uint64_t vtable_bytes() const { return vtable_bytes_; }

 private:
  void AlignTo(std::size_t alignment, std::size_t offset = 0);
  template <class T>
  void Append(T value);
  template <class T>
  void Put(std::size_t at, T value);
  template <class T>
  Position AddNumbers(std::span<const T> values);
  Position VTable(const std::string& bytes);
  std::size_t FieldPosition(Position table, int slot) const;

  std::vector<std::byte> bytes_;
  std::map<std::string, Position> vtables_;  // equal ones are shared
  std::uint64_t vtable_bytes_ = 0;
};

}  // namespace smelt::tflite_export
