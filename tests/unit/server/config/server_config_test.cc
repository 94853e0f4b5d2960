#include "server/config/server_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <vector>

namespace smelt::config {
namespace {

Result<ParsedCommandLine> Parse(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "smeltd");
  return ParseCommandLine(static_cast<int>(flags.size()), flags.data(), "/opt/bin");
}

// A file that is gone after the test.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) {
    const int fd = ::mkstemp(path_.data());
    ::close(fd);
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { ::unlink(path_.c_str()); }
  std::string flag() const { return "--config=" + path_; }

 private:
  std::string path_ = testing::TempDir() + "smeltd-config-XXXXXX";
};

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(ServerConfig, HasDefaultsThatWorkWithoutAnyFlag) {
  const auto parsed = Parse({});
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->config.listen, "127.0.0.1:7070");
  EXPECT_EQ(parsed->config.worker_binary, "/opt/bin/smelt-worker");
  EXPECT_GE(parsed->config.workers, 1u);
  EXPECT_FALSE(parsed->check_only);
  EXPECT_FALSE(parsed->print.has_value());
}

TEST(ServerConfig, ReadsFlagsWithUnits) {
  const auto parsed = Parse({"--listen=unix:/run/s.sock", "--worker-memory", "512MiB",
                             "--worker-timeout", "1.5", "--workers=3", "--check-config"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->config.listen, "unix:/run/s.sock");
  EXPECT_EQ(parsed->config.worker_memory_bytes, std::uint64_t{512} << 20);
  EXPECT_EQ(parsed->config.worker_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(parsed->config.workers, 3u);
  EXPECT_TRUE(parsed->check_only);
}

TEST(ServerConfig, PrefersFlagsToEnvironmentToFile) {
  const ConfigFile file("workers = 2\nmax-queued = 7\ndrain-timeout = 4\n");
  const Variable workers("SMELTD_WORKERS", "5");
  const Variable queued("SMELTD_MAX_QUEUED", "6");
  const auto parsed = Parse({file.flag().c_str(), "--workers=9"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->config.workers, 9u);
  EXPECT_EQ(parsed->config.max_queued, 6u);
  EXPECT_EQ(parsed->config.drain_timeout, std::chrono::seconds(4));
}

TEST(ServerConfig, EmptyVariableCountsAsUnset) {
  const Variable state("SMELTD_STATE_DIR", "");
  const Variable config("SMELTD_CONFIG", "");
  const Variable workers("SMELTD_WORKERS", "");
  const auto parsed = Parse({"--check-config", "--max-queued=3"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_TRUE(parsed->check_only);
  EXPECT_EQ(parsed->config.state_dir, "/var/lib/smeltd");
  EXPECT_EQ(parsed->config.max_queued, 3u);
}

TEST(ServerConfig, EmptyFlagDoesNotTakeTheNextWord) {
  for (const auto& words : {std::vector<const char*>{"--state-dir=", "--check-config"},
                            {"--check-config", "--state-dir", ""}}) {
    const auto parsed = Parse(words);
    ASSERT_FALSE(parsed.ok());
    EXPECT_NE(parsed.status().message().find("--state-dir"), std::string::npos)
        << parsed.status().message();
  }
}

TEST(ServerConfig, PathOfASocketHasRoomFor107Bytes) {
  const std::string longest = "--listen=unix:" + std::string(107, 'p');
  EXPECT_TRUE(Parse({longest.c_str()}).ok());
  EXPECT_FALSE(Parse({(longest + "p").c_str()}).ok());
}

TEST(ServerConfig, ZeroWorkerMemoryIsUnlimited) {
  const auto parsed = Parse({"--worker-memory=0"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->config.worker_memory_bytes, 0u);
}

TEST(ServerConfig, RefusesAnUnknownKeyOfTheFile) {
  const ConfigFile file("wrokers = 2\n");
  const auto parsed = Parse({file.flag().c_str()});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().reason(), Reason::kConfigInvalid);
  EXPECT_NE(parsed.status().message().find("wrokers"), std::string::npos)
      << parsed.status().message();
}

TEST(ServerConfig, RefusesAMissingFile) {
  EXPECT_FALSE(Parse({"--config=/nonexistent/smeltd.toml"}).ok());
}

TEST(ServerConfig, TakesTheExampleFileWhichSaysTheDefaults) {
  const auto defaults = Parse({});
  const auto example = Parse({"--config=" SMELT_EXAMPLE_CONFIG});
  ASSERT_TRUE(example.ok()) << example.status().ToString();
  EXPECT_EQ(example->config.listen, defaults->config.listen);
  EXPECT_EQ(example->config.metrics, defaults->config.metrics);
  EXPECT_EQ(example->config.worker_memory_bytes, defaults->config.worker_memory_bytes);
  EXPECT_EQ(example->config.worker_timeout, defaults->config.worker_timeout);
  EXPECT_EQ(example->config.max_blob_bytes, defaults->config.max_blob_bytes);
  EXPECT_EQ(example->config.max_queued, defaults->config.max_queued);
  EXPECT_EQ(example->config.drain_timeout, defaults->config.drain_timeout);
}

class BadFlag : public testing::TestWithParam<const char*> {};

TEST_P(BadFlag, IsRefusedByName) {
  const auto parsed = Parse({GetParam()});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().reason(), Reason::kConfigInvalid);
  const std::string_view flag = GetParam();
  const std::string_view name = flag.substr(2, flag.find('=') - 2);
  EXPECT_NE(parsed.status().message().find(name), std::string::npos) << parsed.status().message();
  const std::string_view value = flag.substr(flag.find('=') + 1);
  EXPECT_NE(parsed.status().message().find(value), std::string::npos) << parsed.status().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadFlag,
    testing::Values("--no-such-flag=1", "--listen=nowhere", "--listen=unix:", "--listen=host:99999",
                    "--metrics=unix:/x", "--workers=0", "--workers=many", "--worker-memory=lots",
                    "--worker-timeout=0", "--drain-delay=-1", "--worker-timeout=nan",
                    "--drain-timeout=nan", "--drain-delay=nan", "--worker-timeout=inf",
                    "--worker-timeout=1min", "--worker-memory=1", "--worker-memory=-1",
                    "--worker-memory=99999999EiB", "--max-blob-size=-1", "--max-blob-size=0",
                    "--max-blob-size=16EiB", "--max-queued=0", "--max-queued=-1",
                    "--state-dir=", "--worker-binary=", "--log-level=loud", "--log-format=xml"));

TEST(ServerConfig, PrintsHelpThatNamesEveryFlagsVariable) {
  const auto parsed = Parse({"--help"});
  ASSERT_TRUE(parsed.ok() && parsed->print.has_value());
  EXPECT_NE(parsed->print->find("SMELTD_STATE_DIR"), std::string::npos) << *parsed->print;
}

}  // namespace
}  // namespace smelt::config
