// --standalone: a command that uses a daemon of its own.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "client/cmd/session.h"
#include "client/standalone/private_daemon.h"

namespace smelt::client {

class StandaloneOption {
 public:
  void AddTo(CLI::App& app);
  // kUsage beside --server.
  Status Check(const Session& session) const;
  // The daemon that the session's calls go to from now on, which must outlive them; none when it
  // was not asked for.
  Result<std::optional<PrivateDaemon>> Start(Session& session) const;

 private:
  bool asked_ = false;
};

}  // namespace smelt::client
