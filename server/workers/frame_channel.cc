#include "server/workers/frame_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace smelt::workers {
namespace {

using std::chrono::steady_clock;

Status ErrnoStatus(const char* what) {
  return Status(Reason::kIoError, std::string(what) + ": " + std::strerror(errno));
}

// Ancillary space for one full batch of descriptors.
struct alignas(cmsghdr) ControlBuffer {
  std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsPerByte)> bytes{};
};

// Sends up to `size` bytes with `batch` attached; returns sendmsg's result.
ssize_t SendOnce(int socket, const char* data, std::size_t size, std::span<const int> batch) {
  iovec iov{const_cast<char*>(data), size};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  ControlBuffer control;
  if (!batch.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(batch.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(batch.size_bytes());
    std::memcpy(CMSG_DATA(header), batch.data(), batch.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

Status WaitWritable(int socket, steady_clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
  if (left.count() <= 0) return Status(Reason::kIoError, "the peer does not read its frames");
  pollfd entry{socket, POLLOUT, 0};
  if (::poll(&entry, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
    return ErrnoStatus("poll");
  }
  return Status::Ok();
}

void AdoptDescriptors(msghdr& message, std::vector<UniqueFd>& out) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      out.emplace_back(fd);
    }
  }
}

}  // namespace

Result<ChannelPair> MakeChannelPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus("socketpair");
  }
  ChannelPair pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus("fcntl");
  return pair;
}

Status FrameChannel::Send(const worker::v1::Frame& frame, std::span<const int> descriptors,
                          std::chrono::milliseconds limit) {
  SMELT_ASSIGN_OR_RETURN(const std::string wire, EncodeFrame(frame));
  const auto deadline = steady_clock::now() + limit;
  std::size_t sent = 0;
  while (sent < wire.size()) {
    const std::span<const int> batch =
        descriptors.first(std::min(descriptors.size(), kDescriptorsPerByte));
    // Every batch has a byte of its own to ride on; the last one takes the rest of the frame.
    const bool more_batches = descriptors.size() > batch.size();
    const std::size_t size = more_batches ? 1 : wire.size() - sent;
    const ssize_t n = SendOnce(fd(), wire.data() + sent, size, batch);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
      descriptors = descriptors.subspan(batch.size());
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return ErrnoStatus("sending a frame");
    SMELT_RETURN_IF_ERROR(WaitWritable(fd(), deadline));
  }
  return descriptors.empty() ? Status::Ok()
                             : Status(Reason::kWorkerProtocol, "more descriptors than bytes");
}

Result<FrameChannel::ReadResult> FrameChannel::ReadAvailable() {
  std::array<std::byte, 16384> chunk;
  iovec iov{chunk.data(), chunk.size()};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t n = ::recvmsg(fd(), &message, MSG_CMSG_CLOEXEC);
  if (n < 0) {
    if (errno == EINTR) return ReadResult::kData;  // nothing appended; the caller tries again
    if (errno == EAGAIN || errno == EWOULDBLOCK) return ReadResult::kWouldBlock;
    if (errno == ECONNRESET) return ReadResult::kClosed;
    return ErrnoStatus("receiving a frame");
  }
  AdoptDescriptors(message, descriptors_);
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    return Status(Reason::kWorkerProtocol, "descriptors were lost: too many are open");
  }
  if (n == 0) return ReadResult::kClosed;
  decoder_.Append(ByteSpan(chunk.data(), static_cast<std::size_t>(n)));
  return ReadResult::kData;
}

Result<std::optional<worker::v1::Frame>> FrameChannel::Receive() {
  for (;;) {
    SMELT_ASSIGN_OR_RETURN(std::optional<worker::v1::Frame> frame, decoder_.Next());
    if (frame.has_value()) return frame;
    SMELT_ASSIGN_OR_RETURN(const ReadResult read, ReadAvailable());
    if (read == ReadResult::kClosed) {
      if (!decoder_.partial()) return std::optional<worker::v1::Frame>();
      return Status(Reason::kWorkerProtocol, "the stream ended inside a frame");
    }
    if (read == ReadResult::kWouldBlock) {
      pollfd entry{fd(), POLLIN, 0};
      ::poll(&entry, 1, -1);
    }
  }
}

}  // namespace smelt::workers
