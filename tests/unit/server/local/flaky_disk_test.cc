// Single operations that fail while the daemon lives on: a full disk, an I/O error.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "server/local/file_blob_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/local/blob_fixture.h"

namespace smelt::local {
namespace {

class FlakyFs final : public test::FaultFs {
 public:
  using FaultFs::FaultFs;
  Status WriteAt(int fd, std::uint64_t offset, ByteSpan bytes) override {
    if (Fails("write")) return Status(Reason::kStorageFull, "no space");
    return FaultFs::WriteAt(fd, offset, bytes);
  }
  Status SyncData(int fd) override {
    if (Fails("sync")) return Status(Reason::kIoError, "bad sector");
    return FaultFs::SyncData(fd);
  }
  Status SyncDirectory(const std::string& path) override {
    if (Fails("sync_directory")) return Status(Reason::kIoError, "bad sector");
    return FaultFs::SyncDirectory(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (Fails("rename")) return Status(Reason::kIoError, "bad sector");
    return FaultFs::Rename(from, to);
  }

  std::map<std::string, int> failures;  // operation -> how often it fails from now on

 private:
  bool Fails(const std::string& operation) { return failures[operation]-- > 0; }
};

class FlakyDiskTest : public ::testing::Test {
 protected:
  FlakyDiskTest() {
    BlobStoreOptions options;
    options.directory = directory_.path();
    options.sync_every_bytes = 256;
    store_ = FileBlobStore::Open(options, {fs_, clock_, store_metrics_, blob_metrics_}).value();
    session_ = store_->OpenUpload("up", digest_).value();
    SMELT_CHECK(session_->Append(0, ByteSpan(bytes_).first(200)).ok());
    SMELT_CHECK(session_->Commit().ok());
  }
  bool Has() { return store_->FindMissing({&digest_, 1}).value().empty(); }
  // Brings the upload to its end from wherever it stands, as a client would.
  void Resume() {
    session_ = store_->OpenUpload("up", digest_).value();
    const std::uint64_t at = session_->status().committed_bytes;
    EXPECT_GE(at, 200u);
    ASSERT_TRUE(session_->Append(at, ByteSpan(bytes_).subspan(at)).ok());
    const Status sealed = session_->Seal();
    ASSERT_TRUE(sealed.ok()) << sealed.ToString();
    std::vector<std::byte> read(bytes_.size());
    const UniqueFd fd = store_->Open(digest_).value();
    ASSERT_EQ(fs_.ReadAt(fd.get(), 0, read).value(), read.size());
    EXPECT_EQ(read, bytes_);
  }

  test::TempDir directory_{test::MemoryBackedTemp()};
  FlakyFs fs_{directory_.path()};
  test::FakeClock clock_;
  jobs::StoreMetrics store_metrics_;
  jobs::BlobMetrics blob_metrics_;
  const std::vector<std::byte> bytes_ = Pattern(1000);
  const Digest digest_ = Digest::Of(bytes_);
  std::unique_ptr<FileBlobStore> store_;
  std::unique_ptr<jobs::UploadSession> session_;
};

TEST_F(FlakyDiskTest, FullDiskKeepsTheSessionAndItsOffset) {
  fs_.failures["write"] = 1;
  EXPECT_EQ(session_->Append(200, ByteSpan(bytes_).subspan(200)).reason(), Reason::kStorageFull);
  ASSERT_TRUE(session_->Append(200, ByteSpan(bytes_).subspan(200)).ok());
  EXPECT_TRUE(session_->Seal().ok());
  EXPECT_TRUE(Has());
}

TEST_F(FlakyDiskTest, FailedSyncOfDataForgetsWhatItMayHaveLost) {
  fs_.failures["sync"] = 1;
  EXPECT_EQ(session_->Append(200, ByteSpan(bytes_).subspan(200, 300)).reason(), Reason::kIoError);
  // The stream is over: what it sent after the committed bytes is uncertain.
  EXPECT_EQ(session_->Append(500, ByteSpan(bytes_).subspan(500)).reason(),
            Reason::kConcurrentUpdate);
  EXPECT_EQ(store_->QueryUpload("up")->committed_bytes, 200u);
  Resume();
}

TEST_F(FlakyDiskTest, FailedSealIsNoBlobAndCanBeRepeated) {
  for (const char* operation : {"sync", "rename", "sync_directory"}) {
    SCOPED_TRACE(operation);
    session_ = store_->OpenUpload("up", digest_).value();
    const std::uint64_t at = session_->status().committed_bytes;
    ASSERT_TRUE(session_->Append(at, ByteSpan(bytes_).subspan(at)).ok());
    fs_.failures[operation] = 1;
    EXPECT_EQ(session_->Seal().reason(), Reason::kIoError);
    EXPECT_FALSE(Has());
  }
  Resume();
}

TEST_F(FlakyDiskTest, FailedUploadKeepsNoDescriptor) {
  session_.reset();
  const auto open = [&] { return fs_.List("/proc/self/fd").value().size(); };
  const std::size_t before = open();
  session_ = store_->OpenUpload("up", digest_).value();
  fs_.failures["sync"] = 1;
  EXPECT_FALSE(session_->Append(200, ByteSpan(bytes_).subspan(200, 300)).ok());
  EXPECT_EQ(open(), before);
}

TEST_F(FlakyDiskTest, FailedOutputIsNoBlob) {
  for (const char* operation : {"sync", "rename", "sync_directory"}) {
    SCOPED_TRACE(operation);
    auto temp = store_->CreateTemp().value();
    ASSERT_TRUE(fs_.WriteAt(temp->fd(), 0, bytes_).ok());
    fs_.failures[operation] = 1;
    EXPECT_EQ(store_->Seal(std::move(temp), digest_).status().reason(), Reason::kIoError);
    EXPECT_FALSE(Has());
    EXPECT_TRUE(fs_.List(directory_ / "tmp").value().empty());
  }
  auto temp = store_->CreateTemp().value();
  ASSERT_TRUE(fs_.WriteAt(temp->fd(), 0, bytes_).ok());
  EXPECT_TRUE(store_->Seal(std::move(temp), digest_).ok());
  EXPECT_TRUE(Has());
}

}  // namespace
}  // namespace smelt::local
