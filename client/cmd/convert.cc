#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

#include "client/cmd/command.h"
#include "client/cmd/follow.h"
#include "client/cmd/outcome.h"
#include "client/cmd/submission.h"
#include "client/standalone/private_daemon.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;

// MODEL's name with the artifact's suffix: in the current folder, or in the one that -o names.
std::string DefaultName(const std::string& model) {
  return model == "-" ? "model.tflite" : fs::path(model).stem().string() + ".tflite";
}

Result<std::string> OutputPath(const std::string& model, const std::string& output) {
  if (output == "-") return output;
  std::error_code error;
  fs::path path = output.empty() ? fs::path(DefaultName(model)) : fs::path(output);
  if (fs::is_directory(path, error)) path /= DefaultName(model);
  if (model != "-" && fs::equivalent(path, model, error)) {
    return Status(Reason::kUsage, "the artifact would replace the model " + model,
                  "Give another name with -o.");
  }
  return path.string();
}

class ConvertVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    AddSubmitOptions(app, submit_);
    AddOutcomeOptions(app, outcome_);
    AddFollowOptions(app, follow_);
    app.add_flag("--standalone", standalone_,
                 "Use a daemon of its own, which ends with this command");
  }

  Result<ExitCode> Run(Session& session) override {
    SMELT_ASSIGN_OR_RETURN(outcome_.output, OutputPath(submit_.model, outcome_.output));
    SMELT_RETURN_IF_ERROR(CheckOutcomeOptions(session, outcome_));
    std::optional<PrivateDaemon> daemon;  // outlives all calls below
    if (standalone_) {
      SMELT_ASSIGN_OR_RETURN(PrivateDaemon started, PrivateDaemon::Start(session.interrupt()));
      daemon.emplace(std::move(started));
      session.UsePrivateServer(daemon->address());
    }
    SMELT_ASSIGN_OR_RETURN(const v1::Job created, Submit(session, submit_));
    SMELT_ASSIGN_OR_RETURN(const v1::Job job,
                           Follow(session, created.id(), follow_, " -o " + outcome_.output));
    return ShowOutcome(session, job, outcome_);
  }

 private:
  SubmitOptions submit_;
  FollowOptions follow_;
  OutcomeOptions outcome_;
  bool standalone_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeConvert() { return std::make_unique<ConvertVerb>(); }

}  // namespace smelt::client
