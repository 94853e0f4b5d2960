#include "core/base/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace smelt {
namespace {

struct LevelRow {
  LogLevel level;
  std::string_view name;
  spdlog::level::level_enum spdlog_level;
};
constexpr std::array kLevels = {
    LevelRow{LogLevel::kDebug, "debug", spdlog::level::debug},
    LevelRow{LogLevel::kInfo, "info", spdlog::level::info},
    LevelRow{LogLevel::kWarning, "warning", spdlog::level::warn},
    LevelRow{LogLevel::kError, "error", spdlog::level::err},
};
constexpr const LevelRow& Row(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

// Hands finished lines to a function; stands where the stderr sink stands otherwise.
class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> line) : line_(std::move(line)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    std::string_view line(formatted.data(), formatted.size());
    while (line.ends_with('\n')) line.remove_suffix(1);
    line_(line);
  }
  void flush_() override {}

  std::function<void(std::string_view)> line_;
};

// The one logger of the process.
class Output {
 public:
  Output() { SetSink(nullptr); }

  void Configure(LogLevel level, LogFormat format) {
    std::lock_guard lock(mutex_);
    level_ = level;
    format_ = format;
    logger_->set_formatter(Formatter(format));
  }
  void SetSink(std::function<void(std::string_view)> line) {
    std::lock_guard lock(mutex_);
    spdlog::sink_ptr sink;
    if (line) {
      sink = std::make_shared<FunctionSink>(std::move(line));
    } else {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
    logger_ = std::make_shared<spdlog::logger>("smelt", std::move(sink));
    logger_->set_level(spdlog::level::trace);
    logger_->flush_on(spdlog::level::trace);
    logger_->set_formatter(Formatter(format_));
  }
  bool Wants(LogLevel level) const { return level >= level_; }
  bool json() const { return format_ == LogFormat::kJson; }
  void Write(LogLevel level, const std::string& text) {
    std::shared_ptr<spdlog::logger> logger;
    {
      std::lock_guard lock(mutex_);
      logger = logger_;
    }
    logger->log(Row(level).spdlog_level, spdlog::string_view_t(text.data(), text.size()));
  }

 private:
  static std::unique_ptr<spdlog::formatter> Formatter(LogFormat format) {
    // The level is part of the text: spdlog's own name for a warning differs from ours.
    const char* pattern = format == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ",%v})"
                                                     : "time=%Y-%m-%dT%H:%M:%S.%fZ %v";
    return std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc);
  }

  std::atomic<LogLevel> level_ = LogLevel::kInfo;
  std::atomic<LogFormat> format_ = LogFormat::kLogfmt;
  std::mutex mutex_;
  std::shared_ptr<spdlog::logger> logger_;  // shared with a Write that is under way
};

Output& TheOutput() {
  static Output* const kOutput = new Output;  // outlives threads that log during exit
  return *kOutput;
}

// Quotes a value so that it stays on its line and in its field.
void AppendQuoted(std::string_view value, std::string& line) {
  static constexpr char kHex[] = "0123456789abcdef";
  line += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += "\\u00";
      line += kHex[byte >> 4];
      line += kHex[byte & 15];
    } else {
      line += c;
    }
  }
  line += '"';
}

bool IsPlain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  });
}

void AppendField(std::string_view key, std::string_view value, bool is_text, bool json,
                 std::string& line) {
  if (json) {
    if (!line.empty()) line += ',';
    AppendQuoted(key, line);
    line += ':';
    if (is_text) {
      AppendQuoted(value, line);
    } else {
      line += value;
    }
    return;
  }
  if (!line.empty()) line += ' ';
  line += key;
  line += '=';
  if (IsPlain(value)) {
    line += value;
  } else {
    AppendQuoted(value, line);
  }
}

}  // namespace

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  Output& output = TheOutput();
  if (!output.Wants(level)) return;
  const bool json = output.json();
  std::string line;
  AppendField("level", Row(level).name, true, json, line);
  AppendField("event", event, true, json, line);
  for (const LogField& field : fields) {
    AppendField(field.key(), field.value(), field.is_text(), json, line);
  }
  output.Write(level, line);
}

void SetLog(LogLevel level, LogFormat format) { TheOutput().Configure(level, format); }

std::optional<LogLevel> LogLevelFromName(std::string_view name) {
  for (const LevelRow& row : kLevels) {
    if (row.name == name) return row.level;
  }
  return std::nullopt;
}

void SetLogSink(std::function<void(std::string_view line)> sink) {
  TheOutput().SetSink(std::move(sink));
}

}  // namespace smelt
