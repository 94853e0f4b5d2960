// Submission: a model on this machine becomes a job: read, find its data files, upload, create.
#pragma once

#include "client/cmd/convert_options.h"
#include "client/cmd/session.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

// Uploads what is missing and creates the job. Errors: kUsage, kExternalDataMissing and
// kExternalPathEscapes before anything is sent, then those of the calls.
Result<v1::Job> Submit(Session& session, const SubmitOptions& options);

}  // namespace smelt::client
