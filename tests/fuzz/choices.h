// Choices: bytes as decisions. Out of bytes every choice is the first one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace smelt::fuzz {

class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  std::uint8_t Byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  // 0 .. bound - 1; `bound` is at least 1.
  std::size_t Below(std::size_t bound) {
    const std::size_t value = bound > 256 ? Byte() * std::size_t{256} + Byte() : Byte();
    return value % bound;
  }
  bool OneIn(std::size_t n) { return Below(n) == n - 1; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace smelt::fuzz
