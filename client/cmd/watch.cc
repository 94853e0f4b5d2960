#include <CLI/CLI.hpp>
#include <filesystem>
#include <system_error>

#include "client/cmd/command.h"
#include "client/cmd/follow.h"
#include "client/cmd/outcome.h"
#include "client/cmd/output_path.h"
#include "client/net/calls.h"
#include "client/view/job_kind.h"

namespace smelt::client {
namespace {

class WatchVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("JOB", job_, "The job's id")->required();
    app.add_option("--after-seq", follow_.after_seq, "Skip the events up to this number")
        ->type_name("N");
    AddOutcomeOptions(app, outcome_);
    AddFollowOptions(app, follow_);
  }

  Result<ExitCode> Run(Session& session) override {
    if (std::error_code error; std::filesystem::is_directory(outcome_.output, error)) {
      SMELT_ASSIGN_OR_RETURN(const v1::Job job, GetJob(session.connection(), job_));
      const std::filesystem::path model(InputOf(job).file_name());
      const char* suffix = job.has_inspect() ? "_description.json" : ".tflite";
      outcome_.output = OutputPath(outcome_.output, model.stem().string() + suffix);
    }
    SMELT_RETURN_IF_ERROR(CheckOutcomeOptions(session, outcome_));
    const std::string again = outcome_.output.empty() ? "" : " -o " + outcome_.output;
    SMELT_ASSIGN_OR_RETURN(const v1::Job job, Follow(session, job_, follow_, again));
    return ShowOutcome(session, job, outcome_);
  }

 private:
  std::string job_;
  FollowOptions follow_;
  OutcomeOptions outcome_;
};

}  // namespace

std::unique_ptr<Verb> MakeWatch() { return std::make_unique<WatchVerb>(); }

}  // namespace smelt::client
