#include "client/cmd/follow.h"

#include <CLI/CLI.hpp>
#include <chrono>

#include "client/net/calls.h"
#include "client/net/watcher.h"
#include "client/view/text.h"

namespace smelt::client {
namespace {

using std::chrono::system_clock;

void CancelLeftJob(Session& session, const std::string& job_id) {
  session.interrupt().Clear();
  const Result<v1::Job> job = CancelJob(session.connection(), job_id);
  session.err() << (job.ok() ? "job " + Printable(job_id) + " is being cancelled"
                             : "job " + Printable(job_id) +
                                   " could not be cancelled: " + Printable(job.status().message()))
                << '\n';
  session.interrupt().Trigger();
}

}  // namespace

void AddFollowOptions(CLI::App& app, FollowOptions& options) {
  app.add_option("--wait-timeout", options.wait_timeout_seconds,
                 "Wait at most this long, then leave the job to itself (exit code 8)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 1e7).description(""));
  app.add_flag("--cancel-on-interrupt", options.cancel_on_interrupt, "Ctrl-C cancels the job, too");
}

Result<v1::Job> Follow(Session& session, const std::string& job_id, const FollowOptions& options,
                       const std::string& watch_arguments) {
  WatchRequest request{.job_id = job_id, .after_seq = options.after_seq, .deadline = {}};
  if (options.wait_timeout_seconds > 0) {
    request.deadline =
        system_clock::now() + std::chrono::duration_cast<system_clock::duration>(
                                  std::chrono::duration<double>(options.wait_timeout_seconds));
  }
  session.progress().OnJob(job_id);
  Result<v1::Job> job = WatchJob(session.connection(), request);
  const bool interrupted = session.interrupt().triggered();
  if (job.ok() || (!interrupted && job.status().reason() == Reason::kJobNotFound)) return job;
  session.progress().Finish();
  if (session.server_is_private()) return job;  // the job ends with its daemon
  if (interrupted && options.cancel_on_interrupt) {
    CancelLeftJob(session, job_id);
  } else {
    session.err() << "job " << Printable(job_id) << " goes on; watch it again with:\n  "
                  << session.CommandLine("watch " + Printable(job_id) + watch_arguments) << '\n';
  }
  return job;
}

}  // namespace smelt::client
