#include "server/local/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace smelt::local {

Result<std::unique_ptr<StateDir>> StateDir::Open(const std::string& path) {
  std::error_code error;
  // What can't be looked at can't be made either, and that says why.
  const bool existed = std::filesystem::exists(path, error);
  std::filesystem::create_directories(path, error);
  if (error) {
    return Status(Reason::kIoError, "make directory " + path + ": " + error.message());
  }
  // Models are their owners' business: nobody else reads the directory that we made.
  if (!existed) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  const std::string lock_path = path + "/lock";
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) {
    return Status(Reason::kIoError,
                  "open " + lock_path + ": " + std::generic_category().message(errno));
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Status(Reason::kConfigInvalid,
                    "the state directory " + path + " is in use by another daemon",
                    "Stop the other daemon, or give this one a directory of its own.");
    }
    return Status(Reason::kIoError,
                  "lock " + lock_path + ": " + std::generic_category().message(errno));
  }
  return std::unique_ptr<StateDir>(new StateDir(path, std::move(lock)));
}

}  // namespace smelt::local
