#include "client/cmd/follow.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <utility>

#include "client/net/calls.h"
#include "client/net/watcher.h"

namespace smelt::client {
namespace {

using std::chrono::system_clock;

// Not CLI::Range, which takes a NaN for a number of every range.
std::string CheckSeconds(const std::string& text) {
  double seconds = 0;
  const bool is_number = CLI::detail::lexical_cast(text, seconds);
  if (is_number && seconds >= 0.001 && seconds <= 1e7) return "";
  return "it is '" + text + "'; it must be a number of seconds from 0.001 to 10000000";
}

JobNote GoesOn(const Session& session, const std::string& job_id,
               const std::string& watch_arguments) {
  return {job_id, "job " + job_id + " goes on",
          "Watch it again with '" + session.CommandLine("watch " + job_id + watch_arguments) +
              "', or cancel it with '" + session.CommandLine("cancel " + job_id) + "'."};
}

// Where the answer itself says that there is no such job for this user.
bool MayNotExist(Reason reason) {
  return reason == Reason::kJobNotFound || reason == Reason::kInvalidArgument ||
         reason == Reason::kPermissionDenied;
}

JobNote CancelLeftJob(Session& session, JobNote note) {
  session.interrupt().Clear();
  const Result<v1::Job> job = CancelJob(session.connection(), note.id);
  session.interrupt().Trigger();
  if (job.ok()) {
    return {note.id, "job " + note.id + " is being cancelled",
            "See it with '" + session.CommandLine("status " + note.id) + "'."};
  }
  note.fate += ", it could not be cancelled: " + std::string(job.status().message());
  return note;
}

}  // namespace

void AddFollowOptions(CLI::App& app, FollowOptions& options) {
  app.add_option("--wait-timeout", options.wait_timeout_seconds,
                 "Wait at most this long, then leave the job to itself (exit code 8)")
      ->type_name("SECONDS")
      ->check(CheckSeconds, "", "");
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
  if (!session.server_is_private()) session.SetJobNote({.id = job_id, .fate = "", .hint = ""});
  Result<v1::Job> job = WatchJob(session.connection(), request);
  if (session.server_is_private()) return job;  // the job ends with its daemon
  if (job.ok()) {
    session.SetJobNote(
        {job_id, "job " + job_id + " has finished",
         "Fetch what it left with '" + session.CommandLine("watch " + job_id + " -o OUT") + "'."});
    return job;
  }
  const bool interrupted = session.interrupt().triggered();
  if (!interrupted && MayNotExist(job.status().reason())) return job;
  JobNote note = GoesOn(session, job_id, watch_arguments);
  if (interrupted && options.cancel_on_interrupt) note = CancelLeftJob(session, std::move(note));
  session.SetJobNote(std::move(note));
  return job;
}

}  // namespace smelt::client
