// What a value of a flag may be. Each check says nothing ("") or one sentence with the value that
// was found and what is allowed; CLI11 puts the flag's name before it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace smelt::config {

// HOST:PORT, or unix:PATH where that is allowed.
std::string CheckAddress(const std::string& text, bool unix_allowed);

std::string CheckPath(const std::string& text);

// A number of seconds; NaN is none.
CLI::Validator Seconds(double least, double most);

// A size with or without a unit ("512MiB"), turned into a number of bytes: at least `least`, or 0
// where that means unlimited.
CLI::Validator Bytes(std::uint64_t least, bool zero_allowed);

}  // namespace smelt::config
