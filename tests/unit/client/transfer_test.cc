// Uploads, downloads and retries over connections that break.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <sstream>

#include "client/files/model_file.h"
#include "client/net/downloader.h"
#include "client/net/retry.h"
#include "client/net/uploader.h"
#include "tests/unit/client/fake_daemon.h"
#include "tests/unit/client/scratch_folder.h"

namespace smelt::client {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TransferTest : public testing::Test {
 protected:
  static RetryPolicy Impatient() {
    return {.retries = 3,
            .retries_before_first_answer = 1,
            .first_pause = milliseconds(1),
            .longest_pause = milliseconds(2)};
  }
  Status Upload(const std::string& content) {
    Result<ModelFile> file = ModelFile::Open(scratch_.Write("file", content));
    EXPECT_TRUE(file.ok());
    Result<Digest> digest = HashFile(connection_, *file, "file");
    EXPECT_TRUE(digest.ok());
    const UploadFile uploads[] = {{"file", &*file, *digest}};
    return UploadMissing(connection_, uploads);
  }
  bool IsStored(const std::string& content) {
    return daemon_.blobs.count(Digest::Of(std::as_bytes(std::span(content))).Hex()) == 1;
  }
  Status Download(const std::string& content, const std::string& path) {
    const Result<Digest> digest = FromWire(daemon_.Store(content));
    return DownloadToFile(connection_, *digest, "blob", path);
  }

  const ScratchFolder scratch_;
  FakeDaemon daemon_{scratch_ / "socket"};
  Interrupt interrupt_;
  std::ostringstream progress_out_;
  std::unique_ptr<Progress> progress_ = MakePlainProgress(progress_out_, Clock::System());
  Connection connection_{daemon_.address(), Impatient(), interrupt_, *progress_};
};

TEST_F(TransferTest, UploadsEmptySmallAndManyChunks) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{256 * 1024},
                                 std::size_t{256 * 1024 + 1}, std::size_t{3'000'000}}) {
    const std::string content(size, 'x');
    ASSERT_TRUE(Upload(content).ok()) << size;
    EXPECT_TRUE(IsStored(content)) << size;
  }
}

TEST_F(TransferTest, StoredBlobIsNotSentAgain) {
  daemon_.Store("content");
  ASSERT_TRUE(Upload("content").ok());
  EXPECT_THAT(daemon_.write_offsets, IsEmpty());
}

