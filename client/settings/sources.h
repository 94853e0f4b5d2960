// The places that settings come from.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/settings/settings.h"

namespace smelt::client {

// Values given on the command line, by key name.
class FlagSource final : public SettingSource {
 public:
  void Set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  std::optional<Setting> Get(const SettingKey& key) const override;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// An empty variable counts as unset.
class EnvironmentSource final : public SettingSource {
 public:
  explicit EnvironmentSource(Environment environment) : environment_(std::move(environment)) {}
  std::optional<Setting> Get(const SettingKey& key) const override;

 private:
  Environment environment_;
};

// A TOML file of `key = value` lines.
class FileSource final : public SettingSource {
 public:
  // No file at all gives an empty source. kConfigInvalid: not TOML, or a key that does not exist.
  static Result<std::unique_ptr<FileSource>> Load(const std::string& path);
  std::optional<Setting> Get(const SettingKey& key) const override;

 private:
  std::string path_;
  std::map<std::string, std::string, std::less<>> values_;
};

// Where settings files are looked for, strongest first.
std::vector<std::string> SettingsFiles(const Environment& environment);

}  // namespace smelt::client
