// StateDir: the daemon's private directory, held by one process at a time.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace smelt::local {

class StateDir {
 public:
  // Makes the directory (and its parents) if need be and takes its lock file until destruction, or
  // the process's end. kConfigInvalid when another process holds it; kIoError.
  static Result<std::unique_ptr<StateDir>> Open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string LedgerPath() const { return path_ + "/ledger.sqlite"; }

 private:
  StateDir(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const UniqueFd lock_;
};

}  // namespace smelt::local
