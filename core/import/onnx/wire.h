// WireReader: reads the fields of one protobuf message in place, one after the other, copying
// nothing. Bounds are checked for every byte; hostile input ends the reading with a state, never
// with a read outside of the bytes.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

namespace smelt::onnx_import {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;  // kVarint, kFixed32, kFixed64
  ByteSpan bytes;           // kBytes
  std::size_t begin = 0;    // of the tag, from the start of the message
  std::size_t end = 0;      // behind the field
};

class WireReader {
 public:
  enum class State : std::uint8_t {
    kReading,
    kEnd,        // all fields read
    kTruncated,  // a field runs over the end of the bytes
    kMalformed,  // no protobuf: bad tag, bad wire type, overlong varint
  };

  explicit WireReader(ByteSpan message) : message_(message) {}

  // False at the end and on errors; state() tells which.
  bool Next(WireField& field);
  State state() const { return state_; }

 private:
  std::optional<std::uint64_t> Varint();
  bool Stop(State state) {
    state_ = state;
    return false;
  }

  ByteSpan message_;
  std::size_t at_ = 0;
  State state_ = State::kReading;
};

// Reads one varint of a packed list and moves `bytes` behind it; nothing when it is cut off or
// longer than ten bytes.
std::optional<std::uint64_t> TakeVarint(ByteSpan& bytes);

}  // namespace smelt::onnx_import
