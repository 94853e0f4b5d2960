#include "server/workers/frame_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace smelt::workers {
namespace {

worker::v1::Frame ProgressFrame(const std::string& stage) {
  worker::v1::Frame frame;
  frame.mutable_progress()->mutable_progress()->set_stage(stage);
  return frame;
}

ByteSpan Bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

TEST(FrameDecoder, ReturnsFramesFromAnyCutOfTheStream) {
  const std::string wire =
      EncodeFrame(ProgressFrame("import")).value() + EncodeFrame(ProgressFrame("write")).value();
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    FrameDecoder decoder;
    std::vector<std::string> stages;
    for (const std::string_view part :
         {std::string_view(wire).substr(0, cut), std::string_view(wire).substr(cut)}) {
      decoder.Append(Bytes(part));
      for (;;) {
        auto frame = decoder.Next();
        ASSERT_TRUE(frame.ok());
        if (!frame->has_value()) break;
        stages.push_back((*frame)->progress().progress().stage());
      }
    }
    EXPECT_EQ(stages, (std::vector<std::string>{"import", "write"})) << "cut at " << cut;
    EXPECT_FALSE(decoder.partial());
  }
}

TEST(FrameDecoder, RefusesAnAnnouncedSizeAboveTheLimit) {
  FrameDecoder decoder;
  decoder.Append(Bytes(std::string_view("\x01\x00\x00\x01", 4)));  // 16 MiB + 1
  EXPECT_EQ(decoder.Next().status().reason(), Reason::kWorkerProtocol);
}

TEST(FrameDecoder, RefusesBytesThatAreNoFrame) {
  FrameDecoder decoder;
  decoder.Append(Bytes(std::string_view("\x02\x00\x00\x00\xff\xff", 6)));
  EXPECT_EQ(decoder.Next().status().reason(), Reason::kWorkerProtocol);
}

TEST(EncodeFrame, RefusesAFrameAboveTheLimit) {
  worker::v1::Frame frame = ProgressFrame(std::string(kMaxFrameBytes, 'x'));
  EXPECT_EQ(EncodeFrame(frame).status().reason(), Reason::kWorkerProtocol);
}

TEST(FrameChannel, CarriesMoreDescriptorsThanOneMessageMay) {
  ChannelPair pair = MakeChannelPair().value();
  FrameChannel daemon(std::move(pair.daemon));
  FrameChannel worker(std::move(pair.worker));
  constexpr int kCount = 600;
  std::vector<UniqueFd> files;
  std::vector<int> numbers;
  for (int i = 0; i < kCount; ++i) {
    files.emplace_back(::memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(::write(files.back().get(), &i, sizeof(i)), static_cast<ssize_t>(sizeof(i)));
    numbers.push_back(files.back().get());
  }
  worker::v1::Frame start;
  start.mutable_start()->set_job_id("a job with enough bytes for every batch");
  ASSERT_TRUE(daemon.Send(start, numbers).ok());

  auto frame = worker.Receive();
  ASSERT_TRUE(frame.ok() && frame->has_value());
  EXPECT_EQ((*frame)->start().job_id(), start.start().job_id());
  const std::vector<UniqueFd> received = worker.TakeDescriptors();
  ASSERT_EQ(received.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i) {
    int stored = -1;
    const int fd = received[static_cast<std::size_t>(i)].get();
    ASSERT_EQ(::pread(fd, &stored, sizeof(stored), 0), static_cast<ssize_t>(sizeof(stored)));
    EXPECT_EQ(stored, i);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(FrameChannel, ReportsTheEndBetweenFramesAndInsideOne) {
  ChannelPair pair = MakeChannelPair().value();
  FrameChannel worker(std::move(pair.worker));
  const std::string wire = EncodeFrame(ProgressFrame("import")).value();
  ASSERT_EQ(::send(pair.daemon.get(), wire.data(), wire.size(), 0),
            static_cast<ssize_t>(wire.size()));
  ASSERT_TRUE(worker.Receive()->has_value());
  ASSERT_EQ(::send(pair.daemon.get(), wire.data(), 5, 0), 5);
  pair.daemon.Reset();
  EXPECT_EQ(worker.Receive().status().reason(), Reason::kWorkerProtocol);

  ChannelPair other = MakeChannelPair().value();
  FrameChannel quiet(std::move(other.worker));
  other.daemon.Reset();
  auto end = quiet.Receive();
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(end->has_value());
}

TEST(FrameChannel, GivesUpOnAPeerThatDoesNotRead) {
  ChannelPair pair = MakeChannelPair().value();
  FrameChannel daemon(std::move(pair.daemon));  // non-blocking
  const worker::v1::Frame large = ProgressFrame(std::string(8 << 20, 'x'));
  EXPECT_EQ(daemon.Send(large, {}, std::chrono::milliseconds(1)).reason(), Reason::kIoError);
}

TEST(FrameChannel, FailsWhenThePeerIsGone) {
  ChannelPair pair = MakeChannelPair().value();
  FrameChannel daemon(std::move(pair.daemon));
  pair.worker.Reset();
  EXPECT_EQ(daemon.Send(ProgressFrame("import")).reason(), Reason::kIoError);
}

}  // namespace
}  // namespace smelt::workers
