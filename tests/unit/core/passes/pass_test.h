// What the tests of passes share: a module from text, one pass over it, its text afterwards.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/ir/text.h"
#include "core/ir/verify.h"
#include "core/passes/pass.h"

namespace smelt::passes {

inline ir::Module MustParse(std::string_view text) {
  Result<ir::Module> module = ir::Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString() << "\n" << text;
  return module.ok() ? std::move(module).value() : ir::Module();
}

// The body of a module around graph @main and what follows it, with two sources to come from.
inline std::string InModule(std::string_view graphs) {
  return "module {\n  source 0 \"a\" Conv opset 13 path \"\"\n"
         "  source 1 \"b\" BatchNormalization opset 13 path \"\"\n"
         "  source 2 \"c\" Relu opset 13 path \"\"\n"
         "  symbol N \"x\" 0\n" +
         std::string(graphs) + "}\n";
}

struct PassRun {
  ir::Module module;
  std::uint64_t rewrites = 0;
  std::string text;  // of the module afterwards
};

// Runs `pass` over the module; checks that the result is well formed.
inline PassRun RunPass(Status (*pass)(PassContext&), std::string_view graphs) {
  PassRun run{MustParse(InModule(graphs)), 0, ""};
  ir::Diagnostics diagnostics;
  PassContext context{run.module, *target::AllProfiles().front(), diagnostics};
  const Status status = pass(context);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(diagnostics.empty());
  run.rewrites = context.rewrites;
  run.text = ir::Print(run.module);
  const Status verified = ir::VerifyModule(run.module);
  EXPECT_TRUE(verified.ok()) << verified.ToString() << "\n" << run.text;
  return run;
}

// Runs `pass` over `before` and expects the module `after`.
inline void ExpectPass(Status (*pass)(PassContext&), std::string_view before,
                       std::string_view after, std::uint64_t rewrites) {
  const PassRun run = RunPass(pass, before);
  const ir::Module expected = MustParse(InModule(after));
  EXPECT_TRUE(ir::Equal(run.module, expected)) << "got:\n"
                                               << run.text << "\nexpected:\n"
                                               << ir::Print(expected);
  EXPECT_EQ(run.rewrites, rewrites);
}

inline void ExpectUnchanged(Status (*pass)(PassContext&), std::string_view graphs) {
  ExpectPass(pass, graphs, graphs, 0);
}

}  // namespace smelt::passes
