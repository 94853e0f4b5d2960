// Bundle: a model on this machine and its external data files, opened, as they will be sent.
#pragma once

#include <string>
#include <vector>

#include "client/cmd/calibration_options.h"
#include "client/cmd/convert_options.h"
#include "client/cmd/session.h"
#include "client/files/model_file.h"
#include "core/base/result.h"

namespace smelt::client {

// And the samples that go with it.
struct Bundle {
  std::string file_name;               // of the model, without folders; for display, in UTF-8
  std::vector<std::string> locations;  // [i] is the name of files[i + 1] in the bundle
  std::vector<ModelFile> files;        // the model first
  // Of `files` and `calibration` on this machine; none of a model from standard input.
  std::vector<std::string> paths;
  std::vector<CalibrationInput> calibration;
};

// Opens the model at options.model, or for "-" reads standard input, and what belongs to it.
// kUsage, kExternalDataMissing, kExternalPathEscapes, kIoError.
Result<Bundle> OpenBundle(Session& session, const SubmitOptions& options);

// The file alone, whatever it is: it is not looked into.
Result<Bundle> OpenSingleFile(Session& session, const std::string& path);

}  // namespace smelt::client
