#include "client/cmd/description.h"

#include <google/protobuf/util/json_util.h>

#include <string>

#include "client/net/blob_digest.h"
#include "client/net/downloader.h"
#include "client/view/model_text.h"
#include "smelt/v1/model_description.pb.h"

namespace smelt::client {
namespace {

Result<v1::ModelDescription> Parse(const std::string& json) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // of a newer daemon
  v1::ModelDescription description;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &description, options);
  if (parsed.ok()) return description;
  return Status(Reason::kInternalError,
                "the job's description can't be read: " + parsed.ToString());
}

}  // namespace

Result<ExitCode> ShowDescription(Session& session, const v1::Job& job,
                                 const OutcomeOptions& options) {
  if (options.output == "-") return ExitCode::kOk;
  if (session.quiet() && !session.json()) {
    if (!options.output.empty()) session.out() << options.output << '\n';
    return ExitCode::kOk;
  }
  if (job.artifacts().empty()) {
    return Status(Reason::kInternalError, "job " + job.id() + " left no description");
  }
  SMELT_ASSIGN_OR_RETURN(const Digest digest, FromWire(job.artifacts(0).digest()));
  SMELT_ASSIGN_OR_RETURN(std::string json, DownloadToMemory(session.connection(), digest));
  session.progress().Finish();
  if (session.json()) {
    session.PrintJson(std::move(json));
    return ExitCode::kOk;
  }
  SMELT_ASSIGN_OR_RETURN(const v1::ModelDescription description, Parse(json));
  PrintModel(session.out(), description,
             options.summary ? ModelDetail::kSummary : ModelDetail::kAll, session.out_ink());
  return ExitCode::kOk;
}

}  // namespace smelt::client
