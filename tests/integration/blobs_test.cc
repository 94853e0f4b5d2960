// Uploads and downloads through the real daemon.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/integration/daemon.h"
#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

// Bytes that no compression or accident makes equal.
std::string SomeBytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = 88172645463325252ULL;
  for (char& c : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return bytes;
}

std::vector<v1::WriteRequest> FirstPart(const std::string& id, const std::string& bytes,
                                        std::size_t part) {
  std::vector<v1::WriteRequest> messages;
  for (std::size_t offset = 0; offset < part; offset += 256 * 1024) {
    v1::WriteRequest& message = messages.emplace_back();
    message.set_offset(offset);
    message.set_data(bytes.substr(offset, std::min<std::size_t>(256 * 1024, part - offset)));
  }
  messages.front().set_upload_id(id);
  *messages.front().mutable_digest() = DigestOf(bytes);
  return messages;
}

class BlobsThroughDaemon : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(daemon_.Start()); }
  Daemon daemon_{SMELT_CHAOS_WORKER};
  TestClient client_{daemon_.address()};
};

TEST_F(BlobsThroughDaemon, RoundTripsAndReadsParts) {
  const std::string bytes = SomeBytes(3 * 1024 * 1024 + 17);
  const v1::Digest digest = DigestOf(bytes);
  EXPECT_EQ(client_.FindMissing({digest}).value.missing_size(), 1);
  const auto written = client_.Upload("upload", bytes);
  ASSERT_TRUE(written.ok()) << written.error.message;
  EXPECT_TRUE(written.value.sealed());
  EXPECT_EQ(written.value.committed_bytes(), bytes.size());
  EXPECT_EQ(client_.FindMissing({digest}).value.missing_size(), 0);
  EXPECT_EQ(client_.Read(digest).value, bytes);
  EXPECT_EQ(client_.Read(digest, 1'000'000, 600'000).value, bytes.substr(1'000'000, 600'000));
  EXPECT_EQ(client_.Read(digest, bytes.size()).value, "");
  EXPECT_EQ(client_.Read(digest, bytes.size() + 1).error.code, "OUT_OF_RANGE");
  EXPECT_EQ(client_.Read(DigestOf("missing")).error.code, "NOT_FOUND");
  EXPECT_EQ(client_.Read(DigestOf("missing")).error.reason, "blob_missing");
}

