// Single operations that fail while the daemon lives on: a full disk, an I/O error.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

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

  Result<std::uint64_t> FreeBytes(const std::string& /*path*/) override { return free_bytes; }

  std::uint64_t free_bytes = std::uint64_t{1} << 40;
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

TEST_F(FlakyDiskTest, FullDiskDiscardsTheUploadAndFreesItsSpace) {
  fs_.failures["write"] = 1;
  const Status full = session_->Append(200, ByteSpan(bytes_).subspan(200));
  EXPECT_EQ(full.reason(), Reason::kStorageFull);
  EXPECT_NE(full.message().find("of 1000 bytes were discarded"), std::string_view::npos);
  EXPECT_TRUE(fs_.List(directory_ / "uploads").value().empty());
  EXPECT_EQ(session_->Append(200, bytes_).reason(), Reason::kConcurrentUpdate);
  EXPECT_EQ(store_->QueryUpload("up")->committed_bytes, 0u);
  session_ = store_->OpenUpload("up", digest_).value();
  ASSERT_TRUE(session_->Append(0, bytes_).ok());
  EXPECT_TRUE(session_->Seal().ok());
  EXPECT_TRUE(Has());
}

TEST_F(FlakyDiskTest, DiskThatIsFullAtTheFirstRecordKeepsNothing) {
  const Digest other = Digest::Of(Pattern(1000, 2));
  auto session = store_->OpenUpload("other", other).value();
  ASSERT_TRUE(session->Append(0, ByteSpan(Pattern(1000, 2)).first(100)).ok());
  fs_.failures["write"] = 1;  // of the record beside the part
  EXPECT_EQ(session->Commit().reason(), Reason::kStorageFull);
  EXPECT_EQ(fs_.List(directory_ / "uploads").value(),
            (std::vector<std::string>{"up.meta", "up.part"}));
}

TEST_F(FlakyDiskTest, UploadThatDoesNotFitIsRefusedBeforeItsFirstByte) {
  constexpr std::uint64_t kKept = std::uint64_t{16} << 20;
  fs_.free_bytes = kKept + 799;
  const Digest other = Digest::Of(Pattern(1000, 2));
  const Status refused = store_->OpenUpload("other", other).status();
  EXPECT_EQ(refused.reason(), Reason::kStorageFull);
  for (const std::string& part : {std::to_string(kKept + 799) + " bytes free",
                                  std::string("1000 are needed"), directory_.path()}) {
    EXPECT_NE(refused.message().find(part), std::string_view::npos) << refused.message();
  }
  EXPECT_EQ(store_->QueryUpload("other").status().reason(), Reason::kUploadNotFound);
  // Of one that is under way the rest has to fit; what is there stays.
  EXPECT_EQ(store_->OpenUpload("up", digest_).status().reason(), Reason::kStorageFull);
  fs_.free_bytes = kKept + 800;
  Resume();
}

TEST_F(FlakyDiskTest, StoreSaysWhetherItCanBeWritten) {
  EXPECT_TRUE(store_->CheckWritable().ok());
  fs_.free_bytes = (std::uint64_t{16} << 20) - 1;
  EXPECT_EQ(store_->CheckWritable().reason(), Reason::kStorageFull);
  fs_.free_bytes *= 2;
  fs_.failures["write"] = 1;
  EXPECT_EQ(store_->CheckWritable().reason(), Reason::kStorageFull);
  EXPECT_TRUE(store_->CheckWritable().ok());
  EXPECT_TRUE(fs_.List(directory_ / "tmp").value().empty());
}

TEST_F(FlakyDiskTest, StoreIsNotWritableWithoutItsDirectories) {
  for (const char* name : {"cas", "uploads", "tmp"}) {
    const std::string path = directory_ / name;
    const std::string aside = directory_ / "aside";
    std::filesystem::rename(path, aside);
    const Status gone = store_->CheckWritable();
    EXPECT_EQ(gone.reason(), Reason::kIoError) << name;
    EXPECT_NE(gone.message().find(path), std::string_view::npos) << gone.message();
    std::filesystem::rename(aside, path);
    EXPECT_TRUE(store_->CheckWritable().ok());
  }
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

TEST_F(FlakyDiskTest, FailedRepetitionTakesNoBlobAway) {
  auto twin = store_->OpenUpload("twin", digest_).value();
  ASSERT_TRUE(twin->Append(0, bytes_).ok());
  Resume();
  fs_.failures["sync_directory"] = 1;
  EXPECT_TRUE(twin->Seal().ok());
  EXPECT_EQ(fs_.failures["sync_directory"], 0);
  EXPECT_TRUE(Has());
}

}  // namespace
}  // namespace smelt::local
