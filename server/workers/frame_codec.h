// Frames on the wire: a little-endian u32 byte count, then one serialized Frame.
//
// Pure functions of bytes: no socket, no thread. Both ends use them; the daemon's end treats every
// byte as hostile, since a worker may have been taken over by the model that it reads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "smelt/worker/v1/frames.pb.h"

namespace smelt::workers {

inline constexpr std::size_t kMaxFrameBytes = std::size_t{16} << 20;

// kWorkerProtocol when the frame exceeds kMaxFrameBytes.
Result<std::string> EncodeFrame(const worker::v1::Frame& frame);

// Cuts a byte stream into frames. Not thread safe.
class FrameDecoder {
 public:
  void Append(ByteSpan bytes);

  // The next complete frame, or nullopt when more bytes are needed. kWorkerProtocol when the
  // announced size is out of range or the bytes are no Frame; the stream is lost from there on.
  Result<std::optional<worker::v1::Frame>> Next();

  // True in the middle of a frame: an end of stream here is a truncated one.
  bool partial() const { return consumed_ < buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t consumed_ = 0;  // bytes of buffer_ that belong to frames already returned
};

}  // namespace smelt::workers
