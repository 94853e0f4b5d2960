// The external data files of a model on disk: which they are, and whether they may be sent.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace smelt::client {

struct ExternalFile {
  std::string location;  // the name in the bundle: as the model writes it, but without "." parts
                         // and with '/' also where an exporter on Windows wrote '\\'
  std::string path;      // where it is on this machine
};

// Resolves `locations` in the folder of the model at `model_path`.
//
// A model may come from a stranger, and what it names is sent to a server. So a location that is
// absolute or has ".." parts is refused (kExternalPathEscapes), and so is a symbolic link
// that leads out of it; a link is followed only within the folder, or beside the model's own bytes
// when the model itself is such a link (as in download caches). All missing files are named at once
// (kExternalDataMissing).
Result<std::vector<ExternalFile>> ResolveExternalFiles(const std::string& model_path,
                                                       const std::vector<std::string>& locations);

// The same for a model without a folder, from standard input: any location is missing.
Status RefuseExternalFiles(const std::vector<std::string>& locations);

}  // namespace smelt::client
