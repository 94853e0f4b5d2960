#include "client/view/json.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "client/view/exit_code.h"
#include "core/base/utf8.h"

namespace smelt::client {

std::string ToJson(const google::protobuf::Message& message, JsonShape shape) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = shape == JsonShape::kDocument;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!printed.ok()) {  // a time outside the calendar, for instance: the sender's doing
    return ErrorJson(Status(Reason::kInternalError,
                            "the daemon sent a message that JSON can't say: " + printed.ToString()),
                     static_cast<int>(ExitCodeFor(Reason::kInternalError)));
  }
  if (json.empty() || json.back() != '\n') json += '\n';
  return json;
}

std::string JsonString(std::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(ToUtf8(text));
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(value, &json).ok()) return "\"\"";
  return json;
}

std::string ErrorJson(const Status& status, int exit_code, std::string_view job_id) {
  return "{\n \"state\": \"error\",\n \"reason_code\": " + JsonString(ReasonName(status.reason())) +
         ",\n \"message\": " + JsonString(status.message()) +
         ",\n \"hint\": " + JsonString(status.hint()) +
         ",\n \"exit_code\": " + std::to_string(exit_code) +
         ",\n \"job_id\": " + JsonString(job_id) + "\n}\n";
}

}  // namespace smelt::client
