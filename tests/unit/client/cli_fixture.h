// CliTest: runs command lines against a daemon in this process.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "client/cmd/cli.h"
#include "tests/unit/client/fake_daemon.h"
#include "tests/unit/client/scratch_folder.h"
#include "tests/unit/client/wire_bytes.h"

namespace smelt::client {

class CliTest : public testing::Test {
 protected:
  // Runs a command line and returns its exit code.
  int Run(std::vector<std::string> arguments, const std::string& input = "") {
    std::istringstream in(input);
    out_.str("");
    err_.str("");
    Screen screen;
    screen.out = &err_;
    const Surroundings surroundings = {
        .in = in,
        .out = out_,
        .err = screen,
        .environment = [this](std::string_view name) -> std::optional<std::string> {
          if (name == "SMELT_SERVER") return daemon_.address();
          return std::nullopt;
        },
        .interrupt = interrupt_,
    };
    return RunCli(arguments, surroundings);
  }
  std::string Out() const { return out_.str(); }
  std::string Err() const { return err_.str(); }
  std::string ModelFile() { return scratch_.Write("net.onnx", Model("")); }

  const ScratchFolder scratch_;
  FakeDaemon daemon_{scratch_ / "socket"};
  Interrupt interrupt_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace smelt::client
