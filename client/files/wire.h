// Steps through the fields of one protobuf message. Never reads outside the given bytes.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"

namespace smelt::client {

// One field: its number and, by wire type, its bytes or its value.
struct WireField {
  enum class Kind : std::uint8_t { kVarint, kBytes, kOther };
  std::uint32_t number = 0;
  Kind kind = Kind::kOther;
  std::uint64_t value = 0;  // of a varint
  ByteSpan bytes;           // of a length-delimited field
};

class WireCursor {
 public:
  explicit WireCursor(ByteSpan message) : rest_(message) {}

  bool at_end() const { return rest_.empty(); }

  // False when the next field is not valid or reaches past the end; the cursor is then spent.
  bool Next(WireField* field) {
    std::uint64_t tag = 0;
    if (!ReadVarint(&tag) || (tag >> 3) == 0 || (tag >> 3) > kMaxFieldNumber) return false;
    *field = WireField{.number = static_cast<std::uint32_t>(tag >> 3), .bytes = {}};
    switch (tag & 7) {
      case 0:
        field->kind = WireField::Kind::kVarint;
        return ReadVarint(&field->value);
      case 1:
        return Skip(8);
      case 2: {
        std::uint64_t size = 0;
        if (!ReadVarint(&size) || size > rest_.size()) return false;
        field->kind = WireField::Kind::kBytes;
        field->bytes = rest_.first(static_cast<std::size_t>(size));
        return Skip(size);
      }
      case 5:
        return Skip(4);
      default:  // groups are not part of this format; 6 and 7 do not exist
        return false;
    }
  }

 private:
  static constexpr std::uint64_t kMaxFieldNumber = (1u << 29) - 1;

  bool Skip(std::uint64_t size) {
    if (size > rest_.size()) return false;
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return true;
  }

  bool ReadVarint(std::uint64_t* value) {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_ = rest_.subspan(1);
      result |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) {
        *value = result;
        return true;
      }
    }
    return false;
  }

  ByteSpan rest_;
};

}  // namespace smelt::client
