#include "core/ir/verify.h"

#include <gtest/gtest.h>

#include "core/ir/text.h"

namespace smelt::ir {
namespace {

constexpr std::string_view kGood = R"(module {
  source 0 "conv" Conv opset 13 path ""
  symbol N "x" 0
  graph @main(%0 "x": f32[N,4], %c: bool[]) {
    %1 = RELU(%0) : f32[N,4] from {0}
    %2 = SOFTMAX(%1) {beta=1.0} : f32[N,4] from {0}
    %3 = IF(%c, %2) regions(@then, @else) : f32[N,4] from {0}
    return %3
  }
  graph @then(%0: f32[N,4]) {
    %1 = ADD(%0, %0) {fused_activation_function="NONE"} : f32[N,4] from {0}
    return %1
  }
  graph @else(%0: f32[N,4]) {
    return %0
  }
  signature "serving_default" @main ("x", "c") -> ("y")
})";

Module Good(const std::pair<std::string, std::string>& edit = {}) {
  std::string text(kGood);
  if (!edit.first.empty()) {
    const std::size_t at = text.find(edit.first);
    EXPECT_NE(at, std::string::npos) << edit.first;
    text.replace(at, edit.first.size(), edit.second);
  }
  Result<Module> module = Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return std::move(module).value();
}

void ExpectFinding(Module& module, const std::string& finding) {
  const Status status = VerifyModule(module);
  EXPECT_EQ(status.reason(), Reason::kInternalError);
  EXPECT_NE(status.message().find(finding), std::string::npos)
      << "wanted: " << finding << "\ngot: " << status.message();
}

OpId Nth(const Graph& graph, int n) {
  OpId id = graph.first();
  while (n-- > 0) id = graph.next(id);
  return id;
}

TEST(Verify, AcceptsAWellFormedModule) {
  Module module = Good();
  const Status status = VerifyModule(module);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(Verify, TextThatContradictsItself) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"RELU(%0) : f32[N,4]", "RELU(%0) : f32[N,5]", "inference gives f32[N,4]"},
      {"RELU(%0) : f32[N,4]", "RELU(%0) : i32[N,4]", "inference gives f32[N,4]"},
      {"{beta=1.0}", "{}", "attribute beta is missing"},
      {"{beta=1.0}", "{beta=1}", "has another type"},
      {"{beta=1.0}", "{beta=1.0, gamma=2}", "attribute gamma is not in"},
      {"ADD(%0, %0)", "ADD(%0)", "has 1 operands"},
      {"%1 = RELU(%0)", "%1, %9 = SPLIT(%0) {num_splits=2} : f32[N,4], f32[N,4] %8 = RELU(%0)",
       "has 1 operands"},
      {"[N,4] from {0}", "[N,4]", "has no origin"},
      {"regions(@then, @else)", "regions(@then)", "has 1 regions"},
      {"regions(@then, @else)", "regions(@main, @else)", "nested in itself"},
      {"@else(%0: f32[N,4])", "@else(%0: f32[N,7])", "takes other types"},
      {"@else(%0: f32[N,4]) {\n    return %0", "@else(%0: f32[N,4]) {\n    return %0, %0",
       "returns other types"},
      {"(\"x\", \"c\")", "(\"x\")", "other numbers of names"},
  };
  for (const auto& [from, to, finding] : cases) {
    Module module = Good({from, to});
    ExpectFinding(module, finding);
  }
}

TEST(Verify, EveryFindingIsReported) {
  Module module = Good({"{beta=1.0}", "{}"});
  module.main().op(module.main().first()).origin = kNoOrigin;
  const Status status = VerifyModule(module);
  EXPECT_NE(status.message().find("attribute beta"), std::string::npos);
  EXPECT_NE(status.message().find("has no origin"), std::string::npos);
}

TEST(Verify, OriginsAreOptionalOnRequest) {
  Module module = Good({"[N,4] from {0}", "[N,4]"});
  EXPECT_FALSE(VerifyModule(module).ok());
  EXPECT_TRUE(VerifyModule(module, {.require_origins = false}).ok());
}

TEST(Verify, UseBeforeDefinition) {
  Module module = Good();
  Graph& graph = module.main();
  graph.MoveBefore(Nth(graph, 1), Nth(graph, 0));
  ExpectFinding(module, "before it is defined");
}

TEST(Verify, BrokenUseLists) {
  {
    Module module = Good();
    module.main().value(module.main().inputs()[0]).first_use = {};
    ExpectFinding(module, "some operands are in no list");
  }
  {
    Module module = Good();
    Graph& graph = module.graph(GraphId{1});
    Op& add = graph.op(graph.first());
    add.operands[0].next = add.operands[1].next = {graph.first(), 0};  // a ring
    ExpectFinding(module, "is not linked back");
  }
  {
    Module module = Good();
    Graph& graph = module.main();
    graph.value(graph.inputs()[0]).first_use = {OpId{999}, 0};
    ExpectFinding(module, "broken use list");
  }
  {
    Module module = Good();
    Graph& graph = module.main();
    graph.op(Nth(graph, 1)).operands[0].value = graph.inputs()[0];  // past the lists
    ExpectFinding(module, "is not linked back");
  }
}

TEST(Verify, ResultsThatNameAnotherProducer) {
  Module module = Good();
  Graph& graph = module.main();
  graph.value(graph.op(graph.first()).result()).producer = Nth(graph, 1);
  ExpectFinding(module, "names another producer");
}

TEST(Verify, ValuesThatContradictThemselves) {
  {
    Module module = Good();
    Graph& graph = module.main();
    const float one = 1;
    const auto constant = Constant::FromValues(DType::kF32, {}, std::span<const float>(&one, 1));
    graph.value(graph.AddConstant(constant)).type.shape.push_back(3);
    ExpectFinding(module, "another type than its constant");
  }
  {
    Module module = Good();
    Value& x = module.main().value(module.main().inputs()[0]);
    x.quant = QuantParams{{1, 2, 3}, {0, 0, 0}, 1};
    ExpectFinding(module, "don't fit its quantized axis");
    x.quant = QuantParams{{1, 2, 3, 4}, {0, 0, 0}, 1};
    ExpectFinding(module, "other numbers of scales");
    x.quant = QuantParams{{1, 2, 3, 4}, {0, 0, 0, 0}, 1};
    EXPECT_TRUE(VerifyModule(module).ok());
    x.type.shape.dim(0) = Dim::Unknown();
    ExpectFinding(module, "unknown dimension");
  }
}

}  // namespace
}  // namespace smelt::ir
