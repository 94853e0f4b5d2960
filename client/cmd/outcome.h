// Outcome: what a finished job leaves with the user: artifact, report, text, exit code.
#pragma once

#include <string>
#include <vector>

#include "client/cmd/session.h"
#include "client/view/exit_code.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"
#include "smelt/v1/report.pb.h"

namespace CLI {
class App;
}

namespace smelt::client {

struct OutcomeOptions {
  std::string output;  // a path or "-"; "": the artifact stays with the daemon
  std::string report;  // write the report there as JSON; "": don't
  bool strict = false;
  bool summary = false;             // of a described model, not each of its tensors and operators
  std::vector<std::string> inputs;  // the model and its data files, which nothing may replace
};

void AddOutcomeOptions(CLI::App& app, OutcomeOptions& options);

// Before any work: --json and "-" can't share standard output, and the folder of each file that
// will be written must exist, and no two may be the same file. kUsage.
Status CheckOutcomeOptions(const Session& session, const OutcomeOptions& options);

// The job's report, also for a job that ended without one. Requires a finished job.
Result<v1::Report> FetchReport(Session& session, const v1::Job& job);

// Fetches the artifact `name` ("": the only one, or the first) to `output`. kReportNotReady while
// the job runs; the job's own reason when it failed.
Status FetchArtifact(Session& session, const v1::Job& job, const std::string& name,
                     const std::string& output);

// Whether the job's artifact is several files.
bool IsInParts(const v1::Job& job);

// Fetches all files of an artifact in parts into the folder of `options.output`. Their paths; parts
// and what describes them keep their names.
Result<std::vector<std::string>> FetchParts(Session& session, const v1::Job& job,
                                            const OutcomeOptions& options);

// Does what `options` ask for, prints the outcome, and says how the process ends.
Result<ExitCode> ShowOutcome(Session& session, const v1::Job& job, const OutcomeOptions& options);

// Writes text to a path or, for "-", to standard output. kIoError.
Status WriteText(Session& session, const std::string& path, const std::string& text);

}  // namespace smelt::client
