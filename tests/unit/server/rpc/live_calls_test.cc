#include "server/rpc/live_calls.h"

#include <gtest/gtest.h>

#include "server/rpc/call_guard.h"
#include "server/rpc/page_token.h"

namespace smelt::rpc {
namespace {

struct FakeCall final : LiveCall {
  void Close(const Status& why) override { reasons.push_back(why.reason()); }
  std::vector<Reason> reasons;
};

TEST(LiveCalls, ClosesAllThatAreThereAndAllThatCome) {
  LiveCalls live;
  auto early = std::make_shared<FakeCall>();
  auto gone = std::make_shared<FakeCall>();
  auto late = std::make_shared<FakeCall>();
  live.Add(early);
  live.Add(gone);
  live.Remove(gone);
  live.CloseAll(Status(Reason::kDraining, "bye"));
  live.Add(late);
  EXPECT_EQ(early->reasons, std::vector<Reason>{Reason::kDraining});
  EXPECT_TRUE(gone->reasons.empty());
  EXPECT_EQ(late->reasons, std::vector<Reason>{Reason::kDraining});
}

TEST(LiveCalls, TellsWhenNoneIsLeft) {
  LiveCalls live;
  auto call = std::make_shared<FakeCall>();
  live.Add(call);
  EXPECT_FALSE(live.WaitEmpty(std::chrono::milliseconds(1)));
  live.Remove(call);
  EXPECT_TRUE(live.WaitEmpty(std::chrono::milliseconds(1)));
  EXPECT_EQ(live.size(), 0u);
}

struct CountingMetrics final : jobs::RpcMetrics {
  void OnStarted(std::string_view, std::string_view method) override {
    events.push_back("started " + std::string(method));
  }
  void OnHandled(std::string_view, std::string_view, std::string_view code, double) override {
    events.push_back("handled " + std::string(code));
  }
  std::vector<std::string> events;
};

TEST(CallGuard, CountsOnceAndTakesSilenceForACancel) {
  CountingMetrics metrics;
  {
    CallGuard guard(metrics, Clock::System(), {"smelt.v1.Jobs", "Get"});
    guard.Handled(grpc::StatusCode::NOT_FOUND);
    guard.Handled(grpc::StatusCode::OK);
  }
  { CallGuard silent(metrics, Clock::System(), {"smelt.v1.Jobs", "List"}); }
  EXPECT_EQ(metrics.events, (std::vector<std::string>{"started Get", "handled NOT_FOUND",
                                                      "started List", "handled CANCELLED"}));
}

constexpr const char* kId = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

TEST(PageToken, BringsBackTheLastIdForTheSameFilter) {
  using jobs::JobState;
  const std::string token = MakePageToken(kId, {JobState::kFailed, JobState::kQueued});
  EXPECT_EQ(ReadPageToken(token, {JobState::kQueued, JobState::kFailed}).value(), kId);
  EXPECT_EQ(ReadPageToken(token, {JobState::kQueued}).status().reason(), Reason::kInvalidPageToken);
  EXPECT_EQ(ReadPageToken("", {}).value(), "");
}

TEST(PageToken, RefusesEveryChangeOfACharacter) {
  const std::string token = MakePageToken(kId, {});
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(ReadPageToken(changed, {}).ok()) << changed;
    EXPECT_FALSE(ReadPageToken(token.substr(0, i) + "x", {}).ok());
  }
  EXPECT_FALSE(ReadPageToken("no token", {}).ok());
}

}  // namespace
}  // namespace smelt::rpc
