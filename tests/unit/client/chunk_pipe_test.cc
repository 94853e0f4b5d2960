#include "client/net/chunk_pipe.h"

#include <gtest/gtest.h>

#include <string>

namespace smelt::client {
namespace {

TEST(ChunkPipeTest, TakesAllChunksInOrder) {
  std::string taken;
  ChunkPipe pipe([&taken](ByteSpan bytes) {
    taken.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status::Ok();
  });
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    expected += std::to_string(i) + ",";
    ASSERT_TRUE(pipe.Push(std::to_string(i) + ",").ok());
  }
  ASSERT_TRUE(pipe.Drain().ok());
  EXPECT_EQ(taken, expected);
}

TEST(ChunkPipeTest, FirstErrorIsToldFromThenOn) {
  int calls = 0;
  ChunkPipe pipe([&calls](ByteSpan) {
    return ++calls == 3 ? Status(Reason::kIoError, "full") : Status::Ok();
  });
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = pipe.Push("chunk");
  EXPECT_EQ(status.reason(), Reason::kIoError);
  EXPECT_EQ(pipe.Drain().reason(), Reason::kIoError);
  EXPECT_EQ(pipe.Push("more").reason(), Reason::kIoError);
  EXPECT_EQ(calls, 3);
}

TEST(ChunkPipeTest, DrainOfNothingIsDone) {
  ChunkPipe pipe([](ByteSpan) { return Status::Ok(); });
  EXPECT_TRUE(pipe.Drain().ok());
}

}  // namespace
}  // namespace smelt::client
