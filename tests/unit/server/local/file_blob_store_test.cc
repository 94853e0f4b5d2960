#include "server/local/file_blob_store.h"

#include <gmock/gmock.h>

#include <functional>
#include <stop_token>
#include <thread>

#include "tests/unit/server/local/blob_fixture.h"

namespace smelt::local {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Upload = jobs::BlobMetrics::Upload;

class FileBlobStoreTest : public BlobFixture {};

TEST_F(FileBlobStoreTest, BlobsSurviveARestart) {
  Put(bytes_);
  Reopen();
  EXPECT_TRUE(Has(digest_));
  EXPECT_EQ(Read(digest_), bytes_);
  EXPECT_EQ(store_->TotalBytes(), 1000u);
}

TEST_F(FileBlobStoreTest, DroppedTempLeavesNothing) {
  {
    auto temp = store_->CreateTemp().value();
    EXPECT_EQ(Names("tmp").size(), 1u);
  }
  EXPECT_THAT(Names("tmp"), IsEmpty());
  Put(bytes_);
  EXPECT_THAT(Names("tmp"), IsEmpty());
}

TEST_F(FileBlobStoreTest, StartEmptiesTheTemporaryFolder) {
  Overwrite(directory_ / "tmp/left", "over");
  Reopen();
  EXPECT_THAT(Names("tmp"), IsEmpty());
}

TEST_F(FileBlobStoreTest, ChangedBytesAreFoundOnTheFirstOpenAfterAStart) {
  Put(bytes_);
  Overwrite(CasPath(digest_), std::string(1000, 'x'));
  Reopen();
  EXPECT_EQ(store_->Open(digest_).status().reason(), Reason::kBlobCorrupt);
  EXPECT_FALSE(Has(digest_));
  EXPECT_EQ(store_->Open(digest_).status().reason(), Reason::kBlobMissing);
  Put(bytes_);
  EXPECT_EQ(Read(digest_), bytes_);
}

TEST_F(FileBlobStoreTest, FirstOpenStopsHashingWhenAskedTo) {
  Put(bytes_);
  Reopen();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(store_->Open(digest_, stop.get_token()).status().reason(), Reason::kCancelled);
  EXPECT_TRUE(Has(digest_));
  EXPECT_TRUE(store_->Open(digest_).ok());
  EXPECT_TRUE(store_->Open(digest_, stop.get_token()).ok());  // nothing left to hash
}

TEST_F(FileBlobStoreTest, ChangedSizeIsFoundOnEveryOpen) {
  Put(bytes_);
  EXPECT_EQ(Read(digest_), bytes_);
  Overwrite(CasPath(digest_), "short");
  EXPECT_EQ(store_->Open(digest_).status().reason(), Reason::kBlobCorrupt);
}

TEST_F(FileBlobStoreTest, RemovedFileIsAMissingBlob) {
  Put(bytes_);
  ASSERT_TRUE(fs_.Remove(CasPath(digest_)).ok());
  EXPECT_EQ(store_->Open(digest_).status().reason(), Reason::kBlobMissing);
  EXPECT_FALSE(Has(digest_));
  Put(bytes_);
  EXPECT_EQ(Read(digest_), bytes_);
}

TEST_F(FileBlobStoreTest, StrayFilesAreNotBlobs) {
  Put(bytes_);
  Overwrite(directory_ / "cas/readme", "x");
  Overwrite(CasPath(digest_) + ".bak", "x");
  Reopen();
  EXPECT_EQ(store_->TotalBytes(), 1000u);
}

TEST_F(FileBlobStoreTest, UploadResumesAfterARestart) {
  {
    auto session = store_->OpenUpload("up", digest_).value();
    ASSERT_TRUE(session->Append(0, ByteSpan(bytes_).first(700)).ok());
    ASSERT_TRUE(session->Commit().ok());
  }
  Reopen();
  EXPECT_EQ(store_->QueryUpload("up")->committed_bytes, 700u);
  auto session = store_->OpenUpload("up", digest_).value();
  EXPECT_EQ(session->status().committed_bytes, 700u);
  ASSERT_TRUE(session->Append(700, ByteSpan(bytes_).subspan(700)).ok());
  ASSERT_TRUE(session->Seal().ok());
  EXPECT_EQ(Read(digest_), bytes_);
  EXPECT_THAT(Names("uploads"), IsEmpty());
  EXPECT_THAT(blob_metrics_.outcomes, ElementsAre(Upload::kResumed, Upload::kSealed));
}

TEST_F(FileBlobStoreTest, KilledUploadResumesAtItsLastStep) {
  {
    auto session = store_->OpenUpload("up", digest_).value();
    ASSERT_TRUE(session->Append(0, ByteSpan(bytes_).first(300)).ok());  // past a step of 256
    ASSERT_TRUE(session->Append(300, ByteSpan(bytes_).subspan(300, 100)).ok());
  }  // without Commit: as after kill -9
  Reopen();
  EXPECT_EQ(store_->QueryUpload("up")->committed_bytes, 300u);
  EXPECT_EQ(fs_.Stat(directory_ / "uploads/up.part").value()->size_bytes, 300u);
}

TEST_F(FileBlobStoreTest, KilledUploadWithoutAStepStartsOver) {
  {
    auto session = store_->OpenUpload("up", digest_).value();
    ASSERT_TRUE(session->Append(0, ByteSpan(bytes_).first(100)).ok());
  }
  Reopen();
  EXPECT_EQ(store_->QueryUpload("up").status().reason(), Reason::kUploadNotFound);
  EXPECT_THAT(Names("uploads"), IsEmpty());
}

TEST_F(FileBlobStoreTest, DamagedRecordCostsTheUploadAndNothingElse) {
  {
    auto session = store_->OpenUpload("up", digest_).value();
    ASSERT_TRUE(session->Append(0, ByteSpan(bytes_).first(300)).ok());
    ASSERT_TRUE(session->Commit().ok());
  }
  Overwrite(directory_ / "uploads/up.meta", "junk");
  Reopen();
  EXPECT_EQ(store_->QueryUpload("up").status().reason(), Reason::kUploadNotFound);
  EXPECT_THAT(Names("uploads"), IsEmpty());
}

TEST_F(FileBlobStoreTest, LostBlobCanBeUploadedAgainUnderTheSameId) {
  const auto upload = [&] {
    auto session = store_->OpenUpload("up", digest_).value();
    EXPECT_FALSE(session->status().sealed);
    EXPECT_EQ(session->status().committed_bytes, 0u);
    ASSERT_TRUE(session->Append(0, bytes_).ok());
    ASSERT_TRUE(session->Seal().ok());
  };
  upload();
  EXPECT_TRUE(store_->QueryUpload("up")->sealed);
  const std::function<void()> losses[] = {
      [&] { ASSERT_TRUE(fs_.Remove(CasPath(digest_)).ok()); },
      [&] { Overwrite(CasPath(digest_), "short"); },
  };
  for (const auto& lose : losses) {
    lose();
    EXPECT_FALSE(Has(digest_));
    EXPECT_EQ(store_->QueryUpload("up").status().reason(), Reason::kUploadNotFound);
    upload();
    EXPECT_TRUE(Has(digest_));
    EXPECT_EQ(Read(digest_), bytes_);
  }
}

TEST_F(FileBlobStoreTest, BlobThatWasFoundCorruptCanBeUploadedAgain) {
  {
    auto session = store_->OpenUpload("up", digest_).value();
    ASSERT_TRUE(session->Append(0, bytes_).ok());
    ASSERT_TRUE(session->Seal().ok());
  }
  Reopen();
  {
    auto session = store_->OpenUpload("up", digest_).value();  // a duplicate: sealed at once
    EXPECT_TRUE(session->status().sealed);
  }
  Overwrite(CasPath(digest_), std::string(1000, 'x'));
  EXPECT_EQ(store_->Open(digest_).status().reason(), Reason::kBlobCorrupt);
  auto session = store_->OpenUpload("up", digest_).value();
  ASSERT_TRUE(session->Append(0, bytes_).ok());
  ASSERT_TRUE(session->Seal().ok());
  EXPECT_EQ(Read(digest_), bytes_);
}

TEST_F(FileBlobStoreTest, UploadsHoldDescriptorsOnlyWhileSomebodyWrites) {
  const std::size_t before = OpenDescriptors();
  const auto begin = [&](int i) {
    auto session = store_->OpenUpload("up" + std::to_string(i), Digest::Of(Pattern(1000, i)));
    return std::move(session).value();
  };
  for (int i = 0; i < 20; ++i) {
    auto session = begin(i);
    ASSERT_TRUE(session->Append(0, ByteSpan(Pattern(1000, i)).first(300)).ok());
    EXPECT_GT(OpenDescriptors(), before);
    if (i % 2 == 0) {
      ASSERT_TRUE(session->Commit().ok());
    }
  }
  EXPECT_EQ(OpenDescriptors(), before);
  Reopen();
  EXPECT_EQ(OpenDescriptors(), before);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(store_->QueryUpload("up" + std::to_string(i))->committed_bytes, 300u);
  }
  EXPECT_EQ(OpenDescriptors(), before);
  auto session = begin(0);
  ASSERT_TRUE(session->Append(300, ByteSpan(Pattern(1000, 0)).subspan(300)).ok());
  ASSERT_TRUE(session->Seal().ok());
  EXPECT_EQ(OpenDescriptors(), before);
  EXPECT_EQ(Read(Digest::Of(Pattern(1000, 0))), Pattern(1000, 0));
}

