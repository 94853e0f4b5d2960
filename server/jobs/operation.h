// Operation: what a job does. One message of jobs.proto a kind, and the facts that hold for all:
// the input's digests, canonical bytes, the name of the kind.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/base/result.h"
#include "smelt/v1/blobs.pb.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::jobs {

using Operation = std::variant<v1::ConvertOperation, v1::InspectOperation>;

// kInvalidDigest.
Result<Digest> FromProto(const v1::Digest& digest);
v1::Digest ToProto(const Digest& digest);

// What the request asks for. kInvalidArgument when that is nothing that this daemon knows.
Result<Operation> OperationOf(const v1::CreateJobRequest& request);
void SetOperation(const Operation& operation, v1::Job& job);

// "convert", "inspect": the ledger's name of the kind, which never changes.
std::string_view KindName(const Operation& operation);
// From what KindName and CanonicalBytes gave; nothing for other words or bytes.
std::optional<Operation> ParseOperation(std::string_view kind, ByteSpan bytes);

// The same bytes for equal operations of one kind (map entries sorted).
std::string CanonicalBytes(const Operation& operation);
// Of kind and bytes: what a request_id is compared by.
Digest OperationDigest(const Operation& operation);

const v1::ModelInput& InputOf(const Operation& operation);
// Files of samples; none of an operation that needs none.
std::vector<v1::CalibrationFile> CalibrationFilesOf(const Operation& operation);
// The model's digest first, then those of the external files in order of path, then those of the
// calibration files in theirs. kInvalidDigest.
Result<std::vector<Digest>> InputDigests(const Operation& operation);

// The runtime profile's name with the default filled in, "litert"; empty for an operation that has
// none.
std::string TargetName(const Operation& operation);

// True when files beside the artifact may come of it.
bool WritesExtras(const Operation& operation);

}  // namespace smelt::jobs
