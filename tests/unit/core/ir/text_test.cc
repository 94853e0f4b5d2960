#include "core/ir/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/ir/verify.h"

namespace smelt::ir {
namespace {

Module MustParse(std::string_view text) {
  Result<Module> module = Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString() << "\n" << text;
  return module.ok() ? std::move(module).value() : Module();
}

void ExpectRoundTrip(const Module& module) {
  const std::string text = Print(module);
  const Module again = MustParse(text);
  EXPECT_TRUE(Equal(module, again)) << text;
  EXPECT_EQ(Print(again), text);
}

constexpr std::string_view kFull = R"(module {
  metadata "producer" "a \"quoted\"\nname \x01 \\ ü"
  source 0 "conv1" Conv opset 13 path ""
  source 1 "" "odd op" opset 7 path "model/layer.0" node 12 domain "ai.onnx.ml"
  symbol N "x" 0
  symbol "batch size" "x" 1
  symbol "?0" "" 0
  graph @main(%0 "x": f32[N,'batch size',8,floor((N + 1)/2)], %1: i8[2,3] quant(axis=1, scale=[0.5, 0.25, 1e-10], zero=[0, -1, 3])) {
    %2 "w" = const f32[3] [1.0, -0.5, 1e+20]
    %3 "y" = ADD(%0, %2) {fused_activation_function="RELU"} : f32[N,'batch size',8,?0] from {0, 1}
    %4, %5 "z" = composite(%3, _) {a=true, b=-9, c=0.1, d="s\\", e=[1, -2], f=[0.5, inf], g=[], h=[.], i=nan, name="odd.thing"} regions(@body) : f32[2], u8[] quant(axis=0, scale=[0.5], zero=[128])
    %6 = const f16[2,2] splat [0.5]
    %7 = const i64[0] []
    composite(%6, %7) {name="sink"} :
    return %4, %5, %4
  }
  graph @body(%0: f32[N,'batch size',8,?0]) {
    %1 = const f32[2] hex"0000c07fffffffff"
    return %1
  }
  graph @"twice"#2() {
    return
  }
  graph @"twice"#3() {
    return
  }
  signature "serving_default" @main ("x", "q") -> ("a", "b", "c")
}
)";

TEST(Text, EveryConstructReadsBack) {
  const Module module = MustParse(kFull);
  ASSERT_EQ(module.graph_count(), 4U);
  const Graph& graph = module.main();
  EXPECT_EQ(graph.op_count(), 3U);
  const Op& add = graph.op(graph.first());
  EXPECT_EQ(add.kind, OpKind::kAdd);
  EXPECT_EQ(module.origins().SourcesOf(add.origin), (std::vector<SourceId>{0, 1}));
  EXPECT_EQ(graph.value(graph.inputs()[1]).quant->scale[2], 1e-10F);
  const Op& composite = graph.op(graph.next(graph.first()));
  EXPECT_EQ(composite.attrs.Ints("e"), (std::vector<std::int64_t>{1, -2}));
  EXPECT_TRUE(std::holds_alternative<std::vector<double>>(*composite.attrs.Find("h")));
  EXPECT_TRUE(std::holds_alternative<std::vector<std::int64_t>>(*composite.attrs.Find("g")));
  EXPECT_TRUE(std::isnan(composite.attrs.Float("i")));
  EXPECT_FALSE(composite.input(1).valid());
  ASSERT_EQ(composite.regions.size(), 1U);
  EXPECT_EQ(module.graph(composite.regions[0]).name(), "body");
  EXPECT_EQ(module.origins().sources()[1].index, 12U);
  EXPECT_EQ(module.metadata.at("producer"), "a \"quoted\"\nname \x01 \\ ü");
  EXPECT_EQ(module.signatures[0].input_names[1], "q");
  ExpectRoundTrip(module);
}