TEST_F(FileBlobStoreTest, UploadWhosePartWasRemovedStartsOver) {
  {
    auto session = store_->OpenUpload("up", digest_).value();
    ASSERT_TRUE(session->Append(0, ByteSpan(bytes_).first(300)).ok());
    ASSERT_TRUE(session->Commit().ok());
  }
  ASSERT_TRUE(fs_.Remove(directory_ / "uploads/up.part").ok());
  auto session = store_->OpenUpload("up", digest_).value();
  EXPECT_EQ(session->status().committed_bytes, 0u);
  ASSERT_TRUE(session->Append(0, bytes_).ok());
  ASSERT_TRUE(session->Seal().ok());
  EXPECT_EQ(Read(digest_), bytes_);
}

TEST_F(FileBlobStoreTest, EarlierSessionThatEndsLeavesItsSuccessorAtWork) {
  auto earlier = store_->OpenUpload("up", digest_).value();
  ASSERT_TRUE(earlier->Append(0, ByteSpan(bytes_).first(300)).ok());
  auto later = store_->OpenUpload("up", digest_).value();
  ASSERT_TRUE(later->Append(300, ByteSpan(bytes_).subspan(300, 300)).ok());
  earlier.reset();
  ASSERT_TRUE(later->Append(600, ByteSpan(bytes_).subspan(600)).ok());
  ASSERT_TRUE(later->Seal().ok());
  EXPECT_EQ(Read(digest_), bytes_);
}

