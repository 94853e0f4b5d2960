#include "server/config/value_checks.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace smelt::config {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMaxSocketPathBytes = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;  // system limits hold it and more

std::string ShowSize(std::uint64_t bytes) {
  constexpr std::array kUnits = {"", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  for (; bytes % 1024 == 0 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return std::to_string(bytes) + kUnits[unit];
}

// Turns "512MiB" into "536870912". False when it is no size.
bool ResolveUnit(std::string& text) {
  // The library would take "-1" for the largest number there is.
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  try {
    return CLI::AsSizeValue(false)(text).empty();
  } catch (const CLI::ValidationError&) {  // its way to say no
    return false;
  }
}

bool ParseBytes(const std::string& text, std::uint64_t& bytes) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string CheckAddress(const std::string& text, bool unix_allowed) {
  if (unix_allowed && text.starts_with(kUnix)) {
    const std::size_t path_bytes = text.size() - kUnix.size();
    if (path_bytes >= 1 && path_bytes <= kMaxSocketPathBytes) return "";
    return "'" + text + "': a socket's path has 1 to " + std::to_string(kMaxSocketPathBytes) +
           " bytes";
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return "'" + text + "' is not HOST:PORT" + (unix_allowed ? " or unix:PATH" : "");
  }
  const std::string port = text.substr(colon + 1);
  const bool digits =
      port.size() <= 5 && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::stoi(port) > 65535)
    return "'" + text + "': '" + port + "' is not a port from 0 to 65535";
  return "";
}

std::string CheckPath(const std::string& text) {
  return text.empty() ? "'' is not a path: it must not be empty" : "";
}

CLI::Validator Seconds(double least, double most) {
  return CLI::Validator(
      [least, most](std::string& text) {
        double value = 0;
        // A NaN compares with nothing.
        if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) {
          return std::string();
        }
        return "'" + text + "' is not a number of seconds from " + CLI::detail::to_string(least) +
               " to " + CLI::detail::to_string(most);
      },
      "SECONDS");
}

CLI::Validator Bytes(std::uint64_t least, bool zero_allowed) {
  return CLI::Validator(
      [least, zero_allowed](std::string& text) {
        const std::string found = text;
        std::uint64_t bytes = 0;
        if (ResolveUnit(text) && ParseBytes(text, bytes) && bytes <= kMostBytes &&
            (bytes >= least || (bytes == 0 && zero_allowed))) {
          return std::string();
        }
        return "'" + found + "' is not a size from " + ShowSize(least) + " to " +
               ShowSize(kMostBytes) + (zero_allowed ? ", or 0" : "");
      },
      "SIZE");
}

}  // namespace smelt::config
