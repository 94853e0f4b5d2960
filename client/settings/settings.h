// Settings: what a user sets once instead of at every command. Strongest first: flag, environment,
// ./.smelt.toml, ~/.config/smelt/config.toml, /etc/smelt/config.toml, built-in default.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace smelt::client {

// A value and where it came from, for messages: "--server", "SMELT_SERVER", a file's path.
struct Setting {
  std::string value;
  std::string origin;
};

struct Settings {
  Setting server;    // "HOST:PORT" or "unix:PATH"
  Setting retries;   // a number from 0 to 100; "" lets the client choose
  Setting progress;  // auto, tty, plain, json, quiet
};

// One row a setting; flags, environment, files and this documentation share it.
struct SettingKey {
  std::string_view name;         // key in a file; the flag is --name
  std::string_view environment;  // variable
  std::string_view fallback;
  Setting Settings::*member;
};

inline constexpr std::array<SettingKey, 3> kSettingKeys = {{
    {"server", "SMELT_SERVER", "127.0.0.1:7070", &Settings::server},
    {"retries", "SMELT_RETRIES", "", &Settings::retries},
    {"progress", "SMELT_PROGRESS", "auto", &Settings::progress},
}};

// One place that may set values, with the name that messages use.
class SettingSource {
 public:
  virtual ~SettingSource() = default;
  // The value that this source gives to a key, if any.
  virtual std::optional<Setting> Get(const SettingKey& key) const = 0;
};

// The first source that knows a key wins. Values are checked: kConfigInvalid names value and
// origin.
Result<Settings> ResolveSettings(const std::vector<const SettingSource*>& strongest_first);

}  // namespace smelt::client
