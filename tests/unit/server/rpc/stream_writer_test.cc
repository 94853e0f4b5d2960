#include "server/rpc/stream_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "server/rpc/open_call.h"

namespace smelt::rpc {
namespace {

// Stands in for gRPC's reactor: remembers what it was asked for.
struct FakeReactor {
  std::vector<std::string> written;
  std::vector<grpc::StatusCode> finished;
  void StartWrite(const std::string* message) { written.push_back(*message); }
  void Finish(const grpc::Status& status) { finished.push_back(status.error_code()); }
};

using Writer = StreamWriter<std::string, FakeReactor>;
using Codes = std::vector<grpc::StatusCode>;

TEST(StreamWriter, HasOneWriteInFlight) {
  FakeReactor reactor;
  Writer writer(&reactor);
  EXPECT_TRUE(writer.Write("one"));
  EXPECT_FALSE(writer.Write("two"));
  EXPECT_FALSE(writer.idle());
  EXPECT_TRUE(writer.Completed(true));
  EXPECT_TRUE(writer.Write("three"));
  EXPECT_EQ(reactor.written, (std::vector<std::string>{"one", "three"}));
}

TEST(StreamWriter, FinishesOnceAndAfterTheWriteInFlight) {
  FakeReactor reactor;
  Writer writer(&reactor);
  writer.Write("one");
  writer.Close(grpc::Status::OK);
  EXPECT_TRUE(reactor.finished.empty());
  EXPECT_FALSE(writer.Completed(true));
  writer.Close(grpc::Status::CANCELLED);
  writer.Completed(false);
  EXPECT_EQ(reactor.finished, Codes{grpc::StatusCode::OK});
  EXPECT_EQ(writer.code(), grpc::StatusCode::OK);
  EXPECT_FALSE(writer.Write("late"));
}

TEST(StreamWriter, FinishesWhenAWriteFails) {
  FakeReactor reactor;
  Writer writer(&reactor);
  writer.Write("one");
  EXPECT_FALSE(writer.Completed(false));
  EXPECT_EQ(reactor.finished, Codes{grpc::StatusCode::CANCELLED});
}

TEST(StreamWriter, TouchesNothingAfterTheReactorDied) {
  FakeReactor reactor;
  Writer writer(&reactor);
  writer.Detach();
  EXPECT_FALSE(writer.Write("late"));
  writer.Close(grpc::Status::OK);
  EXPECT_TRUE(reactor.written.empty());
  EXPECT_TRUE(reactor.finished.empty());
}

TEST(StreamWriter, FinishesOnceWhenEverybodyClosesAtOnce) {
  for (int round = 0; round < 100; ++round) {
    FakeReactor reactor;
    Writer writer(&reactor);
    writer.Write("one");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { writer.Close(grpc::Status::CANCELLED); });
    }
    threads.emplace_back([&] { writer.Completed(true); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(reactor.finished.size(), 1u);
  }
}

TEST(OpenCall, FinishesOnceAndRunsTheWinnersPreparation) {
  FakeReactor reactor;
  OpenCall<FakeReactor> call(&reactor);
  int prepared = 0;
  EXPECT_TRUE(call.Finish(grpc::Status::OK, [&](FakeReactor&) { ++prepared; }));
  EXPECT_FALSE(call.Finish(grpc::Status::CANCELLED, [&](FakeReactor&) { ++prepared; }));
  EXPECT_EQ(prepared, 1);
  EXPECT_EQ(reactor.finished, Codes{grpc::StatusCode::OK});
  EXPECT_FALSE(call.IfOpen([](FakeReactor&) {}));
}

TEST(OpenCall, TouchesNothingAfterTheReactorDied) {
  FakeReactor reactor;
  OpenCall<FakeReactor> call(&reactor);
  call.Detach();
  EXPECT_FALSE(call.open());
  EXPECT_FALSE(call.Finish(grpc::Status::OK));
  EXPECT_TRUE(reactor.finished.empty());
}

}  // namespace
}  // namespace smelt::rpc