TEST_F(FileBlobStoreTest, SmallUploadPaysOneSyncOfDataAndOneOfItsFolder) {
  Put(Pattern(1000, 9));  // so that the shards' parent is synced already
  auto session = store_->OpenUpload("up", Digest::Of(Pattern(200))).value();
  ASSERT_TRUE(session->Append(0, Pattern(200)).ok());
  store_metrics_.data = store_metrics_.dir = 0;
  ASSERT_TRUE(session->Seal().ok());
  EXPECT_EQ(store_metrics_.data, 1);
  EXPECT_LE(store_metrics_.dir, 2);  // its shard, and the parent of a new shard
}

TEST_F(FileBlobStoreTest, SweepRemovesFilesOfForgottenUploads) {
  {
    auto session = store_->OpenUpload("up", digest_).value();
    ASSERT_TRUE(session->Append(0, ByteSpan(bytes_).first(300)).ok());
    ASSERT_TRUE(session->Commit().ok());
  }
  Reopen();
  clock_.Advance(std::chrono::hours(23));
  EXPECT_EQ(store_->SweepUploads().value(), 0u);
  clock_.Advance(std::chrono::hours(2));
  EXPECT_EQ(store_->SweepUploads().value(), 1u);
  EXPECT_THAT(Names("uploads"), IsEmpty());
  EXPECT_EQ(blob_metrics_.outcomes.back(), Upload::kExpired);
}

TEST_F(FileBlobStoreTest, OutcomesAreCounted) {
  auto wrong = store_->OpenUpload("a", digest_).value();
  ASSERT_TRUE(wrong->Append(0, Pattern(1000, 2)).ok());
  EXPECT_FALSE(wrong->Seal().ok());
  auto right = store_->OpenUpload("b", digest_).value();
  ASSERT_TRUE(right->Append(0, bytes_).ok());
  EXPECT_TRUE(right->Seal().ok());
  EXPECT_TRUE(right->Seal().ok());
  ASSERT_TRUE(store_->OpenUpload("c", digest_).ok());
  EXPECT_THAT(blob_metrics_.outcomes,
              ElementsAre(Upload::kMismatch, Upload::kSealed, Upload::kDuplicate));
}

TEST_F(FileBlobStoreTest, ParallelUploadsAndOutputsAllArrive) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto mine = Pattern(2000, i / 2);  // pairs write the same blob
      auto session = store_->OpenUpload("up" + std::to_string(i), Digest::Of(mine)).value();
      for (std::size_t at = 0; at < mine.size(); at += 100) {
        SMELT_CHECK(session->Append(at, ByteSpan(mine).subspan(at, 100)).ok());
      }
      SMELT_CHECK(session->Seal().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 4; ++i) {
    const auto mine = Pattern(2000, i);
    EXPECT_EQ(Read(Digest::Of(mine)), mine);
  }
}

}  // namespace
}  // namespace smelt::local
