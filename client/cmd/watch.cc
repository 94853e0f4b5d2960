#include <CLI/CLI.hpp>

#include "client/cmd/command.h"
#include "client/cmd/follow.h"
#include "client/cmd/outcome.h"

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
