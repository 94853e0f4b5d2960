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

struct BundleFile {
  std::string name;
  const ModelFile* file;
};

// The model, its external data, the samples.
std::vector<BundleFile> FilesOf(const Bundle& bundle) {
  std::vector<BundleFile> files;
  for (std::size_t i = 0; i < bundle.files.size(); ++i) {
    files.push_back({i == 0 ? bundle.file_name : bundle.locations[i - 1], &bundle.files[i]});
  }
  for (const CalibrationInput& input : bundle.calibration) {
    files.push_back({input.wire.name(), &input.file});
  }
  return files;
}

// What the daemon would refuse anyway is refused before a large file is hashed and sent.
Status CheckAgainstLimits(Session& session, const Bundle& bundle,
                          const v1::ConvertOptions& options) {
  SMELT_ASSIGN_OR_RETURN(const v1::GetServerInfoResponse info, GetServerInfo(session.connection()));
  const std::uint64_t limit = info.limits().max_blob_bytes();
  for (const BundleFile& file : FilesOf(bundle)) {
    if (limit == 0 || file.file->size_bytes() <= limit) continue;
    return Status(Reason::kBlobTooLarge, file.name + " has " + ShowBytes(file.file->size_bytes()) +
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
  for (const BundleFile& file : FilesOf(bundle)) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest,
                           HashFile(session.connection(), *file.file, file.name));
    uploads.push_back({file.name, file.file, digest});
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
  v1::ConvertOperation& operation = *request.mutable_convert();
  *operation.mutable_options() = convert;
  *operation.mutable_input() = InputOf(bundle, uploads);
  for (std::size_t i = 0; i < bundle.calibration.size(); ++i) {
    v1::CalibrationFile& file = *operation.add_calibration_files();
    file = bundle.calibration[i].wire;
    *file.mutable_blob() = ToWire(uploads[bundle.files.size() + i].digest);
  }
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
