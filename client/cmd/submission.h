// Submission: a model on this machine becomes a job: read, find its data files, upload, create.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/cmd/session.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace CLI {
class App;
}

namespace smelt::client {

struct SubmitOptions {
  std::string model;              // a path, or "-" for standard input
  std::vector<std::string> dims;  // NAME=VALUE
  std::string target;
  std::string verify = "run";
  std::vector<std::string> disabled_passes;
  bool check_ir = false;
  std::string request_id;  // "": a random one
};

// Declares MODEL and the options that describe a conversion.
void AddSubmitOptions(CLI::App& app, SubmitOptions& options);

// "NAME=VALUE" with VALUE a number of at least 0; the name may contain '='. kUsage.
Status ParseDim(const std::string& text, std::string* name, std::int64_t* value);

// The options as the API takes them. kUsage.
Result<v1::ConvertOptions> ToConvertOptions(const SubmitOptions& options);

// Uploads what is missing and creates the job. Errors: kUsage, kExternalDataMissing and
// kExternalPathEscapes before anything is sent, then those of the calls.
Result<v1::Job> Submit(Session& session, const SubmitOptions& options);

}  // namespace smelt::client