TEST(Text, PrintsWhatTheHeaderShows) {
  const Module module = MustParse(R"(module {
    source 0 "r" Relu opset 13 path ""
    symbol N "x" 0
    graph @main(%in "x": f32[N,3]) {
      %out "y" = RELU(%in) from {0}   // types may be left to inference
      return %out
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  EXPECT_EQ(Print(module), R"(module {
  source 0 "r" Relu opset 13 path ""
  symbol N "x" 0
  graph @main(%0 "x": f32[N,3]) {
    %1 "y" = RELU(%0) : f32[N,3] from {0}
    return %1
  }
  signature "serving_default" @main ("x") -> ("y")
}
)");
}

TEST(Text, DoublesReadBackExactly) {
  std::mt19937_64 random(9);
  Module module;
  Graph& graph = module.graph(module.AddGraph("main"));
  for (int i = 0; i < 200; ++i) {
    double value = std::bit_cast<double>(random());
    if (i == 0) value = 1;
    if (i == 1) value = -0.0;
    if (i == 2) value = std::numeric_limits<double>::denorm_min();
    if (i == 3) value = 1e22;
    graph.Insert(OpKind::kComposite, {},
                 {{"name", std::string("x")}, {"v", value}, {"l", std::vector<double>{value, 3}}},
                 {}, kNoOrigin);
  }
  ExpectRoundTrip(module);
}

TEST(Text, ConstantsOfEveryTypeReadBackByValue) {
  std::mt19937_64 random(4);
  for (int type = 0; type < kDTypeCount; ++type) {
    const auto dtype = static_cast<DType>(type);
    if (ElementBits(dtype) == 0) continue;
    for (const std::int64_t count : {0, 1, 6, 40}) {
      Module module;
      Graph& graph = module.graph(module.AddGraph("main"));
      std::vector<std::byte> bytes(StorageBytes(dtype, static_cast<std::uint64_t>(count)));
      for (auto& byte : bytes) {
        byte = static_cast<std::byte>(dtype == DType::kBool ? random() % 2 : random());
      }
      // Of packed types the last byte's padding is zero.
      if (ElementBits(dtype) < 8 && count % (8 / ElementBits(dtype)) != 0)
        bytes.back() &= std::byte{3};
      const auto constant = Constant::FromBytes(dtype, {count}, SharedBytes::Own(std::move(bytes)));
      ASSERT_TRUE(constant.ok());
      const ValueId value = graph.AddConstant(*constant, "c");
      graph.SetOutputs({&value, 1});
      ExpectRoundTrip(module);
    }
  }
}

TEST(Text, ViewsAreEvaluatedWhenPrinted) {
  Module module;
  Graph& graph = module.graph(module.AddGraph("main"));
  const float values[] = {1, 2, 3, 4, 5, 6};
  const ValueId value =
      graph.AddConstant(Constant::FromValues(DType::kF32, {2, 3}, std::span<const float>(values))
                            .Transposed(std::vector{1, 0})
                            .Cast(DType::kI32));
  graph.SetOutputs({&value, 1});
  EXPECT_NE(Print(module).find("const i32[3,2] [1, 4, 2, 5, 3, 6]"), std::string::npos);
  ExpectRoundTrip(module);
}

TEST(Text, LargePayloadsCanBeElided) {
  const Module module = MustParse("module { graph @main() { %a = const f32[17] hex\"" +
                                  std::string(136 - 8, '1') + "00000000\" return %a } }");
  EXPECT_NE(Print(module, {.constants = false}).find("const f32[17] ..."), std::string::npos);
  EXPECT_FALSE(Parse(Print(module, {.constants = false})).ok());
}

TEST(Text, ErrorsNameTheLine) {
  const auto parsed = Parse("module {\n  graph @main() {\n    %0 = NOPE()\n    return\n  }\n}");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().reason(), Reason::kInvalidArgument);
  EXPECT_NE(parsed.status().message().find("line 3"), std::string::npos)
      << parsed.status().message();
}

