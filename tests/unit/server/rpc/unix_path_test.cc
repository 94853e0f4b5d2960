#include "server/rpc/unix_path.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace smelt::rpc {
namespace {

namespace fs = std::filesystem;

UniqueFd Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(::listen(socket.get(), 1), 0);
  return socket;
}

class UnixPathTest : public testing::Test {
 protected:
  const test::TempDir folder_;
  const std::string path_ = folder_ / "socket";
};

TEST_F(UnixPathTest, NameIsGivenToAListeningSocketAndTakenBack) {
  {
    Result<UnixPath> claimed = UnixPath::Claim(path_);
    ASSERT_TRUE(claimed.ok()) << claimed.status().ToString();
    const UniqueFd socket = Listen(claimed->listen_path());
    EXPECT_FALSE(fs::exists(path_));
    ASSERT_TRUE(claimed->Publish().ok());
    EXPECT_TRUE(fs::is_socket(path_));
    EXPECT_EQ(UnixPath::Claim(path_).status().reason(), Reason::kServerUnavailable);
    EXPECT_TRUE(fs::is_socket(path_));
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(UnixPathTest, SocketThatNobodyAnswersAtIsReplaced) {
  Listen(path_);  // and closed
  ASSERT_TRUE(fs::is_socket(path_));
  EXPECT_TRUE(UnixPath::Claim(path_).ok());
}

TEST_F(UnixPathTest, WhatIsNoSocketStays) {
  std::ofstream(path_) << "text";
  const auto claimed = UnixPath::Claim(path_);
  EXPECT_EQ(claimed.status().reason(), Reason::kServerUnavailable);
  EXPECT_NE(claimed.status().message().find(path_), std::string::npos);
  EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(UnixPathTest, NameOfAnotherSocketIsNotRemoved) {
  Result<UnixPath> first = UnixPath::Claim(path_);
  const UniqueFd socket = Listen(first->listen_path());
  ASSERT_TRUE(first->Publish().ok());
  fs::remove(path_);
  const UniqueFd other = Listen(path_);
  { const UnixPath gone = *std::move(first); }
  EXPECT_TRUE(fs::is_socket(path_));
}

TEST_F(UnixPathTest, WhoeverPublishesFirstKeepsTheName) {
  Result<UnixPath> first = UnixPath::Claim(path_);
  Result<UnixPath> second = UnixPath::Claim(path_);
  const UniqueFd socket = Listen(first->listen_path());
  const UniqueFd other = Listen(second->listen_path());
  EXPECT_TRUE(first->Publish().ok());
  EXPECT_EQ(second->Publish().reason(), Reason::kServerUnavailable);
}

TEST_F(UnixPathTest, NameThatIsTooLongIsRefused) {
  EXPECT_FALSE(UnixPath::Claim(folder_ / std::string(108, 'n')).ok());
}

}  // namespace
}  // namespace smelt::rpc
