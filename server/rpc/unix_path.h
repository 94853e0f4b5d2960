// UnixPath: the name of a listening Unix socket, which belongs to one daemon at a time.
//
// gRPC would take the name away from a daemon that serves there, and remove whatever socket has it
// at the end. So gRPC listens under a name of our own in the same folder, and the real name is
// given to that socket once it listens.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "core/base/result.h"

namespace smelt::rpc {

class UnixPath {
 public:
  // A socket that nobody answers at is replaced; anything else at `path` is left alone.
  // kServerUnavailable, with the reason, when somebody answers or `path` is no socket.
  static Result<UnixPath> Claim(const std::string& path);
  UnixPath(UnixPath&& other) noexcept
      : path_(std::move(other.path_)),
        listen_path_(std::move(other.listen_path_)),
        device_(other.device_),
        inode_(std::exchange(other.inode_, 0)) {}
  UnixPath& operator=(UnixPath&&) = delete;
  // Removes the name if it is still that of our socket.
  ~UnixPath();

  // Where to listen first.
  const std::string& listen_path() const { return listen_path_; }
  // Gives the socket at listen_path() its real name. kServerUnavailable when somebody was faster.
  Status Publish();

 private:
  UnixPath(std::string path, std::string listen_path)
      : path_(std::move(path)), listen_path_(std::move(listen_path)) {}

  std::string path_;
  std::string listen_path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;  // of the published socket; 0: none is
};

}  // namespace smelt::rpc
