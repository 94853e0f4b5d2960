#include "server/rpc/library_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>

#include "core/base/log.h"

namespace smelt::rpc {
namespace {

LogLevel LevelOf(google::protobuf::LogLevel level) {
  switch (level) {
    case google::protobuf::LOGLEVEL_INFO:
      return LogLevel::kInfo;
    case google::protobuf::LOGLEVEL_WARNING:
      return LogLevel::kWarning;
    default:
      return LogLevel::kError;
  }
}

void OnProtobuf(google::protobuf::LogLevel level, const char* file, int line,
                const std::string& message) {
  Log(LevelOf(level), "protobuf", {{"message", message}, {"file", file}, {"line", line}});
}

LogLevel LevelOf(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return LogLevel::kDebug;
    case GPR_LOG_SEVERITY_INFO:
      return LogLevel::kInfo;
    case GPR_LOG_SEVERITY_ERROR:
      break;
  }
  return LogLevel::kError;
}

void OnGrpc(gpr_log_func_args* event) {
  Log(LevelOf(event->severity), "grpc",
      {{"message", event->message}, {"file", event->file}, {"line", event->line}});
}

}  // namespace

void RouteLibraryLogs() {
  google::protobuf::SetLogHandler(&OnProtobuf);
  gpr_set_log_function(&OnGrpc);
}

}  // namespace smelt::rpc
