// Bundle: a model on this machine and its external data files, opened, as they will be sent.
#pragma once

#include <string>
#include <vector>

#include "client/cmd/session.h"
#include "client/files/model_file.h"
#include "core/base/result.h"

namespace smelt::client {

struct Bundle {
  std::string file_name;               // of the model, without folders; for display, in UTF-8
  std::vector<std::string> locations;  // [i] is the name of files[i + 1] in the bundle
  std::vector<ModelFile> files;        // the model first
  std::vector<std::string> paths;      // of `files` on this machine; empty for standard input
};

// Opens the model at `path`, or for "-" reads standard input. kUsage, kExternalDataMissing,
// kExternalPathEscapes, kIoError.
Result<Bundle> OpenBundle(Session& session, const std::string& path);

// The file alone, whatever it is: it is not looked into.
Result<Bundle> OpenSingleFile(Session& session, const std::string& path);

}  // namespace smelt::client
