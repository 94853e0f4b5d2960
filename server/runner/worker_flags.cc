#include "server/runner/worker_flags.h"

#include <charconv>
#include <cstdint>
#include <string_view>

namespace smelt::runner {
namespace {

Result<std::uint64_t> ParseNumber(std::string_view flag, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status(Reason::kUsage,
                  std::string(flag) + " takes a number, not '" + std::string(text) + "'");
  }
  return value;
}

Status Apply(std::string_view name, std::string_view value, WorkerFlags& flags) {
  if (name == "--print-support") {
    flags.print_support = value;
    return Status::Ok();
  }
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t number, ParseNumber(name, value));
  if (name == "--channel-fd") {
    flags.channel_fd = static_cast<int>(number);
  } else if (name == "--parent-pid") {
    flags.parent_pid = static_cast<pid_t>(number);
  } else if (name == "--memory-bytes") {
    flags.limits.memory_bytes = number;
  } else if (name == "--cpu-seconds") {
    flags.limits.cpu_seconds = number;
  } else if (name == "--file-bytes") {
    flags.limits.file_bytes = number;
  } else {
    return Status(Reason::kUsage, "unknown flag " + std::string(name));
  }
  return Status::Ok();
}

}  // namespace

Result<WorkerFlags> ParseWorkerFlags(int argc, char** argv) {
  WorkerFlags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    std::string_view value;
    if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    }
    SMELT_RETURN_IF_ERROR(Apply(name, value, flags));
  }
  if (flags.print_support.empty() && flags.channel_fd < 0) {
    return Status(Reason::kUsage,
                  "smeltd starts this program; by hand it takes --print-support=json|md|reasons");
  }
  return flags;
}

}  // namespace smelt::runner
