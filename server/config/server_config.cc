#include "server/config/server_config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core/base/command_words.h"
#include "server/config/value_checks.h"

namespace smelt::config {
namespace {

constexpr const char* kAbout =
    "smeltd converts models for edge runtimes.\n"
    "Every flag is also a key of the config file and, upper case with SMELTD_ before it, an\n"
    "environment variable; an empty one counts as unset. A flag wins over the environment, the\n"
    "environment over the file.\n";

constexpr std::uint64_t kLeastWorkerMemory = std::uint64_t{64} << 20;  // to start at all

// Seconds on the outside, milliseconds inside.
struct Durations {
  double worker_timeout = 0;
  double drain_delay = 0;
  double drain_timeout = 0;
};

double ToSeconds(std::chrono::milliseconds value) {
  return std::chrono::duration<double>(value).count();
}
std::chrono::milliseconds ToMilliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// The environment variable of a flag: --state-dir is SMELTD_STATE_DIR.
std::string VariableOf(const std::string& flag) {
  std::string name = "SMELTD_";
  for (const char c : flag.substr(2)) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}

  template <class T>
  CLI::Option* Add(const std::string& flag, T& value, const std::string& help) {
    return app_.add_option(flag, value, help)->envname(VariableOf(flag))->capture_default_str();
  }

 private:
  CLI::App& app_;
};

void AddOptions(CLI::App& app, ServerConfig& config, Durations& seconds) {
  Flags flags(app);
  flags.Add("--listen", config.listen, "Serve gRPC here: HOST:PORT or unix:PATH")
      ->check([](const std::string& text) { return CheckAddress(text, true); });
  flags.Add("--metrics", config.metrics, "Serve /metrics here: HOST:PORT, or off")
      ->check([](const std::string& text) {
        return text == "off" ? std::string() : CheckAddress(text, false);
      });
  flags.Add("--state-dir", config.state_dir, "Folder of jobs and blobs; made with mode 0700")
      ->check(CheckPath);
  flags.Add("--worker-binary", config.worker_binary, "Path of smelt-worker")->check(CheckPath);
  flags.Add("--workers", config.workers, "Jobs at a time")->check(CLI::Range(1, 1024));
  flags
      .Add("--worker-memory", config.worker_memory_bytes,
           "Memory of one worker, as 4GiB, at least 64MiB; 0: unlimited")
      ->transform(Bytes(kLeastWorkerMemory, true));
  flags.Add("--worker-timeout", seconds.worker_timeout, "Seconds that a job may run")
      ->check(Seconds(0.001, 86'400));
  flags.Add("--max-blob-size", config.max_blob_bytes, "Largest upload, as 16GiB")
      ->transform(Bytes(1, false));
  flags.Add("--max-queued", config.max_queued, "Jobs that may wait before new ones are refused")
      ->check(CLI::Range(1, 1'000'000'000));
  flags
      .Add("--drain-delay", seconds.drain_delay,
           "Seconds between turning not-ready and refusing work")
      ->check(Seconds(0, 3'600));
  flags
      .Add("--drain-timeout", seconds.drain_timeout,
           "Seconds that running jobs get to end before they are queued again")
      ->check(Seconds(0, 86'400));
  flags.Add("--log-level", config.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  flags.Add("--log-format", config.log_format, "logfmt or json")
      ->check(CLI::IsMember({"logfmt", "json"}));
  flags.Add("--reflection", config.reflection, "Serve gRPC reflection: true or false");
}

// The command line with the environment before it: CLI11 itself would let the file win over the
// environment. Each option takes its last value, so flags win. Last word first, as CLI11 wants it.
std::vector<std::string> WithEnvironment(CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (CLI::Option* option : app.get_options()) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (option->get_envname().empty()) continue;
    const char* value = std::getenv(option->get_envname().c_str());
    if (value == nullptr || *value == '\0') continue;
    words.push_back("--" + option->get_lnames().front() + "=" + value);
  }
  words.insert(words.end(), argv + 1, argv + argc);
  words = SeparateEmptyValues(words);
  std::ranges::reverse(words);
  return words;
}

// One line: CLI11 speaks in several.
Status Invalid(const CLI::Error& error) {
  std::string text = error.what();
  std::ranges::replace(text, '\n', ' ');
  return Status(Reason::kConfigInvalid, text);
}

}  // namespace

Result<ParsedCommandLine> ParseCommandLine(int argc, const char* const* argv,
                                           const std::string& program_dir) {
  ParsedCommandLine parsed;
  ServerConfig& config = parsed.config;
  config.workers = std::max(1U, std::thread::hardware_concurrency());
  config.worker_binary = program_dir + "/smelt-worker";
  Durations seconds{ToSeconds(config.worker_timeout), ToSeconds(config.drain_delay),
                    ToSeconds(config.drain_timeout)};

  CLI::App app(kAbout, "smeltd");
  app.set_version_flag("--version", "smeltd " SMELT_VERSION);
  app.set_config("--config", "", "Read keys from this file")->envname("SMELTD_CONFIG");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_flag("--check-config", parsed.check_only, "Say whether the configuration is valid");
  AddOptions(app, config, seconds);
  try {
    app.parse(WithEnvironment(app, argc, argv));
  } catch (const CLI::CallForHelp&) {
    parsed.print = app.help();
  } catch (const CLI::CallForVersion& version) {
    parsed.print = std::string(version.what()) + "\n";
  } catch (const CLI::Error& error) {
    return Invalid(error);
  }
  config.worker_timeout = ToMilliseconds(seconds.worker_timeout);
  config.drain_delay = ToMilliseconds(seconds.drain_delay);
  config.drain_timeout = ToMilliseconds(seconds.drain_timeout);
  return parsed;
}

}  // namespace smelt::config
