// smeltd: the conversion daemon.
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/log.h"
#include "core/base/standard_descriptors.h"
#include "server/app/app.h"
#include "server/app/lifecycle.h"
#include "server/config/path_checks.h"
#include "server/config/server_config.h"
#include "server/rpc/library_log.h"

namespace {

constexpr int kExitConfig = 78;  // sysexits: the configuration can't work

int Fail(const smelt::Status& status) {
  std::fprintf(stderr, "smeltd: %s\n", status.ToString().c_str());
  if (!status.hint().empty()) {
    std::fprintf(stderr, "  hint: %s\n", std::string(status.hint()).c_str());
  }
  return kExitConfig;
}

std::string ProgramDir() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

}  // namespace

int main(int argc, char** argv) {
  smelt::FillStandardDescriptors();
  const auto parsed = smelt::config::ParseCommandLine(argc, argv, ProgramDir());
  if (!parsed.ok()) return Fail(parsed.status());
  if (parsed->print) {
    std::fputs(parsed->print->c_str(), stdout);
    return 0;
  }
  if (const smelt::Status paths = smelt::config::CheckPaths(parsed->config); !paths.ok()) {
    return Fail(paths);
  }
  if (parsed->check_only) {
    std::puts("the configuration is valid");
    return 0;
  }
  ::umask(0077);                          // models are nobody else's business
  ::setenv("GRPC_VERBOSITY", "NONE", 0);  // our own log says what matters, a line an event
  smelt::app::HoldSignals();
  smelt::SetLog(
      *smelt::LogLevelFromName(parsed->config.log_level),
      parsed->config.log_format == "json" ? smelt::LogFormat::kJson : smelt::LogFormat::kLogfmt);
  smelt::rpc::RouteLibraryLogs();
  auto app = smelt::app::App::Start(parsed->config);
  if (!app.ok()) return Fail(app.status());
  return smelt::app::ServeUntilSignal(**app);
}
