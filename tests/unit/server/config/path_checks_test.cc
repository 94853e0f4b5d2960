#include "server/config/path_checks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace smelt::config {
namespace {

namespace fs = std::filesystem;

class PathChecks : public testing::Test {
 protected:
  PathChecks() {
    config_.worker_binary = "/bin/true";
    config_.state_dir = folder_ / "a/b/state";
  }
  // The message must name what is wrong; "" when nothing is.
  void Expect(const std::string& flag, const std::string& path) {
    const Status status = CheckPaths(config_);
    EXPECT_EQ(status.reason(), Reason::kConfigInvalid);
    EXPECT_NE(status.message().find(flag + ": " + path), std::string::npos) << status.ToString();
  }

  test::TempDir folder_;
  ServerConfig config_;
};

TEST_F(PathChecks, FolderThatIsToBeMadeIsFineAndNotMade) {
  EXPECT_TRUE(CheckPaths(config_).ok()) << CheckPaths(config_).ToString();
  EXPECT_FALSE(fs::exists(config_.state_dir));
}

TEST_F(PathChecks, WorkerMustBeAnExecutableFile) {
  std::ofstream(folder_ / "text") << "not a program";
  for (const std::string& path : {std::string("/nonexistent"), folder_ / "text", folder_ / "."}) {
    config_.worker_binary = path;
    Expect("--worker-binary", path);
  }
}

TEST_F(PathChecks, StateFolderMustBeReachable) {
  std::ofstream(folder_ / "text") << "not a folder";
  fs::create_symlink("loop", folder_ / "loop");
  for (const std::string& path :
       {folder_ / "text", folder_ / "text/state", folder_ / "loop", folder_ / "loop/state",
        folder_ / std::string(256, 'n'), folder_ / ("none/" + std::string(256, 'n'))}) {
    config_.state_dir = path;
    Expect("--state-dir", path);
  }
  if (::geteuid() == 0) return;  // whom no folder stops
  fs::create_directory(folder_ / "closed");
  fs::permissions(folder_ / "closed", fs::perms::none);
  config_.state_dir = folder_ / "closed/state";
  Expect("--state-dir", config_.state_dir);
  fs::permissions(folder_ / "closed", fs::perms::owner_all);
}

}  // namespace
}  // namespace smelt::config
