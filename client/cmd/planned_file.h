// PlannedFile: a file that a run is going to write. All are known and checked before any work, so
// that none replaces a file of the user's that is read, or another one of them.
#pragma once

#include <string>
#include <vector>

#include "client/cmd/convert_options.h"
#include "client/cmd/outcome.h"
#include "core/base/status.h"

namespace smelt::client {

struct PlannedFile {
  std::string what;  // "the artifact"
  std::string path;
  std::string option;  // gives it another name: "-o"
};

// The artifact and the report; not what goes to standard output.
std::vector<PlannedFile> PlanOutcome(const OutcomeOptions& options);

// The files that `submit` asks for beside the artifact of the model `file_name`, whether or not the
// conversion will write them. Of --dump all, those that are there already or meet the report.
std::vector<PlannedFile> PlanExtras(const SubmitOptions& submit, const OutcomeOptions& options,
                                    const std::string& file_name);

// `inputs` are the paths of the model and of its external data files, or none. Files are compared
// as such and not by spelling; the ones that do not exist yet by what their paths mean. kUsage.
Status CheckPlannedFiles(const std::vector<PlannedFile>& files,
                         const std::vector<std::string>& inputs);

}  // namespace smelt::client
