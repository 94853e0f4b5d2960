#include "core/export/tflite/flat_image.h"

#include <algorithm>
#include <bit>

#include "core/base/status.h"

namespace smelt::tflite_export {
namespace {

// In a vtable: its own size, the table's size, then one entry a slot.
std::size_t SlotOffset(int slot) { return 4 + 2 * static_cast<std::size_t>(slot); }

void SetU16(std::string& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<char>(value & 0xFF);
  bytes[at + 1] = static_cast<char>(value >> 8);
}

}  // namespace

void TableFields::F32(int slot, float value) { Add(slot, 4, std::bit_cast<std::uint32_t>(value)); }

FlatImage::FlatImage() {
  Append(std::uint32_t{0});
  for (const char c : {'T', 'F', 'L', '3'}) Append(static_cast<std::uint8_t>(c));
}

template <class T>
void FlatImage::Append(T value) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + sizeof(T));
  Put(at, value);
}

template <class T>
void FlatImage::Put(std::size_t at, T value) {
  StoreUnaligned(bytes_.data() + at, value);
}

void FlatImage::AlignTo(std::size_t alignment, std::size_t offset) {
  while (bytes_.size() % alignment != offset) bytes_.push_back(std::byte{0});
}

Position FlatImage::VTable(const std::string& bytes) {
  const auto [at, added] = vtables_.try_emplace(bytes, 0);
  if (added) {
    AlignTo(2);
    at->second = static_cast<Position>(bytes_.size());
    const ByteSpan raw = std::as_bytes(std::span<const char>(bytes));
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
    vtable_bytes_ += raw.size() / 4 * 4;
  }
  return at->second;
}

Position FlatImage::AddTable(TableFields table) {
  auto& fields = table.fields_;
  // Wide fields first: no padding between them.
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  int slots = 0;
  bool wide = false;
  for (const auto& field : fields) {
    slots = std::max(slots, field.slot + 1);
    wide = wide || field.bytes == 8;
  }
  std::string vtable(SlotOffset(slots), '\0');
  std::size_t offset = 4;
  for (const auto& field : fields) {
    SetU16(vtable, SlotOffset(field.slot), offset);
    offset += static_cast<std::size_t>(field.bytes);
  }
  SetU16(vtable, 0, vtable.size());
  SetU16(vtable, 2, offset);
  const Position shape = VTable(vtable);
  // The first field follows 4 bytes after the table's start.
  AlignTo(wide ? 8 : 4, wide ? 4 : 0);
  const auto position = static_cast<Position>(bytes_.size());
  Append(static_cast<std::int32_t>(static_cast<std::int64_t>(position) - shape));
  for (const auto& field : fields) {
    if (field.bytes == 1) Append(static_cast<std::uint8_t>(field.bits));
    if (field.bytes == 4) Append(static_cast<std::uint32_t>(field.bits));
    if (field.bytes == 8) Append(field.bits);
  }
  return position;
}

Position FlatImage::AddString(std::string_view text) {
  AlignTo(4);
  const auto position = static_cast<Position>(bytes_.size());
  Append(static_cast<std::uint32_t>(text.size()));
  const ByteSpan raw = std::as_bytes(std::span<const char>(text));
  bytes_.insert(bytes_.end(), raw.begin(), raw.end());
  bytes_.push_back(std::byte{0});
  return position;
}

template <class T>
Position FlatImage::AddNumbers(std::span<const T> values) {
  // The elements follow the 4-byte count.
  AlignTo(std::max(sizeof(T), sizeof(std::uint32_t)), sizeof(T) > 4 ? sizeof(T) - 4 : 0);
  const auto position = static_cast<Position>(bytes_.size());
  Append(static_cast<std::uint32_t>(values.size()));
  const ByteSpan raw = std::as_bytes(values);
  bytes_.insert(bytes_.end(), raw.begin(), raw.end());
  return position;
}

Position FlatImage::AddVector(std::span<const std::int32_t> values) { return AddNumbers(values); }
Position FlatImage::AddVector(std::span<const std::int64_t> values) { return AddNumbers(values); }
Position FlatImage::AddVector(std::span<const float> values) { return AddNumbers(values); }
Position FlatImage::AddVector(std::span<const std::uint8_t> values) { return AddNumbers(values); }

Position FlatImage::AddReferences(std::size_t count) {
  return AddNumbers(std::span<const std::uint32_t>(std::vector<std::uint32_t>(count)));
}

std::size_t FlatImage::FieldPosition(Position table, int slot) const {
  const auto back = LoadUnaligned<std::int32_t>(bytes_.data() + table);
  const auto vtable = static_cast<std::size_t>(static_cast<std::int64_t>(table) - back);
  const auto offset = LoadUnaligned<std::uint16_t>(bytes_.data() + vtable + SlotOffset(slot));
  SMELT_CHECK(offset != 0);
  return table + offset;
}

void FlatImage::PointRoot(Position target) { Put(0, target); }

void FlatImage::Point(Position table, int slot, std::uint64_t target) {
  const std::size_t at = FieldPosition(table, slot);
  SMELT_CHECK(target > at);
  Put(at, static_cast<std::uint32_t>(target - at));
}

void FlatImage::SetU64(Position table, int slot, std::uint64_t value) {
  Put(FieldPosition(table, slot), value);
}

void FlatImage::PointElement(Position vector, std::size_t index, Position target) {
  const std::size_t at = vector + 4 + 4 * index;
  SMELT_CHECK(target > at);
  Put(at, static_cast<std::uint32_t>(target - at));
}

}  // namespace smelt::tflite_export
