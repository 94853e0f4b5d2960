// ServerConfig: everything that an operator can choose, from flags, SMELTD_* environment variables
// and a config file, in this order of precedence. An empty variable counts as unset; an empty value
// of a flag is a value, and mostly refused. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace smelt::config {

struct ServerConfig {
  std::string listen = "127.0.0.1:7070";   // HOST:PORT or unix:PATH
  std::string metrics = "127.0.0.1:7071";  // HOST:PORT; "off": none
  std::string state_dir = "/var/lib/smeltd";
  std::string worker_binary;  // default: smelt-worker beside smeltd
  std::size_t workers = 1;    // jobs at a time; default: cores
  std::uint64_t worker_memory_bytes = std::uint64_t{4} << 30;  // at least 64 MiB; 0: unlimited
  std::uint64_t max_blob_bytes = std::uint64_t{16} << 30;
  std::uint32_t max_queued = 10'000;
  std::chrono::milliseconds worker_timeout{600'000};
  std::chrono::milliseconds drain_delay{5'000};
  std::chrono::milliseconds drain_timeout{60'000};
  std::string log_level = "info";
  std::string log_format = "logfmt";
  bool reflection = true;
};

struct ParsedCommandLine {
  ServerConfig config;
  bool check_only = false;           // --check-config: say whether it is valid, then exit
  std::optional<std::string> print;  // --help, --version: the text to print, then exit 0
};

// kConfigInvalid with one sentence that names the flag or key, what was found and what is allowed.
// Nothing outside of the configuration is looked at: see CheckPaths.
// `program_dir` is the folder of the running binary.
Result<ParsedCommandLine> ParseCommandLine(int argc, const char* const* argv,
                                           const std::string& program_dir);

}  // namespace smelt::config
