// Submission: a model on this machine becomes a job: upload, create.
#pragma once

#include "client/cmd/bundle.h"
#include "client/cmd/convert_options.h"
#include "client/cmd/session.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

// Uploads what is missing of `bundle`, which is what `options` name, and creates the job. Errors:
// kUsage before anything is sent, then those of the calls.
Result<v1::Job> Submit(Session& session, const SubmitOptions& options, const Bundle& bundle);

// The same for an inspection of the model's file alone.
Result<v1::Job> SubmitInspection(Session& session, const Bundle& bundle);

}  // namespace smelt::client
