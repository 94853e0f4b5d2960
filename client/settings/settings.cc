#include "client/settings/settings.h"

#include <algorithm>
#include <charconv>

namespace smelt::client {
namespace {

constexpr int kMaxRetries = 100;
constexpr std::array<std::string_view, 5> kProgressNames = {"auto", "tty", "plain", "json",
                                                            "quiet"};

Status Invalid(const Setting& setting, std::string_view name, std::string_view allowed) {
  return Status(Reason::kConfigInvalid, std::string(name) + " is '" + setting.value + "' (from " +
                                            setting.origin + "); it must be " +
                                            std::string(allowed));
}

bool IsPort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

bool IsAddress(std::string_view text) {
  if (text.starts_with("unix:")) return text.size() > 5;
  const std::size_t colon = text.rfind(':');
  return colon != std::string_view::npos && colon > 0 && IsPort(text.substr(colon + 1));
}

bool IsRetries(std::string_view text) {
  int retries = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), retries);
  return error == std::errc() && end == text.data() + text.size() && retries >= 0 &&
         retries <= kMaxRetries;
}

Status Validate(const Settings& settings) {
  if (!IsAddress(settings.server.value)) {
    return Invalid(settings.server, "server", "HOST:PORT or unix:PATH");
  }
  if (!settings.retries.value.empty() && !IsRetries(settings.retries.value)) {
    return Invalid(settings.retries, "retries", "a number from 0 to 100");
  }
  if (std::find(kProgressNames.begin(), kProgressNames.end(), settings.progress.value) ==
      kProgressNames.end()) {
    return Invalid(settings.progress, "progress", "auto, tty, plain, json or quiet");
  }
  return Status::Ok();
}

}  // namespace

Result<Settings> ResolveSettings(const std::vector<const SettingSource*>& strongest_first) {
  Settings settings;
  for (const SettingKey& key : kSettingKeys) {
    Setting& setting = settings.*key.member;
    setting = {std::string(key.fallback), "the default"};
    for (const SettingSource* source : strongest_first) {
      if (std::optional<Setting> found = source->Get(key)) {
        setting = *std::move(found);
        break;
      }
    }
  }
  SMELT_RETURN_IF_ERROR(Validate(settings));
  return settings;
}

}  // namespace smelt::client
