// PrivateDaemon: a smeltd of our own for one command, with its state in a folder that goes away
// with it. It ends when this object does, or when this process dies.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "client/net/interrupt.h"
#include "core/base/result.h"

namespace smelt::client {

class PrivateDaemon {
 public:
  // Starts the smeltd beside this program, or else the first one in PATH, without our SMELTD_*
  // variables, and waits until it listens. kServerUnavailable with its own words when it can't;
  // kCancelled when interrupted.
  static Result<PrivateDaemon> Start(const Interrupt& interrupt);
  PrivateDaemon(PrivateDaemon&& other) noexcept
      : folder_(std::exchange(other.folder_, "")), process_(std::exchange(other.process_, 0)) {}
  PrivateDaemon& operator=(PrivateDaemon&&) = delete;
  ~PrivateDaemon();

  std::string address() const { return "unix:" + folder_ + "/socket"; }

 private:
  explicit PrivateDaemon(std::string folder) : folder_(std::move(folder)) {}
  Status Launch(const std::string& binary);
  Status WaitUntilItListens(const Interrupt& interrupt);
  std::string LastWords() const;  // the last line of its log that is no hint

  std::string folder_;
  pid_t process_ = 0;
};

}  // namespace smelt::client
