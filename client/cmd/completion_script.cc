#include "client/cmd/completion_script.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

namespace smelt::client {
namespace {

// What may follow an option, or stand by itself.
enum class Value { kNone, kWords, kFile, kOther };

struct Option {
  std::vector<std::string> names;  // "--json", "-o"
  std::string help;
  Value value = Value::kNone;
  std::vector<std::string> words;  // kWords
};

struct Word {
  std::string name;
  std::string help;
};

// A place of the command line: the program itself, or behind a subcommand.
struct Place {
  std::vector<std::string> path;  // "server", "info"
  std::vector<Word> commands;
  std::vector<Option> options;
  bool takes_files = false;  // as arguments without a name
};

// A PATH may have something around it, which most values go without.
bool NamesFiles(const std::string& type) {
  constexpr std::array kTypes = {"FILE", "OUT", "MODEL", "FOLDER", "[INPUT=]PATH[:TYPE]"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// "structure|run" lists what can be said; "NAME|all" does not.
std::vector<std::string> WordsOf(const std::string& type) {
  std::vector<std::string> words;
  std::istringstream parts(type);
  for (std::string word; std::getline(parts, word, '|');) {
    const bool literal = std::ranges::all_of(word, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    });
    if (!literal) return {};
    words.push_back(word);
  }
  return words.size() > 1 ? words : std::vector<std::string>{};
}

Option Read(const CLI::Option& from) {
  Option option;
  for (const std::string& name : from.get_lnames()) option.names.push_back("--" + name);
  for (const std::string& name : from.get_snames()) option.names.push_back("-" + name);
  option.help = from.get_description();
  if (from.get_items_expected_max() == 0) return option;
  option.words = WordsOf(from.get_type_name());
  option.value = !option.words.empty()              ? Value::kWords
                 : NamesFiles(from.get_type_name()) ? Value::kFile
                                                    : Value::kOther;
  return option;
}

void Collect(const CLI::App& app, std::vector<std::string> path,
             const std::vector<Option>& everywhere, std::vector<Place>& places) {
  Place place;
  place.path = path;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      place.takes_files = place.takes_files || NamesFiles(option->get_name(true));
    } else {
      place.options.push_back(Read(*option));
    }
  }
  const std::vector<Option> own = place.options;
  if (!path.empty()) {
    place.options.insert(place.options.end(), everywhere.begin(), everywhere.end());
  }
  const auto all = [](const CLI::App*) { return true; };
  for (const CLI::App* sub : app.get_subcommands(all)) {
    place.commands.push_back({sub->get_name(), sub->get_description()});
  }
  places.push_back(place);
  std::vector<Option> inherited;
  for (const Option& option : path.empty() ? own : everywhere) {
    const auto& names = option.names;
    const bool is_own = std::ranges::find(names, "--help") != names.end() ||
                        std::ranges::find(names, "--version") != names.end();
    if (!is_own) inherited.push_back(option);
  }
  for (const CLI::App* sub : app.get_subcommands(all)) {
    std::vector<std::string> deeper = path;
    deeper.push_back(sub->get_name());
    Collect(*sub, std::move(deeper), inherited, places);
  }
}

std::string Join(const std::vector<std::string>& words, std::string_view between = " ") {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

// For a shell's single quotes; fish escapes within them.
std::string Quoted(const std::string& text, bool fish = false) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += fish ? "\\'" : "'\\''";
    } else {
      quoted += fish && c == '\\' ? "\\\\" : std::string(1, c);
    }
  }
  return quoted + "'";
}

// "/server/info": how the scripts name a place.
std::string PathText(const Place& place) {
  return place.path.empty() ? "" : "/" + Join(place.path, "/");
}

// The part that bash and zsh share: `place` becomes the path of the subcommands so far.
void PrintWalk(std::ostream& out, const std::vector<Place>& places, const char* words) {
  out << "  local place= word\n  for word in " << words << "; do\n    case \"$place/$word\" in\n";
  for (const Place& place : places) {
    if (!place.path.empty()) {
      out << "      " << PathText(place) << ") place=" << PathText(place) << " ;;\n";
    }
  }
  out << "    esac\n  done\n";
}

// What follows an option that takes a value: `print` says how the shell offers it.
template <class Print>
void PrintValues(std::ostream& out, const std::vector<Place>& places, const char* previous,
                 Print print) {
  out << "  case \"$place " << previous << "\" in\n";
  for (const Place& place : places) {
    for (const Option& option : place.options) {
      if (option.value == Value::kNone) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) {
        patterns.push_back("'" + PathText(place) + " " + name + "'");
      }
      out << "    " << Join(patterns, "|") << ") " << print(option) << "; return ;;\n";
    }
  }
  out << "  esac\n";
}

