// Messages as JSON, with the field names of the protos and defaults printed, so that a script may
// read a field without asking first whether it is there.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace google::protobuf {
class Message;
}

namespace smelt::client {

enum class JsonShape { kDocument, kLine };  // indented, or one line; both end with a newline

std::string ToJson(const google::protobuf::Message& message, JsonShape shape);

// The document for a command that got no answer to print: {"state": "error", "reason_code": ...,
// "message": ..., "hint": ..., "exit_code": ..., "job_id": ...}. The job is the one that the daemon
// holds all the same; "" when there is none.
std::string ErrorJson(const Status& status, int exit_code, std::string_view job_id = "");

// A JSON string literal with its quotes; bytes that are not UTF-8 become '?'.
std::string JsonString(std::string_view text);

}  // namespace smelt::client
