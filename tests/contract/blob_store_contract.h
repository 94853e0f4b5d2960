// What every BlobStore promises. Instantiate BlobStoreContract with a type of store_factories.h.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "core/base/file_system.h"
#include "server/jobs/blob_store.h"
#include "tests/contract/store_factories.h"

namespace smelt::test {

inline std::vector<std::byte> Pattern(std::size_t size, int seed = 1) {
  std::vector<std::byte> bytes(size);
  std::uint32_t state = static_cast<std::uint32_t>(seed) * 2654435761u + 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

inline std::vector<std::byte> ReadWhole(int fd) {
  std::vector<std::byte> bytes(FileSystem::Real().Size(fd).value());
  SMELT_CHECK(FileSystem::Real().ReadAt(fd, 0, bytes).value() == bytes.size());
  return bytes;
}

template <class Stores>
class BlobStoreContract : public ::testing::Test {
 protected:
  jobs::BlobStore& store() { return stores_.blobs(); }
  bool Has(const Digest& digest) { return store().FindMissing({&digest, 1}).value().empty(); }
  std::unique_ptr<jobs::UploadSession> Begin(const std::string& id, const Digest& digest) {
    auto session = store().OpenUpload(id, digest);
    SMELT_CHECK(session.ok());
    return *std::move(session);
  }
  std::unique_ptr<jobs::TempBlob> WrittenTemp(ByteSpan bytes) {
    auto temp = store().CreateTemp().value();
    SMELT_CHECK(FileSystem::Real().WriteAt(temp->fd(), 0, bytes).ok());
    return temp;
  }

  Stores stores_;
  const std::vector<std::byte> bytes_ = Pattern(1000);
  const Digest digest_ = Digest::Of(bytes_);
};

TYPED_TEST_SUITE_P(BlobStoreContract);

TYPED_TEST_P(BlobStoreContract, HasNothingButTheEmptyBlob) {
  const std::vector<Digest> wanted = {this->digest_, Digest::Of({}), Digest::Of(Pattern(3))};
  EXPECT_EQ(this->store().FindMissing(wanted).value(),
            (std::vector<Digest>{this->digest_, Digest::Of(Pattern(3))}));
  EXPECT_EQ(this->store().TotalBytes(), 0u);
  EXPECT_TRUE(ReadWhole(this->store().Open(Digest::Of({})).value().get()).empty());
}

TYPED_TEST_P(BlobStoreContract, UploadInPiecesBecomesABlob) {
  auto session = this->Begin("up-1", this->digest_);
  EXPECT_FALSE(session->status().sealed);
  const ByteSpan all(this->bytes_);
  ASSERT_TRUE(session->Append(0, all.first(400)).ok());
  EXPECT_FALSE(this->Has(this->digest_));
  ASSERT_TRUE(session->Append(400, all.subspan(400)).ok());
  EXPECT_FALSE(this->Has(this->digest_));
  const Status sealed = session->Seal();
  ASSERT_TRUE(sealed.ok()) << sealed.ToString();
  EXPECT_TRUE(session->status().sealed);
  EXPECT_EQ(session->status().committed_bytes, 1000u);
  EXPECT_TRUE(session->Seal().ok());
  EXPECT_TRUE(this->Has(this->digest_));
  EXPECT_EQ(ReadWhole(this->store().Open(this->digest_).value().get()), this->bytes_);
  EXPECT_EQ(this->store().TotalBytes(), 1000u);
  EXPECT_TRUE(this->store().QueryUpload("up-1")->sealed);
}

TYPED_TEST_P(BlobStoreContract, APieceOfAFileBecomesABlob) {
  const auto temp = this->store().CreateTemp().value();
  const std::string text = "first,second";
  ASSERT_TRUE(FileSystem::Real().WriteAt(temp->fd(), 0, std::as_bytes(std::span(text))).ok());
  const Digest second = Digest::Of(std::as_bytes(std::span(text).subspan(6)));
  EXPECT_EQ(this->store().PutPiece(*temp, 6, second).value(), second);
  EXPECT_TRUE(this->store().Open(second).ok());
  EXPECT_EQ(this->store().PutPiece(*temp, 5, second).status().reason(), Reason::kDigestMismatch);
  EXPECT_EQ(this->store().PutPiece(*temp, 7, second).status().reason(), Reason::kDigestMismatch);
}

TYPED_TEST_P(BlobStoreContract, PutStoresBytesAtOnceAndTwiceForFree) {
  EXPECT_EQ(this->store().Put(this->bytes_).value(), this->digest_);
  EXPECT_EQ(this->store().Put(this->bytes_).value(), this->digest_);
  EXPECT_EQ(ReadWhole(this->store().Open(this->digest_).value().get()), this->bytes_);
  EXPECT_EQ(this->store().TotalBytes(), 1000u);
}

TYPED_TEST_P(BlobStoreContract, UploadOfAStoredBlobIsSealedAtOnce) {
  this->store().Seal(this->WrittenTemp(this->bytes_), std::nullopt).value();
  const auto session = this->Begin("up-1", this->digest_);
  EXPECT_TRUE(session->status().sealed);
  EXPECT_EQ(session->status().committed_bytes, 1000u);
  EXPECT_TRUE(session->Seal().ok());
}

TYPED_TEST_P(BlobStoreContract, WrongBytesNeverBecomeABlob) {
  auto session = this->Begin("up-1", this->digest_);
  ASSERT_TRUE(session->Append(0, Pattern(1000, 2)).ok());
  EXPECT_EQ(session->Seal().reason(), Reason::kDigestMismatch);
  EXPECT_FALSE(this->Has(this->digest_));
  EXPECT_EQ(this->store().QueryUpload("up-1").status().reason(), Reason::kUploadNotFound);
  auto retry = this->Begin("up-1", this->digest_);
  EXPECT_EQ(retry->status().committed_bytes, 0u);
  ASSERT_TRUE(retry->Append(0, this->bytes_).ok());
  EXPECT_TRUE(retry->Seal().ok());
}

TYPED_TEST_P(BlobStoreContract, IncompleteUploadCannotBeSealed) {
  auto session = this->Begin("up-1", this->digest_);
  ASSERT_TRUE(session->Append(0, ByteSpan(this->bytes_).first(999)).ok());
  EXPECT_EQ(session->Seal().reason(), Reason::kWriteOffset);
  ASSERT_TRUE(session->Append(999, ByteSpan(this->bytes_).subspan(999)).ok());
  EXPECT_TRUE(session->Seal().ok());
}

TYPED_TEST_P(BlobStoreContract, GapIsRefusedAndRepeatIsSkipped) {
  auto session = this->Begin("up-1", this->digest_);
  const ByteSpan all(this->bytes_);
  ASSERT_TRUE(session->Append(0, all.first(400)).ok());
  EXPECT_EQ(session->Append(401, all.subspan(401)).reason(), Reason::kWriteOffset);
  EXPECT_TRUE(session->Append(100, all.subspan(100, 500)).ok());
  EXPECT_TRUE(session->Append(0, all).ok());
  EXPECT_TRUE(session->Seal().ok());
}

TYPED_TEST_P(BlobStoreContract, BytesPastTheAnnouncedSizeAreRefused) {
  auto session = this->Begin("up-1", this->digest_);
  EXPECT_EQ(session->Append(0, Pattern(1001)).reason(), Reason::kBlobTooLarge);
  ASSERT_TRUE(session->Append(0, this->bytes_).ok());
  EXPECT_EQ(session->Append(1000, Pattern(1)).reason(), Reason::kBlobTooLarge);
}

TYPED_TEST_P(BlobStoreContract, CommittedUploadResumes) {
  {
    auto session = this->Begin("up-1", this->digest_);
    ASSERT_TRUE(session->Append(0, ByteSpan(this->bytes_).first(300)).ok());
    EXPECT_EQ(session->status().committed_bytes, 0u);
    ASSERT_TRUE(session->Commit().ok());
    EXPECT_EQ(session->status().committed_bytes, 300u);
  }
  EXPECT_EQ(this->store().QueryUpload("up-1")->committed_bytes, 300u);
  auto session = this->Begin("up-1", this->digest_);
  EXPECT_EQ(session->status().committed_bytes, 300u);
  ASSERT_TRUE(session->Append(300, ByteSpan(this->bytes_).subspan(300)).ok());
  EXPECT_TRUE(session->Seal().ok());
  EXPECT_EQ(ReadWhole(this->store().Open(this->digest_).value().get()), this->bytes_);
}

TYPED_TEST_P(BlobStoreContract, NewSessionTakesTheUploadOver) {
  auto first = this->Begin("up-1", this->digest_);
  ASSERT_TRUE(first->Append(0, ByteSpan(this->bytes_).first(300)).ok());
  auto second = this->Begin("up-1", this->digest_);
  EXPECT_EQ(second->status().committed_bytes, 300u);
  EXPECT_EQ(first->Append(300, Pattern(5)).reason(), Reason::kConcurrentUpdate);
  EXPECT_EQ(first->Commit().reason(), Reason::kConcurrentUpdate);
  EXPECT_EQ(first->Seal().reason(), Reason::kConcurrentUpdate);
  ASSERT_TRUE(second->Append(300, ByteSpan(this->bytes_).subspan(300)).ok());
  EXPECT_TRUE(second->Seal().ok());
}

TYPED_TEST_P(BlobStoreContract, UploadsOfTheSameBlobDoNotDisturbEachOther) {
  auto first = this->Begin("up-1", this->digest_);
  auto second = this->Begin("up-2", this->digest_);
  ASSERT_TRUE(first->Append(0, this->bytes_).ok());
  ASSERT_TRUE(second->Append(0, ByteSpan(this->bytes_).first(10)).ok());
  ASSERT_TRUE(first->Seal().ok());
  ASSERT_TRUE(second->Append(10, ByteSpan(this->bytes_).subspan(10)).ok());
  EXPECT_TRUE(second->Seal().ok());
  EXPECT_EQ(this->store().TotalBytes(), 1000u);
  EXPECT_EQ(ReadWhole(this->store().Open(this->digest_).value().get()), this->bytes_);
}

TYPED_TEST_P(BlobStoreContract, UploadIdIsBoundToItsBlob) {
  this->Begin("up-1", this->digest_);
  EXPECT_EQ(this->store().OpenUpload("up-1", Digest::Of(Pattern(7))).status().reason(),
            Reason::kInvalidArgument);
}

TYPED_TEST_P(BlobStoreContract, BadUploadIdsAreRefused) {
  for (const char* id : {"", "../x", "a/b", "a.b", "a b", "\xc3\xa9"}) {
    EXPECT_EQ(this->store().OpenUpload(id, this->digest_).status().reason(),
              Reason::kInvalidArgument)
        << id;
  }
  EXPECT_EQ(this->store().OpenUpload(std::string(65, 'a'), this->digest_).status().reason(),
            Reason::kInvalidArgument);
  EXPECT_TRUE(this->store().OpenUpload(std::string(64, 'a'), this->digest_).ok());
}

TYPED_TEST_P(BlobStoreContract, BlobAboveTheLimitIsRefused) {
  Digest digest = this->digest_;
  digest.size_bytes = kMaxBlobBytes + 1;
  EXPECT_EQ(this->store().OpenUpload("up-1", digest).status().reason(), Reason::kBlobTooLarge);
}

TYPED_TEST_P(BlobStoreContract, UnknownUploadIsNotFound) {
  EXPECT_EQ(this->store().QueryUpload("nothing").status().reason(), Reason::kUploadNotFound);
}

TYPED_TEST_P(BlobStoreContract, SweepForgetsUploadsAfterADay) {
  this->Begin("old", this->digest_)->Append(0, Pattern(5)).ok();
  this->stores_.clock().Advance(std::chrono::hours(23));
  const auto fresh = this->Begin("fresh", Digest::Of(Pattern(7)));
  this->stores_.clock().Advance(std::chrono::hours(2));
  EXPECT_EQ(this->store().SweepUploads().value(), 1u);
  EXPECT_EQ(this->store().QueryUpload("old").status().reason(), Reason::kUploadNotFound);
  EXPECT_TRUE(this->store().QueryUpload("fresh").ok());
}

TYPED_TEST_P(BlobStoreContract, SealedTempIsABlob) {
  const auto digest = this->store().Seal(this->WrittenTemp(this->bytes_), this->digest_);
  ASSERT_TRUE(digest.ok()) << digest.status().ToString();
  EXPECT_EQ(*digest, this->digest_);
  EXPECT_EQ(ReadWhole(this->store().Open(*digest).value().get()), this->bytes_);
  EXPECT_EQ(this->store().Seal(this->WrittenTemp(this->bytes_), std::nullopt).value(), *digest);
}

TYPED_TEST_P(BlobStoreContract, TempWithOtherBytesThanAnnouncedIsRefused) {
  EXPECT_EQ(this->store().Seal(this->WrittenTemp(Pattern(9)), this->digest_).status().reason(),
            Reason::kDigestMismatch);
  EXPECT_FALSE(this->Has(this->digest_));
  EXPECT_FALSE(this->Has(Digest::Of(Pattern(9))));
}

TYPED_TEST_P(BlobStoreContract, MissingBlobCannotBeOpened) {
  EXPECT_EQ(this->store().Open(this->digest_).status().reason(), Reason::kBlobMissing);
  this->store().Seal(this->WrittenTemp(this->bytes_), std::nullopt).value();
  Digest other_size = this->digest_;
  ++other_size.size_bytes;
  EXPECT_EQ(this->store().Open(other_size).status().reason(), Reason::kBlobMissing);
  EXPECT_FALSE(this->Has(other_size));
}

TYPED_TEST_P(BlobStoreContract, OpenedBlobsAreReadOnlyAndIndependent) {
  this->store().Seal(this->WrittenTemp(this->bytes_), std::nullopt).value();
  const UniqueFd first = this->store().Open(this->digest_).value();
  const UniqueFd second = this->store().Open(this->digest_).value();
  char byte = 0;
  EXPECT_EQ(::read(first.get(), &byte, 1), 1);
  EXPECT_EQ(::lseek(second.get(), 0, SEEK_CUR), 0);
}

REGISTER_TYPED_TEST_SUITE_P(BlobStoreContract, HasNothingButTheEmptyBlob,
                            UploadInPiecesBecomesABlob, APieceOfAFileBecomesABlob,
                            PutStoresBytesAtOnceAndTwiceForFree, UploadOfAStoredBlobIsSealedAtOnce,
                            WrongBytesNeverBecomeABlob, IncompleteUploadCannotBeSealed,
                            GapIsRefusedAndRepeatIsSkipped, BytesPastTheAnnouncedSizeAreRefused,
                            CommittedUploadResumes, NewSessionTakesTheUploadOver,
                            UploadsOfTheSameBlobDoNotDisturbEachOther, UploadIdIsBoundToItsBlob,
                            BadUploadIdsAreRefused, BlobAboveTheLimitIsRefused,
                            UnknownUploadIsNotFound, SweepForgetsUploadsAfterADay,
                            SealedTempIsABlob, TempWithOtherBytesThanAnnouncedIsRefused,
                            MissingBlobCannotBeOpened, OpenedBlobsAreReadOnlyAndIndependent);

}  // namespace smelt::test