TEST_F(TransferTest, BrokenUploadResumesWhereTheDaemonStopped) {
  const std::string content(1'000'000, 'y');
  daemon_.faults.broken_writes = 2;
  daemon_.faults.bytes_before_break = 300'000;
  ASSERT_TRUE(Upload(content).ok());
  EXPECT_TRUE(IsStored(content));
  ASSERT_THAT(daemon_.write_offsets, SizeIs(3));
  EXPECT_EQ(daemon_.write_offsets[0], 0u);
  EXPECT_GE(daemon_.write_offsets[1], 300'000u);
  EXPECT_GT(daemon_.write_offsets[2], daemon_.write_offsets[1]);
}

TEST_F(TransferTest, UploadThatProgressesIsNeverGivenUp) {
  const std::string content(3'000'000, 'z');
  daemon_.faults.broken_writes = 10;  // more than the retries
  daemon_.faults.bytes_before_break = 1;
  EXPECT_TRUE(Upload(content).ok());
  EXPECT_TRUE(IsStored(content));
}

TEST_F(TransferTest, LaterRunFindsTheBytesOfAnEarlierOne) {
  const std::string content(1'000'000, 'w');
  daemon_.faults.broken_writes = 100;  // each at its first message, whose bytes are kept
  EXPECT_EQ(Upload(content).reason(), Reason::kServerUnavailable);
  daemon_.faults.broken_writes = 0;
  daemon_.write_offsets.clear();
  EXPECT_FALSE(IsStored(content));
  ASSERT_TRUE(Upload(content).ok());
  EXPECT_THAT(daemon_.uploads, SizeIs(1));
  EXPECT_THAT(daemon_.write_offsets, ElementsAre(content.size()));  // only the seal was missing
}

TEST_F(TransferTest, UploadThatSomebodyElseWritesGoesOnUnderAnotherName) {
  daemon_.faults.conflicting_writes = 2;
  ASSERT_TRUE(Upload("content").ok());
  EXPECT_TRUE(IsStored("content"));
  EXPECT_THAT(daemon_.uploads, SizeIs(2));
}

TEST_F(TransferTest, FileThatChangedMeanwhileIsRefusedByItsDigest) {
  Result<ModelFile> file = ModelFile::Open(scratch_.Write("file", "before"));
  ASSERT_TRUE(file.ok());
  const UploadFile uploads[] = {
      {"file", &*file, Digest::Of(std::as_bytes(std::span("beforE", 6)))}};
  EXPECT_EQ(UploadMissing(connection_, uploads).reason(), Reason::kDigestMismatch);
}

TEST_F(TransferTest, FileThatBecameShorterIsAnError) {
  const std::string path = scratch_.Write("file", std::string(1000, 'a'));
  Result<ModelFile> file = ModelFile::Open(path);
  ASSERT_TRUE(file.ok());
  std::filesystem::resize_file(path, 10);
  EXPECT_EQ(HashFile(connection_, *file, "file").status().reason(), Reason::kIoError);
}

TEST_F(TransferTest, DownloadResumesAfterABreak) {
  daemon_.faults.broken_reads = 2;
  daemon_.faults.read_before_break = 8;
  ASSERT_TRUE(Download("twenty bytes of text", scratch_ / "out").ok());
  EXPECT_EQ(ReadFile(scratch_ / "out"), "twenty bytes of text");
  EXPECT_THAT(daemon_.read_offsets, ElementsAre(0, 8, 16));
}

TEST_F(TransferTest, FileOfTheUserBesideTheOutputIsLeftAlone) {
  scratch_.Write("out.part", "twenty bytes");
  ASSERT_TRUE(Download("twenty bytes of text", scratch_ / "out").ok());
  EXPECT_EQ(ReadFile(scratch_ / "out"), "twenty bytes of text");
  EXPECT_EQ(ReadFile(scratch_ / "out.part"), "twenty bytes");
  EXPECT_THAT(daemon_.read_offsets, ElementsAre(0));
}

TEST_F(TransferTest, WrongBytesNeverReachTheFinalName) {
  scratch_.Write("results/out", "old");
  daemon_.faults.corrupt_reads = true;
  EXPECT_EQ(Download("content", scratch_ / "results/out").reason(), Reason::kBlobCorrupt);
  EXPECT_EQ(ReadFile(scratch_ / "results/out"), "old");
  EXPECT_THAT(scratch_.Names("results"), ElementsAre("out"));
}

TEST_F(TransferTest, InterruptedDownloadLeavesNothing) {
  scratch_.Write("results/out", "old");
  interrupt_.Trigger();
  EXPECT_FALSE(Download("content", scratch_ / "results/out").ok());
  EXPECT_EQ(ReadFile(scratch_ / "results/out"), "old");
  EXPECT_THAT(scratch_.Names("results"), ElementsAre("out"));
}

TEST_F(TransferTest, PipeIsWrittenIntoAndNotReplaced) {
  const std::string pipe = scratch_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  // Open for reading and writing: neither side has to wait for the other.
  std::fstream reader(pipe, std::ios::in | std::ios::out | std::ios::binary);
  ASSERT_TRUE(Download("content", pipe).ok());
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  std::string received(7, '\0');
  reader.read(received.data(), 7);
  EXPECT_EQ(received, "content");
}

TEST_F(TransferTest, LinkAtTheFinalNameStaysALink) {
  scratch_.Write("real/file", "old");
  std::filesystem::create_symlink("real/file", scratch_.path() / "link");
  ASSERT_TRUE(Download("content", scratch_ / "link").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(scratch_.path() / "link"));
  EXPECT_EQ(ReadFile(scratch_ / "real/file"), "content");
}

TEST_F(TransferTest, MissingBlobIsNotRetried) {
  const Digest absent = Digest::Of(std::as_bytes(std::span("x", 1)));
  EXPECT_EQ(DownloadToMemory(connection_, absent).status().reason(), Reason::kBlobMissing);
  EXPECT_THAT(daemon_.read_offsets, SizeIs(1));
}

TEST(Backoff, DoublesWithJitterUpToTheLongest) {
  const RetryPolicy policy{.retries = 6,
                           .retries_before_first_answer = 6,
                           .first_pause = milliseconds(100),
                           .longest_pause = milliseconds(500)};
  Backoff backoff(6, policy, 1);
  for (const int longest : {100, 200, 400, 500, 500, 500}) {
    const auto pause = backoff.Next(std::nullopt);
    ASSERT_TRUE(pause.has_value());
    EXPECT_GE(pause->count(), longest / 2);
    EXPECT_LE(pause->count(), longest);
  }
  EXPECT_FALSE(backoff.Next(std::nullopt).has_value());
  backoff.Reset();
  EXPECT_TRUE(backoff.Next(std::nullopt).has_value());
}

TEST(Backoff, KeepsToWhatTheServerAsksForWithinAMinute) {
  Backoff backoff(10, RetryPolicy{}, 1);
  EXPECT_EQ(backoff.Next(milliseconds(3000)), milliseconds(3000));
  EXPECT_EQ(backoff.Next(std::chrono::hours(1)), milliseconds(60'000));
  EXPECT_GE(backoff.Next(milliseconds(-5))->count(), 0);
}

}  // namespace
}  // namespace smelt::client
