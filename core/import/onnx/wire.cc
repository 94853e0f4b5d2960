#include "core/import/onnx/wire.h"

namespace smelt::onnx_import {
namespace {

constexpr std::uint32_t kMaxFieldNumber = (1U << 29) - 1;

}  // namespace

std::optional<std::uint64_t> TakeVarint(ByteSpan& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<std::uint64_t>(bytes[i]);
    value |= (byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0) {
      bytes = bytes.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> WireReader::Varint() {
  ByteSpan rest = message_.subspan(at_);
  const std::size_t before = rest.size();
  const auto value = TakeVarint(rest);
  if (!value) {
    state_ = before >= 10 ? State::kMalformed : State::kTruncated;
    return std::nullopt;
  }
  at_ += before - rest.size();
  return value;
}

bool WireReader::Next(WireField& field) {
  if (state_ != State::kReading) return false;
  if (at_ == message_.size()) return Stop(State::kEnd);
  field.begin = at_;
  const auto tag = Varint();
  if (!tag) return false;
  const std::uint64_t number = *tag >> 3;
  if (number == 0 || number > kMaxFieldNumber) return Stop(State::kMalformed);
  field.number = static_cast<std::uint32_t>(number);
  const std::size_t left = message_.size() - at_;
  switch (*tag & 7) {
    case 0: {
      field.type = WireType::kVarint;
      const auto value = Varint();
      if (!value) return false;
      field.value = *value;
      break;
    }
    case 1:
      field.type = WireType::kFixed64;
      if (left < 8) return Stop(State::kTruncated);
      field.value = LoadUnaligned<std::uint64_t>(message_.data() + at_);
      at_ += 8;
      break;
    case 2: {
      field.type = WireType::kBytes;
      const auto size = Varint();
      if (!size) return false;
      if (*size > message_.size() - at_) return Stop(State::kTruncated);
      field.bytes = message_.subspan(at_, static_cast<std::size_t>(*size));
      at_ += static_cast<std::size_t>(*size);
      break;
    }
    case 5:
      field.type = WireType::kFixed32;
      if (left < 4) return Stop(State::kTruncated);
      field.value = LoadUnaligned<std::uint32_t>(message_.data() + at_);
      at_ += 4;
      break;
    default:
      return Stop(State::kMalformed);  // groups are no part of ONNX
  }
  field.end = at_;
  return true;
}

}  // namespace smelt::onnx_import
