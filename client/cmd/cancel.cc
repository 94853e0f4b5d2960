#include <CLI/CLI.hpp>

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
    for (const std::string& id : jobs_) {
      SMELT_ASSIGN_OR_RETURN(*cancelled.add_jobs(), CancelJob(session.connection(), id));
    }
    session.progress().Finish();
    if (session.json()) {
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
    return ExitCode::kOk;
  }

 private:
  std::vector<std::string> jobs_;
};

}  // namespace

std::unique_ptr<Verb> MakeCancel() { return std::make_unique<CancelVerb>(); }

}  // namespace smelt::client
