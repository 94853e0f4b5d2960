// FrameChannel: frames and descriptors over one end of a Unix stream socket pair.
//
// Descriptors ride as SCM_RIGHTS on the first bytes of their frame, at most kDescriptorsPerByte on
// each, because the kernel refuses more in one message. One thread may send while another receives;
// neither direction may be shared.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "server/workers/frame_codec.h"

namespace smelt::workers {

inline constexpr std::size_t kDescriptorsPerByte = 250;

struct ChannelPair {
  UniqueFd daemon;  // close-on-exec, non-blocking
  UniqueFd worker;  // close-on-exec (the spawn duplicates it), blocking
};

// kIoError when the socket pair can't be made.
Result<ChannelPair> MakeChannelPair();

class FrameChannel {
 public:
  // Owns `socket`, blocking or not.
  explicit FrameChannel(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }

  // Sends one frame. The descriptors stay the caller's: the peer gets duplicates. A peer that does
  // not read for `limit` is an error. kIoError: the peer is gone; kWorkerProtocol: frame too large.
  Status Send(const worker::v1::Frame& frame, std::span<const int> descriptors = {},
              std::chrono::milliseconds limit = std::chrono::seconds(5));

  // Blocks for the next frame; nullopt when the peer closed between frames. On a non-blocking
  // socket use ReadAvailable and Next instead.
  Result<std::optional<worker::v1::Frame>> Receive();

  enum class ReadResult { kData, kWouldBlock, kClosed };
  // One recvmsg into the decoder.
  Result<ReadResult> ReadAvailable();
  Result<std::optional<worker::v1::Frame>> Next() { return decoder_.Next(); }

  // The descriptors received so far, in order; close-on-exec.
  std::vector<UniqueFd> TakeDescriptors() { return std::move(descriptors_); }

 private:
  UniqueFd socket_;
  FrameDecoder decoder_;
  std::vector<UniqueFd> descriptors_;
};

}  // namespace smelt::workers
