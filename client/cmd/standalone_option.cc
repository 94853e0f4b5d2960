#include "client/cmd/standalone_option.h"

#include <utility>

namespace smelt::client {

void StandaloneOption::AddTo(CLI::App& app) {
  app.add_flag("--standalone", asked_, "Use a daemon of its own, which ends with this command");
}

Status StandaloneOption::Check(const Session& session) const {
  if (!asked_ || session.settings().server.origin != "--server") return Status::Ok();
  return Status(Reason::kUsage,
                "--server is '" + session.settings().server.value +
                    "', but --standalone uses a daemon of its own",
                "Leave one of the two out.");
}

Result<std::optional<PrivateDaemon>> StandaloneOption::Start(Session& session) const {
  std::optional<PrivateDaemon> daemon;
  if (!asked_) return daemon;
  SMELT_ASSIGN_OR_RETURN(PrivateDaemon started, PrivateDaemon::Start(session.interrupt()));
  daemon.emplace(std::move(started));
  session.UsePrivateServer(daemon->address());
  return daemon;
}

}  // namespace smelt::client
