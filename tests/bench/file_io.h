// What the bench needs of files: mapping a model, a sink that writes an artifact unsynced, and the
// cost of copying the same bytes for comparison.
#pragma once

#include <map>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/convert/convert.h"

namespace smelt::bench {

// Maps a whole file read-only.
Result<SharedBytes> MapFile(const std::string& path);

// Every other regular file beside the model, by name: what external data may refer to.
Result<std::map<std::string, SharedBytes>> MapFolderOf(const std::string& model_path);

// Seconds to copy `from` to `to` by read and write, unsynced: what `cp` does.
Result<double> CopySeconds(const std::string& from, const std::string& to);

// Writes to a file that it truncates on opening. One thread.
class FileSink final : public ConvertSink {
 public:
  static Result<FileSink> Open(const std::string& path);
  FileSink(FileSink&& other) noexcept;
  FileSink& operator=(FileSink&&) = delete;
  ~FileSink() override;

  Status Append(ByteSpan bytes) override;
  Result<SharedBytes> WrittenBytes() override;
  void OnProgress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}

 private:
  FileSink(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
};

}  // namespace smelt::bench
