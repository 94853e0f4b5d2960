#include "client/files/external_data.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace smelt::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNamed = 10;  // in one message

std::string NameSome(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNamed); ++i) {
    text += (i == 0 ? "'" : ", '") + names[i] + "'";
  }
  if (names.size() > kMaxNamed) {
    text += " and " + std::to_string(names.size() - kMaxNamed) + " more";
  }
  return text;
}

// The location as a plain relative path; nothing when it is absolute, has ".." parts or names no
// file. The daemon judges by the same rule.
std::optional<std::string> Normalized(const std::string& location) {
  if (location.find('\0') != std::string::npos) return std::nullopt;
  std::string unified = location;
  std::replace(unified.begin(), unified.end(), '\\', '/');
  if (unified.starts_with('/') || (unified.size() > 1 && unified[1] == ':')) return std::nullopt;
  std::string normal;
  for (const fs::path& part : fs::path(unified)) {
    if (part == "..") return std::nullopt;
    if (part.empty() || part == ".") continue;
    normal += (normal.empty() ? "" : "/") + part.string();
  }
  if (normal.empty()) return std::nullopt;
  return normal;
}

bool Contains(const fs::path& folder, const fs::path& file) {
  const auto [in_folder, in_file] =
      std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return in_folder == folder.end();
}

// The folders whose content may be sent with this model.
std::vector<fs::path> AllowedFolders(const fs::path& model, const fs::path& folder) {
  std::vector<fs::path> allowed;
  std::error_code error;
  if (fs::path real = fs::canonical(folder, error); !error) allowed.push_back(real);
  if (fs::path real = fs::canonical(model, error); !error) allowed.push_back(real.parent_path());
  return allowed;
}

}  // namespace

Result<std::vector<ExternalFile>> ResolveExternalFiles(const std::string& model_path,
                                                       const std::vector<std::string>& locations) {
  const fs::path model(model_path);
  const fs::path folder = model.has_parent_path() ? model.parent_path() : fs::path(".");
  const std::vector<fs::path> allowed = AllowedFolders(model, folder);
  std::vector<ExternalFile> files;
  std::vector<std::string> missing;
  std::vector<std::string> escaping;
  for (const std::string& location : locations) {
    const std::optional<std::string> normal = Normalized(location);
    if (!normal) {
      escaping.push_back(location);
      continue;
    }
    const fs::path path = folder / *normal;
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (error || !fs::is_regular_file(real, error)) {
      missing.push_back(location);
    } else if (std::none_of(allowed.begin(), allowed.end(),
                            [&](const fs::path& root) { return Contains(root, real); })) {
      escaping.push_back(location);
    } else {
      files.push_back({*normal, path.string()});
    }
  }
  if (!escaping.empty()) {
    return Status(Reason::kExternalPathEscapes,
                  "the model names external data outside of its folder " + folder.string() + ": " +
                      NameSome(escaping));
  }
  if (!missing.empty()) {
    return Status(Reason::kExternalDataMissing,
                  "the model names external data files that are not in " + folder.string() + ": " +
                      NameSome(missing),
                  "Put the files beside the model, under the names that the model uses.");
  }
  return files;
}

Status RefuseExternalFiles(const std::vector<std::string>& locations) {
  if (locations.empty()) return Status::Ok();
  return Status(Reason::kExternalDataMissing,
                "the model comes from standard input, so its external data files can't be found: " +
                    NameSome(locations),
                "Give the model by its path.");
}

}  // namespace smelt::client
