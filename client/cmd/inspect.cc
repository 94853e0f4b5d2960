#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

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

std::string DefaultName(const std::string& file) {
  return (file == "-" ? "model" : fs::path(file).stem().string()) + "_description.json";
}

class InspectVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("FILE", file_, "A .tflite or .onnx file; - is standard input")->required();
    app.add_option("-o,--output", outcome_.output,
                   "Write the description there too, as JSON; - is standard output")
        ->type_name("OUT");
    app.add_flag("--summary", outcome_.summary, "Leave out the lists of operators and tensors");
    standalone_.AddTo(app);
    AddFollowOptions(app, follow_);
  }

  Result<ExitCode> Run(Session& session) override {
    SMELT_RETURN_IF_ERROR(standalone_.Check(session));
    if (!outcome_.output.empty()) {
      outcome_.output = OutputPath(outcome_.output, DefaultName(file_));
    }
    SMELT_RETURN_IF_ERROR(CheckOutcomeOptions(session, outcome_));
    SMELT_ASSIGN_OR_RETURN(const Bundle bundle, OpenSingleFile(session, file_));
    SMELT_RETURN_IF_ERROR(CheckPlannedFiles(PlanOutcome(outcome_), bundle.paths));
    outcome_.inputs = bundle.paths;
    SMELT_ASSIGN_OR_RETURN(const std::optional<PrivateDaemon> daemon, standalone_.Start(session));
    SMELT_ASSIGN_OR_RETURN(const v1::Job created, SubmitInspection(session, bundle));
    const std::string again = outcome_.output.empty() ? "" : " -o " + outcome_.output;
    SMELT_ASSIGN_OR_RETURN(const v1::Job job, Follow(session, created.id(), follow_, again));
    return ShowOutcome(session, job, outcome_);
  }

 private:
  std::string file_;
  FollowOptions follow_;
  OutcomeOptions outcome_;
  StandaloneOption standalone_;
};

}  // namespace

std::unique_ptr<Verb> MakeInspect() { return std::make_unique<InspectVerb>(); }

}  // namespace smelt::client