TEST(Text, MalformedTextIsRefused) {
  const auto in_body = [](const std::string& line) {
    return "module { graph @main(%x: f32[2]) { " + line + " return %x } }";
  };
  for (const std::string& line :
       {std::string("%a = RELU(%b)"),
        std::string("%x = RELU(%x)"),
        std::string("%a RELU(%x)"),
        std::string("%a = RELU(%x"),
        std::string("%a = RELU(%x) {k}"),
        std::string("%a = RELU(%x) {k=}"),
        std::string("%a = RELU(%x) {k=1.2.3}"),
        std::string("%a = RELU(%x) : f99[2]"),
        std::string("%a = RELU(%x) : f32[2"),
        std::string("%a = RELU(%x) from {0}"),
        std::string("%a = const f32[2] [1.0]"),
        std::string("%a = const f32[2] hex\"00\""),
        std::string("%a = const f32[2] hex\"0g\""),
        std::string("%a = const f32[N] []"),
        std::string("%a = const string[1] [1]"),
        std::string("%a = composite(%x) {name=\"c\"}"),
        std::string("%a = return(%x)"),
        std::string("%a = ADD(%x)"),
        std::string("%a = SOFTMAX(%x) {beta=1}"),
        std::string("%a = composite(%x) {name=\"c\"} regions(@gone) : f32[2]")}) {
    EXPECT_FALSE(Parse(in_body(line)).ok()) << line;
  }
  for (const char* text :
       {"", "module", "module {", "module { } }", "module { graph }",
        "module { signature \"a\" @main () -> () }", "module { source 1 \"\" A opset 1 path \"\" }",
        "module { metadata \"a }"}) {
    EXPECT_FALSE(Parse(text).ok()) << text;
  }
}

// Every prefix and many corruptions of a full text end in an answer.
TEST(Text, DamagedTextNeverCrashes) {
  for (std::size_t size = 0; size + 2 < kFull.size(); ++size) {
    EXPECT_FALSE(Parse(kFull.substr(0, size)).ok()) << size;
  }
  std::mt19937 random(2);
  int parsed = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text(kFull);
    for (int edit = 0; edit < 3; ++edit) {
      text[random() % text.size()] = kFull[random() % kFull.size()];
    }
    parsed += Parse(text).ok() ? 1 : 0;
  }
  EXPECT_LT(parsed, 3000);
}

TEST(Text, EqualSeesEveryDifference) {
  const std::string base = std::string(kFull);
  const Module module = MustParse(base);
  const std::pair<std::string, std::string> edits[] = {{"\"x\": f32", "\"x2\": f32"},
                                                       {"RELU", "NONE"},
                                                       {"b=-9", "b=-8"},
                                                       {"c=0.1", "c=0.2"},
                                                       {"from {0, 1}", "from {0}"},
                                                       {"hex\"0000c07f", "hex\"0100c07f"},
                                                       {"splat [0.5]", "splat [1.5]"},
                                                       {"zero=[128]", "zero=[127]"},
                                                       {"@body(", "@corpus("},
                                                       {"return %4, %5, %4", "return %4, %5, %5"},
                                                       {"u8[]", "i8[]"},
                                                       {"%3, _", "%3, %3"},
                                                       {"Conv opset 13", "Conv opset 14"},
                                                       {"\"b\", \"c\"", "\"b\", \"d\""},
                                                       {"node 12", "node 13"},
                                                       {"symbol N \"x\" 0", "symbol N \"x\" 1"}};
  for (const auto& [from, to] : edits) {
    std::string text = base;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    if (from == "@body(") text.replace(text.find("regions(@body)"), 14, "regions(@corpus)");
    const Result<Module> other = Parse(text);
    ASSERT_TRUE(other.ok()) << from << ": " << other.status().ToString();
    EXPECT_FALSE(Equal(module, *other)) << from;
    EXPECT_FALSE(Equal(*other, module)) << from;
  }
}

}  // namespace
}  // namespace smelt::ir
