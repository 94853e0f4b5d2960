#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

constexpr std::string_view kModel = R"(graph @main(%x "x": f32[1,4]) {
    %s = ADD(%x, %x) : f32[1,4] from {0}
    %y "y" = RELU(%s) : f32[1,4] from {2}
    %d = NEG(%x) : f32[1,4] from {1}
    return %y
  }
  signature "serving_default" @main ("x") -> ("y")
)";

struct PipelineRun {
  ir::Module module = MustParse(InModule(kModel));
  ir::Diagnostics diagnostics;
  std::vector<PassOutcome> outcomes;
  CancelToken cancel;
  Status Run(const PipelineOptions& options) {
    return RunPipeline(module, *target::AllProfiles().front(), options, cancel, diagnostics,
                       outcomes);
  }
  const PassOutcome& Of(std::string_view name) const {
    return *std::ranges::find(outcomes, name, &PassOutcome::name);
  }
};

TEST(Pipeline, NamesAreUniqueAndDescribed) {
  std::set<std::string_view> names;
  for (const Pass& pass : Pipeline()) {
    EXPECT_TRUE(names.insert(pass.name).second) << pass.name;
    EXPECT_FALSE(pass.summary.empty());
  }
}

TEST(Pipeline, RunsAllPassesInOrderAndCounts) {
  PipelineRun run;
  std::vector<std::string> seen;
  PipelineOptions options;
  options.check_ir = true;
  options.after_pass = [&](std::string_view pass) { seen.emplace_back(pass); };
  const Status status = run.Run(options);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(run.outcomes.size(), Pipeline().size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i], Pipeline()[i].name);
    EXPECT_EQ(run.outcomes[i].name, Pipeline()[i].name);
    EXPECT_FALSE(run.outcomes[i].skipped);
  }
  EXPECT_EQ(run.Of("fuse_activation").rewrites, 1U);
  EXPECT_EQ(run.Of("fuse_activation").operators_before, 3U);
  EXPECT_EQ(run.Of("fuse_activation").operators_after, 2U);
  EXPECT_EQ(run.Of("remove_dead").operators_after, 1U);
  EXPECT_TRUE(run.diagnostics.empty());
}

TEST(Pipeline, ADisabledPassIsSkipped) {
  PipelineRun run;
  const std::vector<std::string> disabled = {"fuse_activation", "fuse_activation_laid_out"};
  PipelineOptions options;
  options.disabled = disabled;
  ASSERT_TRUE(run.Run(options).ok());
  EXPECT_TRUE(run.Of("fuse_activation").skipped);
  EXPECT_EQ(run.Of("fuse_activation").rewrites, 0U);
  EXPECT_NE(ir::Print(run.module).find("RELU(%"), std::string::npos);
}

TEST(Pipeline, OneRuleOfAStageCanBeDisabled) {
  const std::string source = R"(module {
  source 0 "n" Relu opset 13 path ""
  graph @main(%x "x": f32[2]) {
    %r = RELU(%x) : f32[2] from {0}
    %y "y" = RELU6(%r) : f32[2] from {0}
    return %y
  }
})";
  for (const bool disables : {false, true}) {
    auto module = ir::Parse(source);
    ASSERT_TRUE(module.ok()) << module.status().ToString();
    std::vector<std::string> disabled;
    if (disables) disabled.push_back("relu_chain");
    PipelineOptions options;
    options.disabled = disabled;
    ir::Diagnostics diagnostics;
    std::vector<PassOutcome> outcomes;
    ASSERT_TRUE(
        RunPipeline(*module, *target::AllProfiles().front(), options, {}, diagnostics, outcomes)
            .ok());
    EXPECT_EQ(module->main().op_count(), disables ? 2U : 1U) << ir::Print(*module);
  }
}

TEST(Pipeline, UnknownAndRequiredNamesAreRefused) {
  for (const char* name : {"no_such_pass", "legalize_structure", "legalize_types"}) {
    PipelineRun run;
    const std::vector<std::string> disabled = {name};
    PipelineOptions options;
    options.disabled = disabled;
    const Status status = run.Run(options);
    EXPECT_EQ(status.reason(), Reason::kInvalidArgument) << name;
    EXPECT_NE(status.message().find(name), std::string::npos);
    EXPECT_TRUE(run.outcomes.empty());
  }
}

TEST(Pipeline, StopsWhenCancelled) {
  PipelineRun run;
  run.cancel.Cancel();
  EXPECT_EQ(run.Run({}).reason(), Reason::kCancelled);
}

TEST(Pipeline, AMalformedModuleIsADefect) {
  PipelineRun run;
  run.module.main().op(run.module.main().first()).origin = ir::kNoOrigin;
  PipelineOptions options;
  options.check_ir = true;
  const Status status = run.Run(options);
  EXPECT_EQ(status.reason(), Reason::kInternalError);
  EXPECT_NE(status.ToString().find("as imported"), std::string::npos) << status.ToString();
}

}  // namespace
}  // namespace smelt::passes
