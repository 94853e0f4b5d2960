#include "server/jobs/operation.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>

namespace smelt::jobs {

Result<Digest> FromProto(const v1::Digest& digest) {
  return Digest::FromHex(digest.sha256(), digest.size_bytes());
}

v1::Digest ToProto(const Digest& digest) {
  v1::Digest proto;
  proto.set_sha256(digest.Hex());
  proto.set_size_bytes(digest.size_bytes);
  return proto;
}

std::string CanonicalBytes(const v1::ConvertOperation& operation) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  {
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    operation.SerializeToCodedStream(&coded);
  }
  return bytes;
}

Digest OperationDigest(const v1::ConvertOperation& operation) {
  const std::string bytes = CanonicalBytes(operation);
  return Digest::Of(std::as_bytes(std::span(bytes)));
}

Result<std::vector<Digest>> InputDigests(const v1::ConvertOperation& operation) {
  std::vector<Digest> digests;
  SMELT_ASSIGN_OR_RETURN(Digest model, FromProto(operation.input().model()));
  digests.push_back(model);
  // The message's map has no order of its own.
  std::map<std::string, Digest> files;
  for (const auto& [path, proto] : operation.input().external_files()) {
    SMELT_ASSIGN_OR_RETURN(files[path], FromProto(proto));
  }
  for (const auto& [path, digest] : files) digests.push_back(digest);
  for (const v1::CalibrationFile& file : operation.calibration_files()) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest, FromProto(file.blob()));
    digests.push_back(digest);
  }
  return digests;
}

std::string TargetName(const v1::ConvertOptions& options) {
  return options.target().empty() ? "litert" : options.target();
}

}  // namespace smelt::jobs
