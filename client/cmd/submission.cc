#include "client/cmd/submission.h"

#include <random>

#include "client/net/blob_digest.h"
#include "client/net/calls.h"
#include "client/net/sendable.h"
#include "client/net/uploader.h"

namespace smelt::client {
namespace {

std::string RandomRequestId() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string id;
  while (id.size() < 32) id += kDigits[random() % 16];
  return id;
}

// What the daemon would refuse anyway is refused before a large file is hashed and sent.
Status CheckAgainstLimits(Session& session, const Bundle& bundle,
                          const v1::ConvertOptions& options) {
  SMELT_ASSIGN_OR_RETURN(const v1::GetServerInfoResponse info, GetServerInfo(session.connection()));
  const std::uint64_t limit = info.limits().max_blob_bytes();
  for (std::size_t i = 0; i < bundle.files.size(); ++i) {
    if (limit == 0 || bundle.files[i].size_bytes() <= limit) continue;
    return Status(Reason::kBlobTooLarge, (i == 0 ? bundle.file_name : bundle.locations[i - 1]) +
                                             " has " + ShowBytes(bundle.files[i].size_bytes()) +
                                             "; the daemon takes at most " + ShowBytes(limit));
  }
  if (options.target().empty() || info.targets().empty()) return Status::Ok();
  std::string known;
  for (const std::string& target : info.targets()) {
    if (target == options.target()) return Status::Ok();
    known += (known.empty() ? "" : ", ") + target;
  }
  return Status(Reason::kUsage,
                "the daemon has no target '" + options.target() + "'; it has " + known,
                "Choose one of them with --target.");
}

Result<std::vector<UploadFile>> HashBundle(Session& session, const Bundle& bundle) {
  std::vector<UploadFile> uploads;
  for (std::size_t i = 0; i < bundle.files.size(); ++i) {
    const std::string& name = i == 0 ? bundle.file_name : bundle.locations[i - 1];
    SMELT_ASSIGN_OR_RETURN(const Digest digest,
                           HashFile(session.connection(), bundle.files[i], name));
    uploads.push_back({name, &bundle.files[i], digest});
  }
  return uploads;
}

v1::ModelInput InputOf(const Bundle& bundle, const std::vector<UploadFile>& uploads) {
  v1::ModelInput input;
  input.set_file_name(bundle.file_name);
  *input.mutable_model() = ToWire(uploads.front().digest);
  for (std::size_t i = 0; i < bundle.locations.size(); ++i) {
    (*input.mutable_external_files())[bundle.locations[i]] = ToWire(uploads[i + 1].digest);
  }
  return input;
}

Result<v1::Job> UploadAndCreate(Session& session, const std::vector<UploadFile>& uploads,
                                const v1::CreateJobRequest& request) {
  SMELT_RETURN_IF_ERROR(CheckSendable(request));  // before a large file is sent
  SMELT_RETURN_IF_ERROR(UploadMissing(session.connection(), uploads));
  return CreateJob(session.connection(), request);
}

}  // namespace

Result<v1::Job> Submit(Session& session, const SubmitOptions& options, const Bundle& bundle) {
  SMELT_ASSIGN_OR_RETURN(const v1::ConvertOptions convert, ToConvertOptions(options));
  SMELT_RETURN_IF_ERROR(CheckAgainstLimits(session, bundle, convert));
  SMELT_ASSIGN_OR_RETURN(const std::vector<UploadFile> uploads, HashBundle(session, bundle));
  v1::CreateJobRequest request;
  request.set_request_id(options.request_id.empty() ? RandomRequestId() : options.request_id);
  *request.mutable_convert()->mutable_options() = convert;
  *request.mutable_convert()->mutable_input() = InputOf(bundle, uploads);
  return UploadAndCreate(session, uploads, request);
}

Result<v1::Job> SubmitInspection(Session& session, const Bundle& bundle) {
  SMELT_RETURN_IF_ERROR(CheckAgainstLimits(session, bundle, v1::ConvertOptions()));
  SMELT_ASSIGN_OR_RETURN(const std::vector<UploadFile> uploads, HashBundle(session, bundle));
  v1::CreateJobRequest request;
  request.set_request_id(RandomRequestId());
  *request.mutable_inspect()->mutable_input() = InputOf(bundle, uploads);
  return UploadAndCreate(session, uploads, request);
}

}  // namespace smelt::client
