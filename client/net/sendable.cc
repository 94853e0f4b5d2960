#include "client/net/sendable.h"

#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include <memory>

namespace smelt::client {

Status CheckSendable(const google::protobuf::Message& request) {
  const google::protobuf::LogSilencer silencer;  // it would say so on standard error, too
  const std::unique_ptr<google::protobuf::Message> copy(request.New());
  if (copy->ParseFromString(request.SerializeAsString())) return Status::Ok();
  return Status(Reason::kUsage, "a name in the request is not UTF-8",
                "Names in options, of data files and of jobs are sent as UTF-8.");
}

}  // namespace smelt::client
