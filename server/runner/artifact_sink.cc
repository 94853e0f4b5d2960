#include "server/runner/artifact_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/file_system.h"
#include "server/runner/mapped_input.h"

namespace smelt::runner {
namespace {

constexpr std::size_t kGatherBytes = 256 * 1024;
constexpr std::uint64_t kWritebackBytes = std::uint64_t{4} << 20;
constexpr auto kProgressInterval = std::chrono::milliseconds(100);

}  // namespace

Status WriteFailed(std::string_view what, int error) {
  return Status(IsDiskFull(error) ? Reason::kStorageFull : Reason::kIoError,
                "writing " + std::string(what) + ": " + std::strerror(error));
}

Status ArtifactSink::Append(ByteSpan bytes) {
  if (buffer_.size() + bytes.size() > kGatherBytes) SMELT_RETURN_IF_ERROR(Flush());
  if (bytes.size() >= kGatherBytes) return WriteAll(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return Status::Ok();
}

Status ArtifactSink::Flush() {
  SMELT_RETURN_IF_ERROR(WriteAll(buffer_));
  buffer_.clear();
  return Status::Ok();
}

Status ArtifactSink::WriteAll(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(artifact_fd_, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return WriteFailed("the artifact", errno);
    }
    const std::uint64_t before = flushed_;
    flushed_ += static_cast<std::uint64_t>(n);
    if (before / kWritebackBytes != flushed_ / kWritebackBytes) {
      // The disk works beside the conversion: the daemon syncs the file before it is published.
      static_cast<void>(::sync_file_range(artifact_fd_, 0, 0, SYNC_FILE_RANGE_WRITE));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return Status::Ok();
}

Result<SharedBytes> ArtifactSink::WrittenBytes() {
  SMELT_RETURN_IF_ERROR(Flush());
  return MapReadOnly(artifact_fd_, flushed_);
}

Status ArtifactSink::AddExtra(std::string_view name, std::string_view kind, ByteSpan bytes) {
  if (extras_fd_ < 0) return Status::Ok();
  const Digest digest = Digest::Of(bytes);
  while (!bytes.empty()) {
    const ssize_t n = ::write(extras_fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return WriteFailed(name, errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  extras_.push_back({std::string(name), std::string(kind), digest});
  return Status::Ok();
}

void ArtifactSink::OnProgress(std::string_view stage, std::uint64_t done, std::uint64_t total,
                              std::string_view unit) {
  const auto now = std::chrono::steady_clock::now();
  if (stage == stage_ && now < next_progress_) return;
  stage_ = stage;
  next_progress_ = now + kProgressInterval;
  worker::v1::Frame frame;
  v1::Progress* progress = frame.mutable_progress()->mutable_progress();
  progress->set_stage(stage_);
  progress->set_done(done);
  progress->set_total(total);
  progress->set_unit(std::string(unit));
  // Progress is a courtesy; a daemon that went away is noticed by the reader thread.
  static_cast<void>(channel_.Send(frame));
}

}  // namespace smelt::runner
