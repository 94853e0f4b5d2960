#include "server/config/path_checks.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <filesystem>
#include <string>
#include <system_error>

namespace smelt::config {
namespace {

namespace fs = std::filesystem;

Status Unusable(const char* flag, const std::string& path, const std::string& why) {
  return Status(Reason::kConfigInvalid, std::string(flag) + ": " + path + ": " + why);
}

Status CheckWorker(const std::string& path) {
  constexpr const char* kFlag = "--worker-binary";
  std::error_code error;
  const bool regular = fs::is_regular_file(path, error);
  if (error) return Unusable(kFlag, path, error.message() + "; it must be an executable file");
  if (!regular || ::access(path.c_str(), X_OK) != 0) {
    return Unusable(kFlag, path, "this is not an executable file");
  }
  return Status::Ok();
}

Status CheckStateDir(const std::string& path) {
  constexpr const char* kFlag = "--state-dir";
  fs::path nearest = path;  // what exists already of it
  std::error_code error;
  while (!nearest.empty() && fs::status(nearest, error).type() == fs::file_type::not_found) {
    if (nearest == nearest.parent_path()) break;
    nearest = nearest.parent_path();
  }
  const fs::file_status status = fs::status(nearest.empty() ? fs::path(".") : nearest, error);
  if (status.type() == fs::file_type::none) {
    return Unusable(kFlag, path, error.message() + "; it must be a folder, or one to be made");
  }
  if (!fs::is_directory(status)) {
    return Unusable(kFlag, path, nearest.string() + " is not a folder");
  }
  // The system looks at the names below a missing folder only when they are made.
  for (const fs::path& name : fs::path(path)) {
    if (name.native().size() <= NAME_MAX) continue;
    return Unusable(kFlag, path,
                    "a name in it has more than " + std::to_string(NAME_MAX) + " bytes");
  }
  return Status::Ok();
}

}  // namespace

Status CheckPaths(const ServerConfig& config) {
  SMELT_RETURN_IF_ERROR(CheckWorker(config.worker_binary));
  return CheckStateDir(config.state_dir);
}

}  // namespace smelt::config
