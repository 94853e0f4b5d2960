// ArtifactSink: takes a conversion's artifact into a descriptor and its progress to the daemon.
//
// Used on the converting thread only. Owns neither the descriptor nor the channel.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.h"
#include "core/convert/convert.h"
#include "server/workers/frame_channel.h"

namespace smelt::runner {

// kStorageFull when `error` says that the disk is full, else kIoError.
Status WriteFailed(std::string_view what, int error);

class ArtifactSink final : public ConvertSink {
 public:
  // A file beside the artifact: a piece of what was written to the descriptor for extras.
  struct Extra {
    std::string name;
    std::string kind;
    Digest digest;
  };

  // Both are open for reading and writing, at the start of an empty file; `extras_fd` is -1 when
  // nothing beside the artifact was asked for.
  ArtifactSink(int artifact_fd, int extras_fd, workers::FrameChannel& channel)
      : artifact_fd_(artifact_fd), extras_fd_(extras_fd), channel_(channel) {}

  Status Append(ByteSpan bytes) override;
  Result<SharedBytes> WrittenBytes() override;
  // A new stage is told at once; within a stage at most ten frames a second are sent.
  void OnProgress(std::string_view stage, std::uint64_t done, std::uint64_t total,
                  std::string_view unit) override;

  Status AddExtra(std::string_view name, std::string_view kind, ByteSpan bytes) override;
  const std::vector<Extra>& extras() const { return extras_; }

  std::uint64_t size_bytes() const { return flushed_ + buffer_.size(); }
  // Writes what is buffered. kIoError: the disk, or the file size limit.
  Status Flush();

 private:
  Status WriteAll(ByteSpan bytes);

  int artifact_fd_;
  int extras_fd_;
  std::vector<Extra> extras_;
  workers::FrameChannel& channel_;
  std::vector<std::byte> buffer_;  // small appends are gathered
  std::uint64_t flushed_ = 0;
  std::string stage_;
  std::chrono::steady_clock::time_point next_progress_{};
};

}  // namespace smelt::runner
