#include <CLI/CLI.hpp>

#include "client/cmd/command.h"
#include "client/cmd/completion_script.h"
#include "client/cmd/session.h"

namespace smelt::client {
namespace {

class CompletionVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("SHELL", shell_, "bash, zsh or fish")->required()->type_name("bash|zsh|fish");
    // The declared command line lives while it is parsed.
    app.parse_complete_callback([this, &app] {
      if (const auto shell = ShellFromName(shell_)) {
        script_ = CompletionScript(*shell, *app.get_parent());
      }
    });
  }

  Result<ExitCode> Run(Session& session) override {
    if (script_.empty()) {
      return Status(Reason::kUsage, "there is no completion for '" + shell_ + "'",
                    "Say bash, zsh or fish.");
    }
    session.out() << script_;
    return ExitCode::kOk;
  }

 private:
  std::string shell_;
  std::string script_;
};

}  // namespace

std::unique_ptr<Verb> MakeCompletion() { return std::make_unique<CompletionVerb>(); }

}  // namespace smelt::client
