#include "server/workers/frame_codec.h"

#include <cstdint>

namespace smelt::workers {
namespace {

constexpr std::size_t kPrefixBytes = 4;

std::uint32_t LoadLittleEndian(const char* from) {
  std::uint32_t value = 0;
  for (std::size_t i = kPrefixBytes; i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(from[i]);
  }
  return value;
}

}  // namespace

Result<std::string> EncodeFrame(const worker::v1::Frame& frame) {
  const std::size_t size = frame.ByteSizeLong();
  if (size > kMaxFrameBytes) {
    return Status(Reason::kWorkerProtocol,
                  "a frame of " + std::to_string(size) + " bytes exceeds the limit");
  }
  std::string wire(kPrefixBytes, '\0');
  for (std::size_t i = 0; i < kPrefixBytes; ++i) {
    wire[i] = static_cast<char>((size >> (8 * i)) & 0xff);
  }
  if (!frame.AppendToString(&wire)) {
    return Status(Reason::kInternalError, "a frame could not be serialized");
  }
  return wire;
}

void FrameDecoder::Append(ByteSpan bytes) {
  if (consumed_ > 0) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<std::optional<worker::v1::Frame>> FrameDecoder::Next() {
  const std::size_t available = buffer_.size() - consumed_;
  if (available < kPrefixBytes) return std::optional<worker::v1::Frame>();
  const std::uint32_t size = LoadLittleEndian(buffer_.data() + consumed_);
  if (size > kMaxFrameBytes) {
    return Status(Reason::kWorkerProtocol,
                  "a frame announces " + std::to_string(size) + " bytes, which exceeds the limit");
  }
  if (available - kPrefixBytes < size) return std::optional<worker::v1::Frame>();
  worker::v1::Frame frame;
  if (!frame.ParseFromArray(buffer_.data() + consumed_ + kPrefixBytes, static_cast<int>(size))) {
    return Status(Reason::kWorkerProtocol, "a frame's bytes can't be parsed");
  }
  consumed_ += kPrefixBytes + size;
  return std::optional<worker::v1::Frame>(std::move(frame));
}

}  // namespace smelt::workers
