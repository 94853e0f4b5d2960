#include "server/jobs/operation.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <climits>
#include <map>

namespace smelt::jobs {
namespace {

constexpr std::string_view kConvert = "convert";
constexpr std::string_view kInspect = "inspect";

template <class... F>
struct Cases : F... {
  using F::operator()...;
};
template <class... F>
Cases(F...) -> Cases<F...>;

template <class Message>
std::optional<Operation> Parse(ByteSpan bytes) {
  Message message;
  if (bytes.size() > static_cast<std::size_t>(INT_MAX) ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  return message;
}

}  // namespace

Result<Digest> FromProto(const v1::Digest& digest) {
  return Digest::FromHex(digest.sha256(), digest.size_bytes());
}

v1::Digest ToProto(const Digest& digest) {
  v1::Digest proto;
  proto.set_sha256(digest.Hex());
  proto.set_size_bytes(digest.size_bytes);
  return proto;
}

Result<Operation> OperationOf(const v1::CreateJobRequest& request) {
  switch (request.operation_case()) {
    case v1::CreateJobRequest::kConvert:
      return Operation(request.convert());
    case v1::CreateJobRequest::kInspect:
      return Operation(request.inspect());
    case v1::CreateJobRequest::OPERATION_NOT_SET:
      break;
  }
  return Status(Reason::kInvalidArgument, "no operation that this daemon knows is set",
                "The daemon may be older than its client: see 'smelt server info'.");
}

void SetOperation(const Operation& operation, v1::Job& job) {
  std::visit(Cases{[&](const v1::ConvertOperation& convert) { *job.mutable_convert() = convert; },
                   [&](const v1::InspectOperation& inspect) { *job.mutable_inspect() = inspect; }},
             operation);
}

std::string_view KindName(const Operation& operation) {
  return std::visit(Cases{[](const v1::ConvertOperation&) { return kConvert; },
                          [](const v1::InspectOperation&) { return kInspect; }},
                    operation);
}

std::optional<Operation> ParseOperation(std::string_view kind, ByteSpan bytes) {
  if (kind == kConvert) return Parse<v1::ConvertOperation>(bytes);
  if (kind == kInspect) return Parse<v1::InspectOperation>(bytes);
  return std::nullopt;
}

std::string CanonicalBytes(const Operation& operation) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  {
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    std::visit([&](const auto& message) { message.SerializeToCodedStream(&coded); }, operation);
  }
  return bytes;
}

Digest OperationDigest(const Operation& operation) {
  std::string bytes = CanonicalBytes(operation);
  // Conversions were there first: requests that a ledger remembers are compared without a kind.
  if (KindName(operation) != kConvert) {
    bytes = std::string(KindName(operation)) + std::string(1, '\0') + bytes;
  }
  return Digest::Of(std::as_bytes(std::span(bytes)));
}

const v1::ModelInput& InputOf(const Operation& operation) {
  return std::visit([](const auto& message) -> const v1::ModelInput& { return message.input(); },
                    operation);
}

std::vector<v1::CalibrationFile> CalibrationFilesOf(const Operation& operation) {
  const auto* convert = std::get_if<v1::ConvertOperation>(&operation);
  if (convert == nullptr) return {};
  return {convert->calibration_files().begin(), convert->calibration_files().end()};
}

Result<std::vector<Digest>> InputDigests(const Operation& operation) {
  const v1::ModelInput& input = InputOf(operation);
  std::vector<Digest> digests;
  SMELT_ASSIGN_OR_RETURN(Digest model, FromProto(input.model()));
  digests.push_back(model);
  // The message's map has no order of its own.
  std::map<std::string, Digest> files;
  for (const auto& [path, proto] : input.external_files()) {
    SMELT_ASSIGN_OR_RETURN(files[path], FromProto(proto));
  }
  for (const auto& [path, digest] : files) digests.push_back(digest);
  for (const v1::CalibrationFile& file : CalibrationFilesOf(operation)) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest, FromProto(file.blob()));
    digests.push_back(digest);
  }
  return digests;
}

std::string TargetName(const Operation& operation) {
  const auto* convert = std::get_if<v1::ConvertOperation>(&operation);
  if (convert == nullptr) return "";
  return convert->options().target().empty() ? "litert" : convert->options().target();
}

bool WritesExtras(const Operation& operation) {
  const auto* convert = std::get_if<v1::ConvertOperation>(&operation);
  if (convert == nullptr) return false;
  const v1::ConvertOptions& options = convert->options();
  return !options.extra_reports().empty() || !options.dump_after().empty() || options.has_split();
}

}  // namespace smelt::jobs
