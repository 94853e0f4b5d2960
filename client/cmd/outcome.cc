#include "client/cmd/outcome.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include "client/cmd/description.h"
#include "client/cmd/output_path.h"
#include "client/cmd/planned_file.h"
#include "client/files/partial_file.h"
#include "client/files/spool.h"
#include "client/net/blob_digest.h"
#include "client/net/downloader.h"
#include "client/view/job_kind.h"
#include "client/view/job_state.h"
#include "client/view/json.h"
#include "client/view/report_text.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;

Status CheckFolder(const std::string& path) {
  if (path.empty() || path == "-") return Status::Ok();
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return Status::Ok();
  return Status(Reason::kUsage, "there is no folder " + folder.string() + " to write " + path,
                "Create it first.");
}

bool IsPart(const v1::JobArtifact& artifact) {
  return artifact.kind() == "tflite_part" || artifact.kind() == "tflite_custom_part";
}

// The artifact is the first of a job that succeeded; all others stand beside it. Parts all get
// names of their own, as those do.
int FirstExtra(const v1::Job& job) {
  return job.state() == v1::SUCCEEDED && !IsInParts(job) ? 1 : 0;
}

int CountParts(const v1::Job& job) {
  int parts = 0;
  for (const v1::JobArtifact& artifact : job.artifacts()) parts += IsPart(artifact) ? 1 : 0;
  return parts;
}

const v1::JobArtifact* FindArtifact(const v1::Job& job, const std::string& name) {
  if (name.empty() && job.state() != v1::SUCCEEDED) return nullptr;
  for (const v1::JobArtifact& artifact : job.artifacts()) {
    if (name.empty() || artifact.name() == name) return &artifact;
  }
  return nullptr;
}

// A finished job's own reason, as a status of this process.
Reason ReasonOf(const v1::Job& job) {
  if (job.state() == v1::CANCELLED) return Reason::kCancelled;
  return ReasonFromName(job.reason_code()).value_or(Reason::kInternalError);
}

ExitCode ExitCodeOf(const v1::Job& job, const v1::Report& report, bool strict) {
  switch (job.state()) {
    case v1::SUCCEEDED:
      return strict && CountWarnings(report) != 0 ? ExitCode::kWarnings : ExitCode::kOk;
    case v1::CANCELLED:
      return ExitCode::kCancelled;
    default: {  // the enum is open: a newer daemon may know more
      // A reason that only a newer daemon knows is still a failed conversion.
      const auto reason = ReasonFromName(job.reason_code());
      return reason ? ExitCodeFor(*reason) : ExitCode::kConversionFailed;
    }
  }
}

// Where the artifact is, for the headline. `paths` are those of FetchExtras.
std::string Place(const v1::Job& job, const std::string& output,
                  const std::vector<std::string>& paths) {
  if (output == "-") return "(standard output)";
  if (const int parts = CountParts(job); parts != 0) {
    const std::string count = std::to_string(parts) + " parts, ";
    if (paths.empty()) return count + job.artifacts(0).name() + " and on (at the daemon)";
    return count + paths.front() + " to " + paths[static_cast<std::size_t>(parts) - 1];
  }
  if (!output.empty()) return output;
  return job.artifacts().empty() ? "(nothing)" : job.artifacts(0).name() + " (at the daemon)";
}

std::string ReportPlace(const Session& session, const v1::Job& job, const OutcomeOptions& options) {
  if (!options.report.empty()) return options.report;
  if (session.server_is_private()) return "not kept; give it a place with --report FILE";
  return session.CommandLine("get " + job.id() + " --report");
}

void PrintOutcome(Session& session, const v1::Job& job, const v1::Report& report,
                  const OutcomeOptions& options, const std::vector<std::string>& extras) {
  const std::string report_place = ReportPlace(session, job, options);
  if (job.state() != v1::SUCCEEDED) {
    PrintFailure(session.err(), report, job.has_inspect() ? "described" : "converted", report_place,
                 session.err_ink());
    PrintExtras(session.err(), extras, session.err_ink());
    return;
  }
  if (session.json()) return;
  const std::size_t parts = std::min(extras.size(), static_cast<std::size_t>(CountParts(job)));
  // Standard output may hold the artifact or the report already.
  const bool to_err = options.output == "-" || options.report == "-";
  if (session.quiet()) {
    if (!to_err && !options.output.empty() && parts == 0) session.out() << options.output << '\n';
    for (std::size_t i = 0; i < parts; ++i) session.out() << extras[i] << '\n';
    return;
  }
  PrintSuccess(to_err ? session.err() : session.out(), report, Place(job, options.output, extras),
               report_place, to_err ? session.err_ink() : session.out_ink());
  const std::vector<std::string> beside(extras.begin() + static_cast<std::ptrdiff_t>(parts),
                                        extras.end());
  PrintExtras(to_err ? session.err() : session.out(), beside,
              to_err ? session.err_ink() : session.out_ink());
}

// A manifest names the files that it is about.
bool KeepsItsName(const v1::JobArtifact& artifact) {
  return IsPart(artifact) || artifact.kind().starts_with("split_");
}

std::string InFolderOf(const std::string& output, const std::string& name) {
  const std::string plain = fs::path(name).filename().string();
  return output == "-" ? plain : (fs::path(output).parent_path() / plain).string();
}

