// Structured log: one event a line, written to stderr as `time level event key=value ...`.
//
//   Log(LogLevel::kInfo, "job_finished", {{"job", id}, {"attempt", 2}});
//
// Safe for calls from any thread. Never log model contents or secrets.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace smelt {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kLogfmt, kJson };

// One `key=value` of an event. The key is a literal in snake_case.
class LogField {
 public:
  LogField(std::string_view key, std::string_view value)
      : key_(key), value_(value), quoted_(true) {}
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, bool value) : key_(key), value_(value ? "true" : "false") {}
  template <class T>
  requires(std::integral<T> || std::floating_point<T>) LogField(std::string_view key, T value)
      : key_(key), value_(std::to_string(value)) {}

  std::string_view key() const { return key_; }
  const std::string& value() const { return value_; }
  bool is_text() const { return quoted_; }

 private:
  std::string_view key_;
  std::string value_;
  bool quoted_ = false;
};

// `event` is a literal in snake_case: the thing to search for.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// Events below `level` are dropped. Starts at kInfo, kLogfmt.
void SetLog(LogLevel level, LogFormat format = LogFormat::kLogfmt);

// "debug", "info", "warning", "error".
std::optional<LogLevel> LogLevelFromName(std::string_view name);

// Sends each finished line (without its end of line) to `sink` instead of stderr; an empty one goes
// back to stderr. For tests.
void SetLogSink(std::function<void(std::string_view line)> sink);

}  // namespace smelt
