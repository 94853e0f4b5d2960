// Writes protobuf wire format by hand, for tests of readers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace smelt::client {

inline std::string Varint(std::uint64_t value) {
  std::string bytes;
  while (value >= 0x80) {
    bytes += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes += static_cast<char>(value);
  return bytes;
}

inline std::string VarintField(std::uint32_t number, std::uint64_t value) {
  return Varint(std::uint64_t{number} << 3) + Varint(value);
}

inline std::string BytesField(std::uint32_t number, std::string_view content) {
  return Varint((std::uint64_t{number} << 3) | 2) + Varint(content.size()) + std::string(content);
}

// A TensorProto whose data is in the file `location`.
inline std::string ExternalTensor(std::string_view location) {
  const std::string entry = BytesField(1, "location") + BytesField(2, location);
  const std::string offset = BytesField(1, "offset") + BytesField(2, "4096");
  return BytesField(8, "weight") + BytesField(13, entry) + BytesField(13, offset) +
         VarintField(14, 1);
}

// A ModelProto with this GraphProto.
inline std::string Model(std::string_view graph) {
  return VarintField(1, 8) + BytesField(2, "test") + BytesField(7, graph);
}

inline ByteSpan Bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace smelt::client
