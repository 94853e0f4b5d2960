#include <CLI/CLI.hpp>
#include <filesystem>

#include "client/cmd/command.h"
#include "client/cmd/outcome.h"
#include "client/cmd/output_path.h"
#include "client/cmd/session.h"
#include "client/net/blob_digest.h"
#include "client/net/calls.h"
#include "client/net/downloader.h"
#include "client/view/job_kind.h"
#include "client/view/job_state.h"
#include "client/view/json.h"

namespace smelt::client {
namespace {

class GetVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("JOB", what_, "A job's id, or a blob as SHA256/SIZE")->required();
    app.add_option("-o,--output", output_,
                   "Where to write it, a file or a folder; - is standard output. Parts go to the "
                   "folder of OUT under their own names")
        ->type_name("OUT");
    auto* report =
        app.add_flag("--report", report_, "The report, as JSON, instead of the artifact");
    auto* model =
        app.add_flag("--model", model_, "The model that the job is about")->excludes(report);
    app.add_option("--artifact", artifact_, "The artifact of this name")
        ->type_name("NAME")
        ->excludes(report)
        ->excludes(model);
  }

  Result<ExitCode> Run(Session& session) override {
    if (session.json() && output_ == "-") {
      return Status(Reason::kUsage, "standard output can hold one thing: --json or the bytes");
    }
    if (what_.find('/') != std::string::npos) return GetBlob(session);
    SMELT_ASSIGN_OR_RETURN(const v1::Job job, GetJob(session.connection(), what_));
    if (report_) return GetReport(session, job);
    if (model_) return GetModel(session, job);
    return GetArtifact(session, job);
  }

 private:
  Result<ExitCode> GetReport(Session& session, const v1::Job& job) {
    if (!IsFinished(job.state())) {
      return Status(Reason::kReportNotReady, "job " + job.id() + " has not finished");
    }
    SMELT_ASSIGN_OR_RETURN(const v1::Report report, FetchReport(session, job));
    session.progress().Finish();
    if (session.json()) session.PrintJson(report);
    if (session.json() && output_.empty()) return ExitCode::kOk;
    const std::string model = InputOf(job).file_name();
    const std::string output =
        output_.empty()
            ? "-"
            : OutputPath(output_, std::filesystem::path(model).stem().string() + ".report.json");
    SMELT_RETURN_IF_ERROR(WriteText(session, output, ToJson(report, JsonShape::kDocument)));
    return ExitCode::kOk;
  }

  // All parts of an artifact that has some, and the files beside them.
  Result<ExitCode> GetParts(Session& session, const v1::Job& job) {
    if (output_ == "-") {
      return Status(Reason::kUsage, "an artifact in parts does not fit on standard output",
                    "Name one of its files with --artifact.");
    }
    OutcomeOptions options;
    const std::string model = InputOf(job).file_name();
    options.output = OutputPath(output_, std::filesystem::path(model).stem().string() + ".tflite");
    SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> paths, FetchParts(session, job, options));
    session.progress().Finish();
    if (session.json()) session.PrintJson(job);
    if (!session.json()) {
      for (const std::string& path : paths) session.out() << path << '\n';
    }
    return ExitCode::kOk;
  }

  Result<ExitCode> GetArtifact(Session& session, const v1::Job& job) {
    if (artifact_.empty() && IsInParts(job)) return GetParts(session, job);
    std::string name = artifact_;
    if (name.empty() && job.state() == v1::SUCCEEDED && !job.artifacts().empty()) {
      name = job.artifacts(0).name();
    }
    const std::string output = OutputPath(output_, name);
    SMELT_RETURN_IF_ERROR(FetchArtifact(session, job, name, output));
    session.progress().Finish();
    if (session.json()) session.PrintJson(job);
    if (!session.json() && output != "-") session.out() << output << '\n';
    return ExitCode::kOk;
  }

  Result<ExitCode> GetModel(Session& session, const v1::Job& job) {
    const v1::ModelInput& input = InputOf(job);
    SMELT_ASSIGN_OR_RETURN(const Digest digest, FromWire(input.model()));
    return Fetch(session, digest, OutputPath(output_, input.file_name()));
  }

  Result<ExitCode> GetBlob(Session& session) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest, ParseBlobName(what_));
    return Fetch(session, digest, OutputPath(output_, digest.Hex()));
  }

  static Result<ExitCode> Fetch(Session& session, const Digest& digest, const std::string& output) {
    if (output == "-") {
      SMELT_RETURN_IF_ERROR(
          DownloadToStream(session.connection(), digest, digest.Hex(), session.out()));
    } else {
      SMELT_RETURN_IF_ERROR(DownloadToFile(session.connection(), digest, output, output));
    }
    session.progress().Finish();
    if (session.json()) session.PrintJson(ToWire(digest));
    if (!session.json() && output != "-") session.out() << output << '\n';
    return ExitCode::kOk;
  }

  std::string what_;
  std::string output_;
  std::string artifact_;
  bool report_ = false;
  bool model_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeGet() { return std::make_unique<GetVerb>(); }

}  // namespace smelt::client
