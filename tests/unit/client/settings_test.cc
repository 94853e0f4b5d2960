#include "client/settings/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "client/settings/sources.h"
#include "tests/unit/client/scratch_folder.h"

namespace smelt::client {
namespace {

using testing::HasSubstr;

Environment Variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Settings, DefaultsWhenNothingIsSet) {
  const auto settings = ResolveSettings({});
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->server.value, "127.0.0.1:7070");
  EXPECT_EQ(settings->progress.value, "auto");
  EXPECT_EQ(settings->server.origin, "the default");
}

TEST(Settings, FlagBeatsEnvironmentBeatsFile) {
  const ScratchFolder folder;
  const auto file = FileSource::Load(
      folder.Write("c.toml", "server = \"file:1\"\nretries = 3\nprogress = \"plain\"\n"));
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const EnvironmentSource environment(
      Variables({{"SMELT_SERVER", "environment:2"}, {"SMELT_RETRIES", "4"}}));
  FlagSource flags;
  flags.Set("server", "flag:3");
  const auto settings = ResolveSettings({&flags, &environment, file->get()});
  ASSERT_TRUE(settings.ok()) << settings.status().ToString();
  EXPECT_EQ(settings->server.value, "flag:3");
  EXPECT_EQ(settings->server.origin, "--server");
  EXPECT_EQ(settings->retries.value, "4");
  EXPECT_EQ(settings->retries.origin, "SMELT_RETRIES");
  EXPECT_EQ(settings->progress.value, "plain");
  EXPECT_EQ(settings->progress.origin, folder / "c.toml");
}

TEST(Settings, EmptyVariableCountsAsUnset) {
  const EnvironmentSource environment(Variables({{"SMELT_SERVER", ""}}));
  const auto settings = ResolveSettings({&environment});
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->server.value, "127.0.0.1:7070");
}

TEST(Settings, BadValueNamesItsOrigin) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"SMELT_SERVER", "nocolon"},
                                          {"SMELT_SERVER ", "host:99999"},
                                          {"SMELT_RETRIES", "-1"},
                                          {"SMELT_RETRIES ", "101"},
                                          {"SMELT_PROGRESS", "loud"}}) {
    const std::string variable = name.substr(0, name.find(' '));
    const EnvironmentSource environment(Variables({{variable, value}}));
    const auto settings = ResolveSettings({&environment});
    EXPECT_EQ(settings.status().reason(), Reason::kConfigInvalid) << value;
    EXPECT_THAT(std::string(settings.status().message()), HasSubstr(variable));
    EXPECT_THAT(std::string(settings.status().message()), HasSubstr(value));
  }
}

TEST(Settings, AddressesOfAllForms) {
  for (const char* address : {"localhost:1", "[::1]:65535", "unix:/run/smelt/smeltd.sock"}) {
    FlagSource flags;
    flags.Set("server", address);
    EXPECT_TRUE(ResolveSettings({&flags}).ok()) << address;
  }
  for (const char* address : {"", "host", "host:", "host:0", ":7070", "unix:", "host:7070x"}) {
    FlagSource flags;
    flags.Set("server", address);
    EXPECT_FALSE(ResolveSettings({&flags}).ok()) << address;
  }
}

TEST(FileSource, AbsentFileIsEmpty) {
  const auto file = FileSource::Load("/nonexistent/smelt.toml");
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE((*file)->Get(kSettingKeys[0]).has_value());
}

TEST(FileSource, UnknownKeyIsRefusedWithTheFilesName) {
  const ScratchFolder folder;
  const auto file = FileSource::Load(folder.Write("c.toml", "sever = \"a:1\"\n"));
  EXPECT_EQ(file.status().reason(), Reason::kConfigInvalid);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("sever"));
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("c.toml"));
}

TEST(SettingsFiles, HereThenHomeThenSystem) {
  EXPECT_THAT(SettingsFiles(Variables({{"HOME", "/h"}})),
              testing::ElementsAre(".smelt.toml", "/h/.config/smelt/config.toml",
                                   "/etc/smelt/config.toml"));
  EXPECT_THAT(SettingsFiles(Variables({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}})),
              testing::Contains("/x/smelt/config.toml"));
}

}  // namespace
}  // namespace smelt::client
