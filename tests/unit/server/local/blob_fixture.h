// A FileBlobStore in a temporary directory that can be closed and opened again.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/file_system.h"
#include "server/local/file_blob_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace smelt::local {

inline std::vector<std::byte> Pattern(std::size_t size, int seed = 1) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] =
        static_cast<std::byte>((i * 31 + i / 251 + static_cast<std::size_t>(seed) * 7) & 255);
  }
  return bytes;
}

struct CountingBlobMetrics final : jobs::BlobMetrics {
  void OnUpload(Upload outcome) override {
    std::lock_guard lock(mutex);
    outcomes.push_back(outcome);
  }
  std::mutex mutex;
  std::vector<Upload> outcomes;
};

struct CountingStoreMetrics final : jobs::StoreMetrics {
  void OnFsync(std::string_view op, double) override { ++(op == "data" ? data : dir); }
  std::atomic<int> data = 0;
  std::atomic<int> dir = 0;
};

class BlobFixture : public ::testing::Test {
 protected:
  BlobFixture() { Reopen(); }

  void Reopen() {
    store_.reset();
    BlobStoreOptions options;
    options.directory = directory_.path();
    options.sync_every_bytes = 256;
    auto opened = FileBlobStore::Open(options, {fs_, clock_, store_metrics_, blob_metrics_});
    SMELT_CHECK(opened.ok());
    store_ = *std::move(opened);
  }
  Digest Put(ByteSpan bytes) {
    auto temp = store_->CreateTemp().value();
    SMELT_CHECK(fs_.WriteAt(temp->fd(), 0, bytes).ok());
    return store_->Seal(std::move(temp), std::nullopt).value();
  }
  bool Has(const Digest& digest) { return store_->FindMissing({&digest, 1}).value().empty(); }
  std::vector<std::byte> Read(const Digest& digest) {
    const UniqueFd fd = store_->Open(digest).value();
    std::vector<std::byte> bytes(fs_.Size(fd.get()).value());
    SMELT_CHECK(fs_.ReadAt(fd.get(), 0, bytes).value() == bytes.size());
    return bytes;
  }
  std::string CasPath(const Digest& digest) const {
    return directory_ / ("cas/" + digest.Hex().substr(0, 2) + "/" + digest.Hex());
  }
  static void Overwrite(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  std::size_t OpenDescriptors() { return fs_.List("/proc/self/fd").value().size(); }
  std::vector<std::string> Names(const std::string& folder) {
    return fs_.List(directory_ / folder).value();
  }

  test::TempDir directory_;
  FileSystem& fs_ = FileSystem::Real();
  test::FakeClock clock_{std::chrono::system_clock::now()};  // compared with times of files
  CountingStoreMetrics store_metrics_;
  CountingBlobMetrics blob_metrics_;
  std::unique_ptr<FileBlobStore> store_;
  const std::vector<std::byte> bytes_ = Pattern(1000);
  const Digest digest_ = Digest::Of(bytes_);
};

}  // namespace smelt::local
