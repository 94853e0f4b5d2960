#include "core/passes/io_layout.h"

#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

ir::Module Model() {
  return MustParse(InModule(R"(graph @main(%x "x": f32[N,3,8,6], %v "v": f32[4]) {
    %y "y" = RELU(%x) : f32[N,3,8,6] from {2}
    %w "w" = RELU(%v) : f32[4] from {2}
    return %y, %w
  }
  signature "serving_default" @main ("x", "v") -> ("y", "w")
)"));
}

TEST(IoLayout, ChannelsMoveToTheEnd) {
  ir::Module module = Model();
  ASSERT_FALSE(module.signatures.empty());
  const Status status = MakeChannelsLast(module, {"x"}, {"y"});
  ASSERT_TRUE(status.ok()) << status.ToString();
  const ir::Graph& graph = module.main();
  const ir::ValueId x = graph.inputs().front();
  const ir::ValueId y = graph.outputs().front();
  EXPECT_EQ(module.symbols().Text(graph.type(x)), "f32[N,8,6,3]");
  EXPECT_EQ(module.symbols().Text(graph.type(y)), "f32[N,8,6,3]");
  EXPECT_EQ(graph.value(x).name, "x");
  EXPECT_EQ(graph.value(y).name, "y");
  EXPECT_TRUE(ir::VerifyModule(module).ok());
}

TEST(IoLayout, UnknownNamesAndOtherRanksAreRefused) {
  for (const auto& [inputs, outputs, words] :
       {std::tuple<std::set<std::string>, std::set<std::string>, const char*>{
            {"z"}, {}, "no input is called \"z\"; there is x, v"},
        {{}, {"x"}, "no output is called \"x\"; there is y, w"},
        {{"v"}, {}, "ranks 3 to 5"},
        {{}, {"w"}, "ranks 3 to 5"}}) {
    ir::Module module = Model();
    const Status status = MakeChannelsLast(module, inputs, outputs);
    EXPECT_EQ(status.reason(), Reason::kInvalidArgument);
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace smelt::passes
