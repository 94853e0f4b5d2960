// Messages of smelt.v1 as JSON documents with the fields' own names, absent numbers and lists
// included. Pure, safe from any thread.
#pragma once

#include <string>

#include "core/base/result.h"

namespace google::protobuf {
class Message;
}

namespace smelt::report {

// Indented, ending in a newline. kInternalError for text that is not UTF-8.
Result<std::string> ToJson(const google::protobuf::Message& message);

}  // namespace smelt::report
