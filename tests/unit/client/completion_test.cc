// Completion scripts and explanations: what the command line says of itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include "client/cmd/cli.h"
#include "client/cmd/command.h"
#include "tests/unit/client/scratch_folder.h"

namespace smelt::client {
namespace {

using testing::HasSubstr;
using testing::Not;

// Runs a command line that needs no daemon.
std::string Output(const std::vector<std::string>& arguments, int expected = 0) {
  std::istringstream in;
  std::ostringstream out, err;
  Interrupt interrupt;
  Screen screen;
  screen.out = &err;
  const Surroundings surroundings = {
      .in = in,
      .out = out,
      .err = screen,
      .environment = [](std::string_view) -> std::optional<std::string> { return std::nullopt; },
      .interrupt = interrupt,
  };
  EXPECT_EQ(RunCli(arguments, surroundings), expected) << err.str();
  return out.str() + err.str();
}

// What bash offers for these words, the last of them being typed.
std::string Completed(const std::string& words) {
  const ScratchFolder scratch;
  const std::string script =
      scratch.Write("complete.bash", Output({"completion", "bash"}) + "COMP_WORDS=(" + words +
                                         ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_smelt\n"
                                         "echo \"${COMPREPLY[*]}\"\n");
  std::FILE* pipe = popen(("cd / && bash --norc " + script + " 2>&1").c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string text;
  for (char block[256]; std::fgets(block, sizeof(block), pipe) != nullptr;) text += block;
  EXPECT_EQ(pclose(pipe), 0) << text;
  return text;
}

TEST(Completion, BashOffersCommandsOptionsAndValues) {
  EXPECT_EQ(Completed("smelt conv"), "convert\n");
  EXPECT_EQ(Completed("smelt convert --verif"), "--verify\n");
  EXPECT_EQ(Completed("smelt convert --verify ''"), "structure run\n");
  EXPECT_EQ(Completed("smelt convert --extra-report c"), "coverage\n");
  EXPECT_EQ(Completed("smelt convert --composites odml.r"), "odml.rms_norm\n");
  EXPECT_EQ(Completed("smelt convert --batch ''"), "\n");
  EXPECT_EQ(Completed("smelt convert --serv"), "--server\n");
  EXPECT_EQ(Completed("smelt server ''").substr(0, 5), "info ");
  EXPECT_EQ(Completed("smelt convert /et"), "/etc\n");
}

TEST(Completion, EveryShellKnowsEveryCommand) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = Output({"completion", shell});
    for (const Command& command : Commands()) {
      const std::string name(command.name.substr(command.name.rfind(' ') + 1));
      EXPECT_THAT(script, HasSubstr(name)) << shell;
    }
    EXPECT_THAT(script, HasSubstr("min-runtime")) << shell;
  }
}

TEST(Completion, OfAnotherShellIsRefused) {
  EXPECT_THAT(Output({"completion", "tcsh"}, 2), HasSubstr("no completion for 'tcsh'"));
}

TEST(Explain, TellsMeaningAndRemedy) {
  const std::string text = Output({"explain", "unsupported_rank"});
  EXPECT_THAT(text, HasSubstr("unsupported_rank 1102"));
  EXPECT_THAT(text, HasSubstr("Reshape the tensor"));
  EXPECT_THAT(text, Not(HasSubstr("unsupported_type")));
  EXPECT_THAT(Output({"explain"}), HasSubstr("kernel"));
  EXPECT_THAT(Output({"explain", "--json", "unsupported_rank"}), HasSubstr("\"number\": 1102"));
  EXPECT_THAT(Output({"explain", "no_such_code"}, 2), HasSubstr("no reason code 'no_such_code'"));
}

}  // namespace
}  // namespace smelt::client