TEST_F(BlobsThroughDaemon, EndsTheUploadOfAStoredBlobAtOnce) {
  const std::string bytes = SomeBytes(100'000);
  ASSERT_TRUE(client_.Upload("first", bytes).ok());
  const auto again = client_.Write(FirstPart("second", bytes, 10));
  ASSERT_TRUE(again.ok()) << again.error.message;
  EXPECT_TRUE(again.value.sealed());
  EXPECT_EQ(again.value.committed_bytes(), bytes.size());
}

TEST_F(BlobsThroughDaemon, ResumesAnUploadAfterAKill) {
  const std::string bytes = SomeBytes(12 * 1024 * 1024);
  const std::size_t part = 5 * 1024 * 1024;
  const auto first = client_.Write(FirstPart("resumed", bytes, part));
  ASSERT_TRUE(first.ok()) << first.error.message;
  EXPECT_FALSE(first.value.sealed());
  EXPECT_EQ(first.value.committed_bytes(), part);

  daemon_.Kill();
  ASSERT_NO_FATAL_FAILURE(daemon_.Start());
  TestClient client(daemon_.address());
  const auto query = client.QueryWrite("resumed");
  ASSERT_TRUE(query.ok()) << query.error.message;
  EXPECT_EQ(query.value.committed_bytes(), part);
  const auto rest = client.Upload("resumed", bytes, query.value.committed_bytes());
  ASSERT_TRUE(rest.ok()) << rest.error.message;
  EXPECT_TRUE(rest.value.sealed());
  EXPECT_EQ(client.Read(DigestOf(bytes)).value, bytes);
}

TEST_F(BlobsThroughDaemon, NamesTheCommittedSizeWhenTheOffsetIsWrong) {
  const std::string bytes = SomeBytes(1'000'000);
  ASSERT_TRUE(client_.Write(FirstPart("gap", bytes, 300'000)).ok());
  auto messages = FirstPart("gap", bytes, 10);
  messages.front().set_offset(500'000);
  const auto answer = client_.Write(messages);
  EXPECT_EQ(answer.error.code, "ABORTED");
  EXPECT_EQ(answer.error.reason, "write_offset");
  EXPECT_EQ(answer.error.metadata.at("committed_bytes"), "300000");
}

TEST_F(BlobsThroughDaemon, DropsAnUploadWhoseDigestIsWrong) {
  auto messages = FirstPart("wrong", "right bytes", 11);
  messages.back().set_data("wrong bytes");
  messages.back().set_finish(true);
  const auto answer = client_.Write(messages);
  EXPECT_EQ(answer.error.code, "INVALID_ARGUMENT");
  EXPECT_EQ(answer.error.reason, "digest_mismatch");
  EXPECT_EQ(client_.QueryWrite("wrong").error.reason, "upload_not_found");
  EXPECT_EQ(client_.FindMissing({DigestOf("right bytes")}).value.missing_size(), 1);
  EXPECT_TRUE(client_.Upload("wrong", "right bytes").ok());
}

TEST_F(BlobsThroughDaemon, HoldsItsMessageLimits) {
  const std::string bytes = SomeBytes(5 * 1024 * 1024);
  auto whole = FirstPart("large", bytes, 10);
  whole.front().set_data(bytes);
  const auto too_large = client_.Write(whole);
  EXPECT_EQ(too_large.error.code, "RESOURCE_EXHAUSTED");
  whole.front().set_data(bytes.substr(0, (1 << 20) + 1));
  const auto chunk = client_.Write(whole);
  EXPECT_EQ(chunk.error.code, "INVALID_ARGUMENT");
  EXPECT_NE(chunk.error.message.find("1 MiB"), std::string::npos);
  const std::vector<v1::Digest> many(1001, DigestOf(""));
  EXPECT_EQ(client_.FindMissing(many).error.code, "INVALID_ARGUMENT");
  EXPECT_EQ(client_.Health(""), "SERVING");
}

TEST_F(BlobsThroughDaemon, RefusesNamesThatAreNone) {
  v1::Digest upper = DigestOf("x");
  upper.set_sha256(std::string(64, 'A'));
  EXPECT_EQ(client_.FindMissing({upper}).error.reason, "invalid_digest");
  EXPECT_EQ(client_.Read(upper).error.reason, "invalid_digest");
  EXPECT_EQ(client_.Upload("../escape", "bytes").error.code, "INVALID_ARGUMENT");
  EXPECT_EQ(client_.Upload("", "bytes").error.code, "INVALID_ARGUMENT");
  EXPECT_EQ(client_.Write({}).error.code, "INVALID_ARGUMENT");
}

TEST(DaemonBlobLimit, RefusesABlobAboveIt) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start({"--max-blob-size=64KiB"}));
  TestClient client(daemon.address());
  EXPECT_EQ(client.Upload("large", SomeBytes(65 * 1024)).error.reason, "blob_too_large");
  EXPECT_TRUE(client.Upload("small", SomeBytes(64 * 1024)).ok());
}

// A blob of zeros as an earlier daemon may have left it, so large that hashing it outlasts the
// test.
v1::Digest PlantHugeBlob(const Daemon& daemon, char name) {
  v1::Digest digest;
  digest.set_sha256(std::string(64, name));
  digest.set_size_bytes(std::uint64_t{64} << 30);
  const std::string shard = daemon.state_dir() + "/cas/" + std::string(2, name);
  std::filesystem::create_directories(shard);
  const std::string path = shard + "/" + digest.sha256();
  std::ofstream(path).put('0');
  std::filesystem::resize_file(path, digest.size_bytes());
  return digest;
}

TEST(BlobsAfterAStart, JobsAreAnsweredAndCancelledWhileLargeBlobsAreHashed) {
  constexpr std::chrono::seconds kLimit{3};
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  daemon.Kill();
  std::vector<v1::Digest> huge;
  for (const char name : std::string("0123456789ab")) huge.push_back(PlantHugeBlob(daemon, name));
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  std::vector<std::thread> readers;
  for (const v1::Digest& digest : huge) {
    readers.emplace_back([&daemon, digest] { TestClient(daemon.address()).Read(digest, 0, 1); });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // so that all of them are at work

  v1::CreateJobRequest request;
  *request.mutable_convert()->mutable_input()->mutable_model() = huge.front();
  auto start = std::chrono::steady_clock::now();
  const auto created = client.Create(request);
  ASSERT_TRUE(created.ok()) << created.error.message;
  EXPECT_LT(std::chrono::steady_clock::now() - start, kLimit);
  client.Watch(created.value.id(), 0,
               [](const v1::JobEvent& event) { return event.state() == v1::RUNNING; });
  start = std::chrono::steady_clock::now();
  EXPECT_TRUE(client.Cancel(created.value.id()).ok());
  const auto job = client.Wait(created.value.id(), 30);
  EXPECT_LT(std::chrono::steady_clock::now() - start, kLimit);
  EXPECT_EQ(job.value.state(), v1::CANCELLED);

  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.WaitExit(), 0);  // nobody waits for those reads any more
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4 * kLimit);
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace smelt::testing
