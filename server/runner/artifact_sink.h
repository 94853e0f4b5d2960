// ArtifactSink: takes a conversion's artifact into a descriptor and its progress to the daemon.
//
// Used on the converting thread only. Owns neither the descriptor nor the channel.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/convert/convert.h"
#include "server/workers/frame_channel.h"

namespace smelt::runner {

class ArtifactSink final : public ConvertSink {
 public:
  // `artifact_fd` is open for reading and writing, at the start of an empty file.
  ArtifactSink(int artifact_fd, workers::FrameChannel& channel)
      : artifact_fd_(artifact_fd), channel_(channel) {}

  Status Append(ByteSpan bytes) override;
  Result<SharedBytes> WrittenBytes() override;
  // A new stage is told at once; within a stage at most ten frames a second are sent.
  void OnProgress(std::string_view stage, std::uint64_t done, std::uint64_t total,
                  std::string_view unit) override;

  std::uint64_t size_bytes() const { return flushed_ + buffer_.size(); }
  // Writes what is buffered. kIoError: the disk, or the file size limit.
  Status Flush();

 private:
  Status WriteAll(ByteSpan bytes);

  int artifact_fd_;
  workers::FrameChannel& channel_;
  std::vector<std::byte> buffer_;  // small appends are gathered
  std::uint64_t flushed_ = 0;
  std::string stage_;
  std::chrono::steady_clock::time_point next_progress_{};
};

}  // namespace smelt::runner
