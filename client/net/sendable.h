// Whether a request can be sent at all.
#pragma once

#include "core/base/status.h"

namespace google::protobuf {
class Message;
}

namespace smelt::client {

// kUsage for a text that is not UTF-8: the daemon could not read the request.
Status CheckSendable(const google::protobuf::Message& request);

}  // namespace smelt::client
