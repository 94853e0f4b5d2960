// A report as text for the person who asked: what stands in the way, or what was made.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "client/view/text.h"
#include "smelt/v1/jobs.pb.h"
#include "smelt/v1/report.pb.h"

namespace smelt::client {

// Every diagnostic, errors first, each with its node, tensor, value found, what is allowed and what
// to do; then the reasons counted. Nothing is left out: a refusal must be complete.
// `done` is what was to be done with the model: "converted". `report_place` is the file that holds
// the report, or the command that fetches it.
void PrintFailure(std::ostream& out, const v1::Report& report, std::string_view done,
                  const std::string& report_place, const Ink& ink);

// What was made: size, operators by kind, times, verification, and the warnings in full.
// `place` says where the artifact is.
void PrintSuccess(std::ostream& out, const v1::Report& report, const std::string& place,
                  const std::string& report_place, const Ink& ink);

// The files that were written beside the artifact, or in its place.
void PrintExtras(std::ostream& out, const std::vector<std::string>& paths, const Ink& ink);

std::uint64_t CountWarnings(const v1::Report& report);

// A report for a job that ended without one (its worker died, or it was cancelled in the queue),
// made from what the job itself says.
v1::Report ReportFromJob(const v1::Job& job);

}  // namespace smelt::client