// Where the files beside the artifact go: one for each from FirstExtra on. kUsage when one would
// replace a file that must stay: which files there are, the daemon says.
Result<std::vector<std::string>> PlaceExtras(const v1::Job& job, const OutcomeOptions& options) {
  std::vector<std::string> paths;
  std::vector<PlannedFile> files = PlanOutcome(options);
  for (int i = FirstExtra(job); i < job.artifacts_size() && !options.output.empty(); ++i) {
    const std::string& name = job.artifacts(i).name();
    paths.push_back(KeepsItsName(job.artifacts(i))
                        ? InFolderOf(options.output, name)
                        : PathBeside(options.output, InputOf(job).file_name(), name));
    files.push_back({"the job's file " + name, paths.back(), "-o"});
  }
  SMELT_RETURN_IF_ERROR(CheckPlannedFiles(files, options.inputs));
  return paths;
}

Status FetchExtras(Session& session, const v1::Job& job, const std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const v1::JobArtifact& extra = job.artifacts(FirstExtra(job) + static_cast<int>(i));
    SMELT_ASSIGN_OR_RETURN(const Digest digest, FromWire(extra.digest()));
    SMELT_RETURN_IF_ERROR(DownloadToFile(session.connection(), digest, extra.name(), paths[i]));
  }
  return Status::Ok();
}

}  // namespace

void AddOutcomeOptions(CLI::App& app, OutcomeOptions& options) {
  app.add_option("-o,--output", options.output, "Where to write the artifact; - is standard output")
      ->type_name("OUT");
  app.add_option("--report", options.report, "Write the report there, as JSON")->type_name("FILE");
  app.add_flag("--strict", options.strict, "Exit with code 3 when there are warnings");
}

Status CheckOutcomeOptions(const Session& session, const OutcomeOptions& options) {
  const int writers = static_cast<int>(session.json()) + static_cast<int>(options.output == "-") +
                      static_cast<int>(options.report == "-");
  if (writers > 1) {
    return Status(Reason::kUsage,
                  "standard output can hold one thing: --json, the artifact or the report");
  }
  SMELT_RETURN_IF_ERROR(CheckFolder(options.output));
  SMELT_RETURN_IF_ERROR(CheckFolder(options.report));
  return CheckPlannedFiles(PlanOutcome(options), options.inputs);
}

Result<v1::Report> FetchReport(Session& session, const v1::Job& job) {
  if (job.report().sha256().empty()) return ReportFromJob(job);
  SMELT_ASSIGN_OR_RETURN(const Digest digest, FromWire(job.report()));
  SMELT_ASSIGN_OR_RETURN(const std::string bytes, DownloadToMemory(session.connection(), digest));
  v1::Report report;
  if (!report.ParseFromString(bytes)) {
    return Status(Reason::kInternalError, "the job's report can't be read");
  }
  if (report.job_id().empty()) report.set_job_id(job.id());
  return report;
}

Status FetchArtifact(Session& session, const v1::Job& job, const std::string& name,
                     const std::string& output) {
  if (!IsFinished(job.state())) {
    return Status(Reason::kReportNotReady,
                  "job " + job.id() + " is " + std::string(JobStateName(job.state())),
                  "Wait for it with '" + session.CommandLine("watch " + job.id()) + "'.");
  }
  const v1::JobArtifact* artifact = FindArtifact(job, name);
  if (artifact == nullptr && job.state() == v1::SUCCEEDED) {
    return Status(Reason::kBlobMissing, "job " + job.id() + " has no artifact '" + name + "'",
                  "See '" + session.CommandLine("status " + job.id()) + "'.");
  }
  if (artifact == nullptr) {
    return Status(ReasonOf(job), "job " + job.id() + " made no artifact: " + job.message(),
                  "See '" + session.CommandLine("get " + job.id() + " --report") + "'.");
  }
  SMELT_ASSIGN_OR_RETURN(const Digest digest, FromWire(artifact->digest()));
  if (output == "-") {
    return DownloadToStream(session.connection(), digest, artifact->name(), session.out());
  }
  return DownloadToFile(session.connection(), digest, artifact->name(), output);
}

bool IsInParts(const v1::Job& job) { return CountParts(job) != 0; }

Result<std::vector<std::string>> FetchParts(Session& session, const v1::Job& job,
                                            const OutcomeOptions& options) {
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> paths, PlaceExtras(job, options));
  SMELT_RETURN_IF_ERROR(FetchExtras(session, job, paths));
  return paths;
}

Result<ExitCode> ShowOutcome(Session& session, const v1::Job& job, const OutcomeOptions& options) {
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> extras, PlaceExtras(job, options));
  SMELT_ASSIGN_OR_RETURN(const v1::Report report, FetchReport(session, job));
  if (job.state() == v1::SUCCEEDED && !options.output.empty() && !IsInParts(job)) {
    SMELT_RETURN_IF_ERROR(FetchArtifact(session, job, "", options.output));
  }
  SMELT_RETURN_IF_ERROR(FetchExtras(session, job, extras));
  session.progress().Finish();
  if (!options.report.empty()) {
    SMELT_RETURN_IF_ERROR(WriteText(session, options.report, ToJson(report, JsonShape::kDocument)));
  }
  if (job.has_inspect() && job.state() == v1::SUCCEEDED) {
    return ShowDescription(session, job, options);
  }
  PrintOutcome(session, job, report, options, extras);
  if (session.json()) session.PrintJson(report);
  return ExitCodeOf(job, report, options.strict);
}

Status WriteText(Session& session, const std::string& path, const std::string& text) {
  if (path == "-") {
    session.out() << text << std::flush;
    return session.out() ? Status::Ok() : Status(Reason::kIoError, "writing the output failed");
  }
  if (PartialFile::IsReplaceable(path)) {
    SMELT_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Create(path));
    SMELT_RETURN_IF_ERROR(file.Append(std::as_bytes(std::span(text))));
    return file.Publish();
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) return SystemError(Reason::kIoError, "can't write", path);
  return Status::Ok();
}

}  // namespace smelt::client
