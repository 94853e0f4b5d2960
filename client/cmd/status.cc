#include <CLI/CLI.hpp>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/net/calls.h"
#include "client/view/job_text.h"

namespace smelt::client {
namespace {

class StatusVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("JOB", job_, "The job's id")->required();
  }

  Result<ExitCode> Run(Session& session) override {
    SMELT_ASSIGN_OR_RETURN(const v1::Job job, GetJob(session.connection(), job_));
    session.progress().Finish();
    if (session.json()) {
      session.PrintJson(job);
    } else {
      PrintJob(session.out(), job);
    }
    return ExitCode::kOk;
  }

 private:
  std::string job_;
};

}  // namespace

std::unique_ptr<Verb> MakeStatus() { return std::make_unique<StatusVerb>(); }

}  // namespace smelt::client
