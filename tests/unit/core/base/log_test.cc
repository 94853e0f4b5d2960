#include "core/base/log.h"

#include <gmock/gmock.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace smelt {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    SetLogSink([this](std::string_view line) { lines_.emplace_back(line); });
  }
  ~LogTest() override {
    SetLogSink(nullptr);
    SetLog(LogLevel::kInfo);
  }
  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesOneLineInLogfmt) {
  Log(LogLevel::kInfo, "job_finished", {{"job", "01AR"}, {"attempt", 2}, {"cached", false}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0],
              MatchesRegex("time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z level=info "
                           "event=job_finished job=01AR attempt=2 cached=false"));
}

TEST_F(LogTest, WritesJson) {
  SetLog(LogLevel::kInfo, LogFormat::kJson);
  Log(LogLevel::kWarning, "odd", {{"text", "a\"b"}, {"n", 1.5}});
  EXPECT_THAT(lines_[0], StartsWith("{\"time\":\"2"));
  EXPECT_THAT(lines_[0],
              EndsWith(R"("level":"warning","event":"odd","text":"a\"b","n":1.500000})"));
}

TEST_F(LogTest, ValuesCannotBreakOutOfTheirLineOrField) {
  Log(LogLevel::kInfo, "e",
      {{"a", "two words"}, {"b", "x=y"}, {"c", "line\nlevel=error"}, {"d", "\x1b[31m"}, {"e", ""}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], EndsWith("a=\"two words\" b=\"x=y\" c=\"line\\nlevel=error\" "
                                  "d=\"\\u001b[31m\" e=\"\""));
}

TEST_F(LogTest, BracesInValuesAreText) {
  Log(LogLevel::kInfo, "e", {{"a", "{}%v"}});
  EXPECT_THAT(lines_[0], EndsWith("a={}%v"));
}

TEST_F(LogTest, EventsBelowTheLevelAreDropped) {
  Log(LogLevel::kDebug, "quiet");
  SetLog(LogLevel::kError);
  Log(LogLevel::kWarning, "quiet");
  Log(LogLevel::kError, "loud");
  SetLog(LogLevel::kDebug);
  Log(LogLevel::kDebug, "fine");
  EXPECT_THAT(lines_,
              ElementsAre(EndsWith("level=error event=loud"), EndsWith("level=debug event=fine")));
}

TEST_F(LogTest, ThreadsWriteWholeLines) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 200; ++n) Log(LogLevel::kInfo, "e", {{"n", n}, {"text", "some words"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(lines_.size(), 800u);
  for (const std::string& line : lines_) EXPECT_THAT(line, EndsWith("text=\"some words\""));
}

TEST(LogLevelFromName, KnowsTheFourNames) {
  EXPECT_EQ(LogLevelFromName("debug"), LogLevel::kDebug);
  EXPECT_EQ(LogLevelFromName("warning"), LogLevel::kWarning);
  EXPECT_EQ(LogLevelFromName("warn"), std::nullopt);
}

}  // namespace
}  // namespace smelt
