#include "core/report/json.h"

#include <google/protobuf/util/json_util.h>

namespace smelt::report {

Result<std::string> ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return Status(Reason::kInternalError, status.ToString());
  return json;
}

}  // namespace smelt::report
