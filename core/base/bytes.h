// Byte views, shared ownership of bytes, and typed loads from unaligned memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace smelt {

using ByteSpan = std::span<const std::byte>;

// Reads a T from memory of any alignment (payloads inside a protobuf are unaligned).
template <class T>
T LoadUnaligned(const std::byte* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void StoreUnaligned(std::byte* to, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(T));
}

// A view of immutable bytes that keeps whatever owns them alive: a mapped file or a buffer.
// Copies share the owner, so it is shared_ptr by nature. Safe to read from any thread.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(ByteSpan view, std::shared_ptr<const void> owner)
      : view_(view), owner_(std::move(owner)) {}

  static SharedBytes Own(std::vector<std::byte> bytes) {
    auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    return SharedBytes(ByteSpan(*owner), owner);
  }
  template <class T>
  static SharedBytes Own(const std::vector<T>& values) {
    ByteSpan bytes = std::as_bytes(std::span<const T>(values));
    return Own(std::vector<std::byte>(bytes.begin(), bytes.end()));
  }

  ByteSpan span() const { return view_; }
  const std::byte* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  // A part of these bytes with the same owner. Requires offset + size <= this->size().
  SharedBytes Slice(std::size_t offset, std::size_t size) const {
    return SharedBytes(view_.subspan(offset, size), owner_);
  }

 private:
  ByteSpan view_;
  std::shared_ptr<const void> owner_;
};

}  // namespace smelt
