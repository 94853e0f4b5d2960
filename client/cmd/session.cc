#include "client/cmd/session.h"

#include <charconv>
#include <utility>

#include "client/cmd/ending.h"
#include "client/view/json.h"

namespace smelt::client {
namespace {

RetryPolicy PolicyFrom(const Settings& settings) {
  RetryPolicy policy;
  const std::string& text = settings.retries.value;
  if (text.empty()) return policy;
  // Validated when the settings were resolved.
  std::from_chars(text.data(), text.data() + text.size(), policy.retries);
  policy.retries_before_first_answer = policy.retries;
  return policy;
}

}  // namespace

Session::Session(const Surroundings& surroundings, Settings settings, OutputFormat format)
    : surroundings_(surroundings), settings_(std::move(settings)), format_(format) {}

Progress& Session::progress() {
  if (!progress_) {
    const auto style = ProgressStyleFromName(settings_.progress.value);
    progress_ =
        MakeProgress(style.value_or(ProgressStyle::kPlain), surroundings_.err, Clock::System());
  }
  return *progress_;
}

void Session::UsePrivateServer(const std::string& address) {
  settings_.server = {address, "--standalone"};
  server_is_private_ = true;
}

Connection& Session::connection() {
  if (!connection_) {
    connection_ = std::make_unique<Connection>(settings_.server.value, PolicyFrom(settings_),
                                               interrupt(), progress());
  }
  return *connection_;
}

void Session::PrintJson(const google::protobuf::Message& message) {
  PrintJson(ToJson(message, JsonShape::kDocument));
}

void Session::PrintJson(std::string document) { document_ = std::move(document); }

Result<ModelFile> Session::OpenInput(const std::string& path) {
  if (path != "-") return ModelFile::Open(path);
  const Interrupt::Scope scope(interrupt(), [this] { ExitInterrupted(surroundings_, json()); });
  return ModelFile::FromStream(in());
}

std::string Session::CommandLine(const std::string& arguments) const {
  std::string line = "smelt " + arguments;
  if (settings_.server.origin == "--server") line += " --server " + settings_.server.value;
  return line;
}

}  // namespace smelt::client
