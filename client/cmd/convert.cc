#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <vector>

#include "client/cmd/bundle.h"
#include "client/cmd/command.h"
#include "client/cmd/follow.h"
#include "client/cmd/outcome.h"
#include "client/cmd/output_path.h"
#include "client/cmd/planned_file.h"
#include "client/cmd/standalone_option.h"
#include "client/cmd/submission.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;

// MODEL's name with the artifact's suffix.
std::string DefaultName(const std::string& model) {
  return model == "-" ? "model.tflite" : fs::path(model).stem().string() + ".tflite";
}

Status CheckFiles(const SubmitOptions& submit, const OutcomeOptions& outcome,
                  const Bundle& bundle) {
  std::vector<PlannedFile> files = PlanOutcome(outcome);
  for (PlannedFile& extra : PlanExtras(submit, outcome, bundle.file_name)) {
    files.push_back(std::move(extra));
  }
  return CheckPlannedFiles(files, bundle.paths);
}

class ConvertVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    AddSubmitOptions(app, submit_);
    AddOutcomeOptions(app, outcome_);
    AddFollowOptions(app, follow_);
    standalone_.AddTo(app);
  }

  Result<ExitCode> Run(Session& session) override {
    SMELT_RETURN_IF_ERROR(standalone_.Check(session));
    outcome_.output = OutputPath(outcome_.output, DefaultName(submit_.model));
    // The manifest names the parts as they are written.
    submit_.split.base_name = fs::path(outcome_.output).stem().string();
    SMELT_RETURN_IF_ERROR(CheckOutcomeOptions(session, outcome_));
    SMELT_RETURN_IF_ERROR(ToConvertOptions(submit_).status());
    if (submit_.split.any() && outcome_.output == "-") {
      return Status(Reason::kUsage, "an artifact in parts does not fit on standard output",
                    "Give the parts a name with -o.");
    }
    SMELT_ASSIGN_OR_RETURN(const Bundle bundle, OpenBundle(session, submit_));
    SMELT_RETURN_IF_ERROR(CheckFiles(submit_, outcome_, bundle));
    outcome_.inputs = bundle.paths;
    SMELT_ASSIGN_OR_RETURN(const std::optional<PrivateDaemon> daemon, standalone_.Start(session));
    SMELT_ASSIGN_OR_RETURN(const v1::Job created, Submit(session, submit_, bundle));
    SMELT_ASSIGN_OR_RETURN(const v1::Job job,
                           Follow(session, created.id(), follow_, " -o " + outcome_.output));
    return ShowOutcome(session, job, outcome_);
  }

 private:
  SubmitOptions submit_;
  FollowOptions follow_;
  OutcomeOptions outcome_;
  StandaloneOption standalone_;
};

}  // namespace

std::unique_ptr<Verb> MakeConvert() { return std::make_unique<ConvertVerb>(); }

}  // namespace smelt::client
