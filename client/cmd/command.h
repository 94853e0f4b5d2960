// A verb of the command line. One verb a file; command_table.cc lists them all.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "client/view/exit_code.h"
#include "core/base/result.h"

namespace CLI {
class App;
}

namespace smelt::client {

class Session;

// Holds the options of one use of the verb. Not thread safe.
class Verb {
 public:
  virtual ~Verb() = default;
  // Declares options and arguments, bound to members of this object.
  virtual void AddOptions(CLI::App& app) = 0;
  // Does it. A Status is printed by the caller and becomes its exit code; a verb that has printed
  // its own outcome returns the code.
  virtual Result<ExitCode> Run(Session& session) = 0;
};

struct Command {
  std::string_view name;     // "convert"; "server info" is a verb under a noun
  std::string_view summary;  // one line of --help
  std::unique_ptr<Verb> (*make)();
};

// In the order of --help.
std::span<const Command> Commands();

std::unique_ptr<Verb> MakeConvert();
std::unique_ptr<Verb> MakeInspect();
std::unique_ptr<Verb> MakeSubmit();
std::unique_ptr<Verb> MakeWatch();
std::unique_ptr<Verb> MakeStatus();
std::unique_ptr<Verb> MakeList();
std::unique_ptr<Verb> MakeCancel();
std::unique_ptr<Verb> MakeGet();
std::unique_ptr<Verb> MakePut();
std::unique_ptr<Verb> MakeOps();
std::unique_ptr<Verb> MakeExplain();
std::unique_ptr<Verb> MakeCompletion();
std::unique_ptr<Verb> MakeServerInfo();

}  // namespace smelt::client