std::string Bash(const std::vector<Place>& places) {
  std::ostringstream out;
  out << "_smelt() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n";
  PrintWalk(out, places, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"");
  PrintValues(out, places, "$prev", [](const Option& option) -> std::string {
    if (option.value == Value::kFile) return "COMPREPLY=($(compgen -f -- \"$cur\"))";
    return "COMPREPLY=($(compgen -W " + Quoted(Join(option.words)) + " -- \"$cur\"))";
  });
  out << "  local words= files=\n  case \"$place\" in\n";
  for (const Place& place : places) {
    std::vector<std::string> words;
    for (const Word& command : place.commands) words.push_back(command.name);
    for (const Option& option : place.options) {
      words.insert(words.end(), option.names.begin(), option.names.end());
    }
    out << "    " << Quoted(PathText(place)) << ") words=" << Quoted(Join(words))
        << (place.takes_files ? " files=1" : "") << " ;;\n";
  }
  out << "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      << "  if [[ -n $files && $cur != -* ]]; then COMPREPLY=($(compgen -f -- \"$cur\")); fi\n}\n"
      << "complete -o filenames -F _smelt smelt\n";
  return out.str();
}

// zsh splits an entry at its first colon that is not escaped.
std::string Entry(const std::string& name, const std::string& help) {
  std::string escaped;
  for (const char c : name) escaped += c == ':' ? "\\:" : std::string(1, c);
  return Quoted(escaped + ":" + help);
}

std::string Zsh(const std::vector<Place>& places) {
  std::ostringstream out;
  out << "#compdef smelt\n_smelt() {\n";
  PrintWalk(out, places, "${words[2,CURRENT-1]}");
  PrintValues(out, places, "${words[CURRENT-1]}", [](const Option& option) -> std::string {
    if (option.value == Value::kFile) return "_files";
    if (option.value == Value::kWords) return "compadd -- " + Join(option.words);
    return "_message " + Quoted(option.help);
  });
  out << "  local -a entries\n  case \"$place\" in\n";
  for (const Place& place : places) {
    out << "    " << Quoted(PathText(place)) << ")\n      entries=(";
    for (const Word& command : place.commands) {
      out << "\n        " << Entry(command.name, command.help);
    }
    for (const Option& option : place.options) {
      for (const std::string& name : option.names) {
        out << "\n        " << Entry(name, option.help);
      }
    }
    out << ")\n      " << (place.takes_files ? "_files" : ":") << " ;;\n";
  }
  out << "  esac\n  _describe smelt entries\n}\ncompdef _smelt smelt\n";
  return out.str();
}

// True behind the place's own subcommands and before any deeper one.
std::string Condition(const Place& place) {
  if (place.path.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (const std::string& command : place.path) {
    condition +=
        (condition.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") + command;
  }
  return condition;
}

std::string Fish(const std::vector<Place>& places) {
  std::ostringstream out;
  for (const Place& place : places) {
    const std::string head = "complete -c smelt -n " + Quoted(Condition(place), true);
    if (!place.takes_files) out << head << " -f\n";
    for (const Word& command : place.commands) {
      out << head << " -a " << command.name << " -d " << Quoted(command.help, true) << '\n';
    }
    for (const Option& option : place.options) {
      out << head;
      for (const std::string& name : option.names) {
        const bool is_long = name.starts_with("--");
        out << (is_long ? " -l " : " -s ") << name.substr(is_long ? 2 : 1);
      }
      if (option.value == Value::kFile) out << " -r -F";
      if (option.value == Value::kOther) out << " -x";
      if (option.value == Value::kWords) out << " -x -a " << Quoted(Join(option.words), true);
      out << " -d " << Quoted(option.help, true) << '\n';
    }
  }
  return out.str();
}

}  // namespace

std::optional<Shell> ShellFromName(std::string_view name) {
  if (name == "bash") return Shell::kBash;
  if (name == "zsh") return Shell::kZsh;
  if (name == "fish") return Shell::kFish;
  return std::nullopt;
}

std::string CompletionScript(Shell shell, const CLI::App& root) {
  std::vector<Place> places;
  Collect(root, {}, {}, places);
  switch (shell) {
    case Shell::kBash:
      return Bash(places);
    case Shell::kZsh:
      return Zsh(places);
    case Shell::kFish:
      return Fish(places);
  }
  return "";
}

}  // namespace smelt::client
