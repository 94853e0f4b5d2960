// Completion scripts for shells, printed from the declared command line: no list of options to keep
// in step. Pure functions, safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace smelt::client {

enum class Shell { kBash, kZsh, kFish };

// "bash", "zsh", "fish"; nothing for other words.
std::optional<Shell> ShellFromName(std::string_view name);

// A script to be sourced. `root` is the program with its subcommands; options of the program are
// offered behind every subcommand too.
std::string CompletionScript(Shell shell, const CLI::App& root);

}  // namespace smelt::client
