// Facts about a job's operation: its digests, its canonical bytes.
#pragma once

#include <string>
#include <vector>

#include "core/base/digest.h"
#include "core/base/result.h"
#include "smelt/v1/blobs.pb.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::jobs {

// kInvalidDigest.
Result<Digest> FromProto(const v1::Digest& digest);
v1::Digest ToProto(const Digest& digest);

// The same bytes for equal operations (map entries sorted), and their digest: what a request_id is
// compared by.
std::string CanonicalBytes(const v1::ConvertOperation& operation);

Digest OperationDigest(const v1::ConvertOperation& operation);

// The model's digest first, then those of the external files in order of path, then those of the
// calibration files in theirs. kInvalidDigest.
Result<std::vector<Digest>> InputDigests(const v1::ConvertOperation& operation);

// The runtime profile's name with the default filled in: "litert".
std::string TargetName(const v1::ConvertOptions& options);

}  // namespace smelt::jobs
