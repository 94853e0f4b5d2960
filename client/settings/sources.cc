#include "client/settings/sources.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>

namespace smelt::client {

std::optional<Setting> FlagSource::Get(const SettingKey& key) const {
  const auto found = values_.find(key.name);
  if (found == values_.end()) return std::nullopt;
  return Setting{found->second, "--" + std::string(key.name)};
}

std::optional<Setting> EnvironmentSource::Get(const SettingKey& key) const {
  std::optional<std::string> value = environment_(key.environment);
  if (!value || value->empty()) return std::nullopt;
  return Setting{*std::move(value), std::string(key.environment)};
}

Result<std::unique_ptr<FileSource>> FileSource::Load(const std::string& path) {
  auto source = std::make_unique<FileSource>();
  source->path_ = path;
  std::ifstream in(path);
  if (!in) return source;
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(in);
  } catch (const CLI::Error& error) {
    return Status(Reason::kConfigInvalid, path + " is not valid TOML: " + error.what());
  }
  for (const CLI::ConfigItem& item : items) {
    const bool known = item.parents.empty() &&
                       std::any_of(kSettingKeys.begin(), kSettingKeys.end(),
                                   [&](const SettingKey& key) { return key.name == item.name; });
    if (!known) {
      return Status(Reason::kConfigInvalid, path + ": there is no setting '" + item.fullname() +
                                                "'; known are server, retries and progress");
    }
    if (item.inputs.size() != 1) {
      return Status(Reason::kConfigInvalid, path + ": '" + item.name + "' takes one value");
    }
    source->values_[item.name] = item.inputs.front();
  }
  return source;
}

std::optional<Setting> FileSource::Get(const SettingKey& key) const {
  const auto found = values_.find(key.name);
  if (found == values_.end()) return std::nullopt;
  return Setting{found->second, path_};
}

std::vector<std::string> SettingsFiles(const Environment& environment) {
  std::vector<std::string> files = {".smelt.toml"};
  if (const auto folder = environment("XDG_CONFIG_HOME"); folder && !folder->empty()) {
    files.push_back(*folder + "/smelt/config.toml");
  } else if (const auto home = environment("HOME"); home && !home->empty()) {
    files.push_back(*home + "/.config/smelt/config.toml");
  }
  files.push_back("/etc/smelt/config.toml");
  return files;
}

}  // namespace smelt::client
