#include "server/rpc/unix_path.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <system_error>

#include "core/base/unique_fd.h"

namespace smelt::rpc {
namespace {

Status CanNotListen(const std::string& path, const std::string& why) {
  return Status(Reason::kServerUnavailable, "can't listen on unix:" + path + ": " + why,
                "Choose another address with --listen, or see who serves there.");
}

std::string SystemWords(int error) { return std::generic_category().message(error); }

// 0 when somebody answers, else the system's error.
int Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof(address)) == 0) return 0;
  return errno == EAGAIN ? 0 : errno;  // its queue of connections is full
}

// Short, for a socket's name has room for 107 bytes.
std::string NameBeside(const std::string& path) {
  const std::string name = ".s" + std::to_string(std::random_device()() % 1'000'000);
  return (std::filesystem::path(path).parent_path() / name).string();
}

}  // namespace

Result<UnixPath> UnixPath::Claim(const std::string& path) {
  std::string listen_path = NameBeside(path);
  if (std::max(path.size(), listen_path.size()) >= sizeof(sockaddr_un::sun_path)) {
    return CanNotListen(path, "the name is too long for a socket");
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return CanNotListen(path, SystemWords(errno));
    return UnixPath(path, std::move(listen_path));
  }
  if (!S_ISSOCK(info.st_mode)) return CanNotListen(path, "this is not a socket");
  const int error = Connect(path);
  if (error == 0) return CanNotListen(path, "another program serves there");
  if (error != ECONNREFUSED) return CanNotListen(path, SystemWords(error));
  ::unlink(path.c_str());  // of a daemon that was killed
  return UnixPath(path, std::move(listen_path));
}

Status UnixPath::Publish() {
  struct stat info {};
  if (::lstat(listen_path_.c_str(), &info) != 0 ||
      ::renameat2(AT_FDCWD, listen_path_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    return CanNotListen(path_, SystemWords(errno));
  }
  device_ = info.st_dev;
  inode_ = info.st_ino;
  return Status::Ok();
}

UnixPath::~UnixPath() {
  struct stat info {};
  if (inode_ == 0 || ::lstat(path_.c_str(), &info) != 0) return;
  if (info.st_dev == device_ && info.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace smelt::rpc
