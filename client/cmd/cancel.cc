#include <CLI/CLI.hpp>
#include <vector>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/net/calls.h"
#include "client/view/job_state.h"

namespace smelt::client {
namespace {

class CancelVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("JOB", jobs_, "Ids of jobs")->required();
  }

  // One document for --json even when several jobs are named: a list of them.
  Result<ExitCode> Run(Session& session) override {
    v1::ListJobsResponse cancelled;
    std::vector<Status> failures;  // one job's does not keep the others running
    for (const std::string& id : jobs_) {
      Result<v1::Job> job = CancelJob(session.connection(), id);
      if (job.ok()) {
        *cancelled.add_jobs() = *std::move(job);
      } else {
        failures.push_back(job.status());
      }
    }
    session.progress().Finish();
    if (session.json()) {
      if (!failures.empty()) return failures.front();
      if (cancelled.jobs_size() == 1) {
        session.PrintJson(cancelled.jobs(0));
      } else {
        session.PrintJson(cancelled);
      }
      return ExitCode::kOk;
    }
    for (const v1::Job& job : cancelled.jobs()) {
      session.out() << Printable(job.id()) << ' '
                    << (IsFinished(job.state()) ? JobStateName(job.state()) : "cancelling") << '\n';
    }
    for (std::size_t i = 1; i < failures.size(); ++i) {
      session.err() << failures[i].ToString() << '\n';
    }
    if (!failures.empty()) return failures.front();
    return ExitCode::kOk;
  }

 private:
  std::vector<std::string> jobs_;
};

}  // namespace

std::unique_ptr<Verb> MakeCancel() { return std::make_unique<CancelVerb>(); }

}  // namespace smelt::client
