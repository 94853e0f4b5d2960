#include "client/cmd/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <optional>

#include "client/cmd/command.h"
#include "client/cmd/ending.h"
#include "client/settings/sources.h"
#include "client/view/exit_code.h"
#include "core/base/command_words.h"

namespace smelt::client {
namespace {

// What was parsed: the verb to run, and the options that all verbs share.
struct Invocation {
  std::unique_ptr<Verb> verb;
  FlagSource flags;
  bool json = false;
  bool cli_is_done = false;  // --help or --version was printed
};

constexpr char kFooter[] =
    "Options for all commands (--server, --json, --progress, --retries): see 'smelt --help'.";

void AddCommonOptions(CLI::App& app, Invocation& invocation) {
  struct Flag {
    const char* name;
    const char* type;
    const char* help;
  };
  static constexpr Flag kFlags[] = {
      {"server", "ADDR", "HOST:PORT or unix:PATH of the daemon [SMELT_SERVER; 127.0.0.1:7070]"},
      {"progress", "STYLE", "auto, tty, plain, json or quiet, on standard error [SMELT_PROGRESS]"},
      {"retries", "N", "How often a call is tried again while nobody answers [SMELT_RETRIES]"},
  };
  for (const Flag& flag : kFlags) {
    const std::string name = flag.name;
    app.add_option_function<std::string>(
           "--" + name,
           [&invocation, name](const std::string& value) { invocation.flags.Set(name, value); },
           flag.help)
        ->type_name(flag.type);
  }
  app.add_flag("--json", invocation.json, "Print one JSON document on standard output");
}

// The verbs as subcommands; "noun verb" hangs below its noun.
void AddCommands(CLI::App& app, Invocation& invocation, std::vector<std::unique_ptr<Verb>>& verbs) {
  std::map<std::string, CLI::App*> nouns;
  for (const Command& command : Commands()) {
    CLI::App* parent = &app;
    std::string name(command.name);
    if (const std::size_t space = name.find(' '); space != std::string::npos) {
      CLI::App*& noun = nouns[name.substr(0, space)];
      if (noun == nullptr) {
        noun = app.add_subcommand(name.substr(0, space), std::string(command.summary));
        noun->require_subcommand(1);
      }
      parent = noun;
      name.erase(0, space + 1);
    }
    CLI::App* sub = parent->add_subcommand(name, std::string(command.summary));
    sub->footer(kFooter);
    verbs.push_back(command.make());
    std::unique_ptr<Verb>& verb = verbs.back();
    verb->AddOptions(*sub);
    sub->callback([&invocation, &verb] { invocation.verb = std::move(verb); });
  }
}

Status ParseFailure(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (chosen.empty() && !app.remaining().empty()) {
    return Status(Reason::kUsage, "there is no command '" + app.remaining().front() + "'",
                  "See 'smelt --help'.");
  }
  const std::string verb = chosen.empty() ? "" : " " + chosen.front()->get_name();
  return Status(Reason::kUsage, error.what(), "See 'smelt" + verb + " --help'.");
}

Status Parse(const std::vector<std::string>& arguments, std::ostream& out, Invocation& invocation) {
  CLI::App app("Converts trained models by way of a smelt daemon.", "smelt");
  app.set_version_flag("--version", "smelt " SMELT_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Exit codes: 0 done, 1 not converted, 2 usage, 3 warnings with --strict, 4 no access,\n"
      "5 not found, 6 busy, 7 nobody answers, 8 --wait-timeout, 9 cancelled, 70 internal,\n"
      "130 interrupted.");
  AddCommonOptions(app, invocation);
  std::vector<std::unique_ptr<Verb>> verbs;
  verbs.reserve(Commands().size());  // callbacks hold references into it
  AddCommands(app, invocation, verbs);
  try {
    std::vector<std::string> words = SeparateEmptyValues(arguments);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {  // the library's way to say anything
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
      return ParseFailure(app, error);
    }
    app.exit(error, out, out);
    invocation.cli_is_done = true;
  }
  return Status::Ok();
}

Result<Settings> LoadSettings(const Invocation& invocation, const Environment& environment) {
  const EnvironmentSource variables(environment);
  std::vector<const SettingSource*> sources = {&invocation.flags, &variables};
  std::vector<std::unique_ptr<FileSource>> files;
  for (const std::string& path : SettingsFiles(environment)) {
    SMELT_ASSIGN_OR_RETURN(std::unique_ptr<FileSource> file, FileSource::Load(path));
    sources.push_back(file.get());
    files.push_back(std::move(file));
  }
  return ResolveSettings(sources);
}

// What was to be printed has arrived, or else the disk is full. (A closed pipe ends the process.)
int Printed(const Surroundings& surroundings, ExitCode code) {
  if (surroundings.out.flush()) return static_cast<int>(code);
  return Fail(surroundings, Status(Reason::kIoError, "writing to standard output failed"), false);
}

}  // namespace

int RunCli(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Invocation invocation;
  if (const Status parsed = Parse(arguments, surroundings.out, invocation); !parsed.ok()) {
    // Parsing stopped somewhere: whether --json was meant is read from the words themselves.
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    return Fail(surroundings, parsed, json);
  }
  if (invocation.cli_is_done) return Printed(surroundings, ExitCode::kOk);
  Result<Settings> settings = LoadSettings(invocation, surroundings.environment);
  if (!settings.ok()) return Fail(surroundings, settings.status(), invocation.json);
  Session session(surroundings, *std::move(settings),
                  invocation.json ? OutputFormat::kJson : OutputFormat::kText);
  const Result<ExitCode> code = invocation.verb->Run(session);
  session.progress().Finish();
  if (!code.ok()) {
    return Fail(surroundings, code.status(), invocation.json, session.job_note());
  }
  surroundings.out << session.document();
  return Printed(surroundings, code.value());
}

}  // namespace smelt::client
