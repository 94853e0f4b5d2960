// Small pieces of text for people: sizes, durations, and names that are safe to print.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace smelt::client {

// "1.2 MiB"; bytes below 1,024 as they are.
std::string ShowBytes(std::uint64_t bytes);

// "1.3 ms", "12.4 s", "3 min 04 s".
std::string ShowSeconds(double seconds);

// "1 node", "2 nodes".
std::string Count(std::uint64_t count, std::string_view noun);

// Names come from models and servers: control characters, which could drive a terminal, are shown
// as \xNN. Valid UTF-8 stays readable.
std::string Printable(std::string_view text);

// ANSI colours, or nothing.
class Ink {
 public:
  explicit Ink(bool colored) : colored_(colored) {}
  std::string Red(std::string_view text) const { return Paint("31;1", text); }
  std::string Green(std::string_view text) const { return Paint("32;1", text); }
  std::string Yellow(std::string_view text) const { return Paint("33;1", text); }
  std::string Bold(std::string_view text) const { return Paint("1", text); }
  std::string Dim(std::string_view text) const { return Paint("2", text); }

 private:
  std::string Paint(std::string_view code, std::string_view text) const;
  bool colored_;
};

}  // namespace smelt::client
