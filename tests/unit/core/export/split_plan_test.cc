// Plans, and the parts that they make: sizes to the byte, limits, values.
#include "core/export/tflite/split_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/export/tflite/part_module.h"
#include "core/export/tflite/part_size.h"
#include "core/import/tflite/reader.h"
#include "core/interp/evaluate.h"
#include "core/ir/verify.h"
#include "tests/unit/core/export/random_net.h"
#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_export {
namespace {

const target::Profile& Profile() { return *target::AllProfiles().front(); }

SplitPlan MustPlan(const ir::Module& module, const SplitOptions& options) {
  ir::Diagnostics diagnostics;
  auto plan = PlanSplit(module, Profile(), options, CancelToken(), diagnostics);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  for (const auto& one : diagnostics) ADD_FAILURE() << one.message;
  return plan.ok() ? std::move(plan).value() : SplitPlan();
}

ir::Diagnostics Refusals(const ir::Module& module, const SplitOptions& options) {
  ir::Diagnostics diagnostics;
  const auto plan = PlanSplit(module, Profile(), options, CancelToken(), diagnostics);
  EXPECT_TRUE(plan.ok());
  EXPECT_TRUE(plan->parts.empty());
  return diagnostics;
}

SplitOptions Limit(std::uint64_t bytes) {
  SplitOptions options;
  options.max_bytes = bytes;
  return options;
}

using Tensors = std::map<std::string, interp::Tensor>;

interp::Tensor Sample(const ir::TensorType& type, float first) {
  const std::vector<std::int64_t> shape = type.shape.Sizes();
  std::vector<float> values;
  for (std::int64_t i = 0; i < *type.shape.ElementCount(); ++i) {
    values.push_back(first + static_cast<float>(i % 7) * 0.125F);
  }
  return interp::Tensor::FromConstant(
      ir::Constant::FromValues<float>(ir::DType::kF32, shape, values).Cast(type.dtype));
}

// Runs a module on tensors by name, and adds its outputs to them.
void RunInto(const ir::Module& module, Tensors& tensors) {
  const ir::Signature& signature = module.signatures[0];
  std::vector<interp::Tensor> inputs;
  for (const std::string& name : signature.input_names) {
    ASSERT_TRUE(tensors.contains(name)) << name;
    inputs.push_back(tensors.at(name));
  }
  const auto outputs = interp::Evaluate(module, signature.graph, inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    tensors.insert_or_assign(signature.output_names[i], (*outputs)[i]);
  }
}

Tensors Inputs(const ir::Module& module) {
  Tensors tensors;
  const ir::Signature& signature = module.signatures[0];
  const ir::Graph& graph = module.graph(signature.graph);
  for (std::size_t i = 0; i < signature.input_names.size(); ++i) {
    tensors.emplace(signature.input_names[i],
                    Sample(graph.type(graph.inputs()[i]), 0.5F - static_cast<float>(i)));
  }
  return tensors;
}

// Every part is a valid file of the planned size within the limit, and the chain of what is read
// back computes what the whole does, to the bit.
void ExpectRightParts(ir::Module& module, const SplitPlan& plan, std::uint64_t limit) {
  Tensors whole = Inputs(module);
  Tensors chained = whole;
  RunInto(module, whole);
  std::size_t operators = 0;
  for (const PartPlan& planned : plan.parts) {
    ir::Module part = MakePart(module, planned.ops, planned.inputs, planned.outputs, plan.names);
    const Status valid = ir::VerifyModule(part, {.require_origins = false});
    ASSERT_TRUE(valid.ok()) << valid.ToString() << ir::Print(part);
    const Written file = MustWrite(part);
    EXPECT_EQ(file.bytes.size(), planned.file_bytes);
    constexpr std::uint64_t kRuntimeVersionBytes = 16;  // the one payload that is no constant
    EXPECT_EQ(file.summary.constant_bytes, planned.constant_bytes + kRuntimeVersionBytes);
    EXPECT_LE(file.bytes.size(), limit);
    const SharedBytes bytes = SharedBytes::Own(file.bytes);
    const Status checked = tflite_import::CheckFile(bytes);
    ASSERT_TRUE(checked.ok()) << checked.ToString();
    const auto read = tflite_import::Read(bytes);
    ASSERT_TRUE(read.ok());
    RunInto(*read, chained);
    operators += planned.ops.size();
  }
  EXPECT_EQ(operators, module.main().op_count());
  for (const std::string& name : module.signatures[0].output_names) {
    ASSERT_TRUE(chained.contains(name)) << name;
    const ByteSpan a = whole.at(name).bytes();
    const ByteSpan b = chained.at(name).bytes();
    EXPECT_TRUE(std::ranges::equal(a, b)) << name;
  }
}

TEST(SplitPlan, PartsHaveThePlannedSizeAndComputeTheSame) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    ir::Module module = RandomNet(seed, 5 + static_cast<int>(seed % 30)).Make();
    const std::uint64_t whole = MustWrite(module).bytes.size();
    // The largest operator's own part is the least that can be asked for.
    const ir::Diagnostics refusals = Refusals(module, Limit(100));
    ASSERT_EQ(refusals.size(), module.main().op_count());
    std::uint64_t largest = 0;
    for (const auto& refusal : refusals) {
      EXPECT_EQ(refusal.reason, Reason::kSplitOperatorTooLarge);
      EXPECT_TRUE(refusal.node.has_value());
      largest = std::max<std::uint64_t>(largest, std::stoull(refusal.found));
    }
    for (const std::uint64_t limit : {largest, (largest + whole) / 2, whole - 1}) {
      if (limit >= whole) continue;
      const SplitPlan plan = MustPlan(module, Limit(limit));
      EXPECT_GT(plan.parts.size(), 1U);
      EXPECT_EQ(plan.unsplit_bytes, whole);
      EXPECT_LE(plan.crossing_bytes, plan.greedy_crossing_bytes);
      ExpectRightParts(module, plan, limit);
    }
    EXPECT_EQ(Refusals(module, Limit(largest - 1)).front().reason, Reason::kSplitOperatorTooLarge);
  }
}

TEST(SplitPlan, TheRunningSumIsNeverLessThanTheFileAndHardlyMore) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    ir::Module module = RandomNet(seed, 30).Make();
    const auto graph = MakeSplitGraph(module, Profile(), "smelt", CancelToken());
    ASSERT_TRUE(graph.ok());
    SplitOptions options;
    options.parts = 2 + seed % 5;
    for (const PartPlan& part : MustPlan(module, options).parts) {
      const std::uint64_t sum = SizeOf(*graph, part.indices);
      EXPECT_GE(sum, part.file_bytes);
      EXPECT_LE(sum, part.file_bytes + 1536);
    }
  }
}

TEST(SplitPlan, AFileThatFitsIsLeftWhole) {
  ir::Module module = RandomNet(3, 8).Make();
  const std::uint64_t whole = MustWrite(module).bytes.size();
  const SplitPlan plan = MustPlan(module, Limit(whole));
  ASSERT_EQ(plan.parts.size(), 1U);
  EXPECT_TRUE(plan.parts[0].ops.empty());
  EXPECT_EQ(plan.parts[0].file_bytes, whole);
}

TEST(SplitPlan, GivesTheAskedNumberOfParts) {
  ir::Module module = RandomNet(5, 24).Make();
  for (std::size_t parts = 2; parts <= 24; parts += 3) {
    SplitOptions options;
    options.parts = parts;
    const SplitPlan plan = MustPlan(module, options);
    EXPECT_EQ(plan.parts.size(), parts);
    EXPECT_EQ(plan.greedy_parts, parts);
    EXPECT_LE(plan.crossing_bytes, plan.greedy_crossing_bytes);
    ExpectRightParts(module, plan, options.max_bytes);
  }
  SplitOptions options;
  options.parts = 25;
  EXPECT_EQ(Refusals(module, options).front().reason, Reason::kSplitUnsupported);
}

TEST(SplitPlan, CutsWhereItIsAskedTo) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[4]) {
      %1 "a" = NEG(%0)
      %2 "b" = ABS(%1)
      %3 "c" = EXP(%2)
      return %3
    }
    signature "serving_default" @main ("x") -> ("c")
  })");
  SplitOptions options;
  options.at_tensors = {"b", "a"};
  const SplitPlan plan = MustPlan(module, options);
  ASSERT_EQ(plan.parts.size(), 3U);
  EXPECT_EQ(plan.parts[1].inputs[0].name, "a");
  EXPECT_EQ(plan.parts[1].outputs[0].name, "b");
  EXPECT_EQ(plan.crossing_bytes, 32U);
  ASSERT_EQ(plan.edges.size(), 2U);
  EXPECT_EQ(plan.edges[1].from, 1U);
  ASSERT_EQ(plan.points.size(), 2U);
  EXPECT_EQ(plan.points[0].crossing_bytes, 16U);
  ExpectRightParts(module, plan, options.max_bytes);
}

// Two chains, one operator of each in turn: only a change of the order parts them.
TEST(SplitPlan, ReordersOperatorsToKeepBranchesTogether) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[64], %1 "y": f32[64]) {
      %2 "a1" = NEG(%0)
      %3 "b1" = NEG(%1)
      %4 "a2" = ABS(%2)
      %5 "b2" = ABS(%3)
      %6 "a3" = EXP(%4)
      %7 "b3" = EXP(%5)
      return %6, %7
    }
    signature "serving_default" @main ("x", "y") -> ("a3", "b3")
  })");
  SplitOptions options;
  options.parts = 2;
  const SplitPlan plan = MustPlan(module, options);
  EXPECT_TRUE(plan.reordered);
  EXPECT_EQ(plan.crossing_bytes, 0U);
  EXPECT_GT(plan.greedy_crossing_bytes, 0U);
  ExpectRightParts(module, plan, options.max_bytes);
}

TEST(SplitPlan, KeepsRegionsWholeAndQuantizationAndLooseEnds) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "c": bool[], %1 "x": f32[2], %9 "unused": f32[3]) {
      %2 "a" = NEG(%1)
      %3 "b" = IF(%0, %2) {} regions(@then, @else) : f32[2]
      %4 "d" = ABS(%3)
      return %4, %1
    }
    graph @then(%0: f32[2]) { %1 = NEG(%0) %2 = EXP(%1) return %2 }
    graph @else(%0: f32[2]) { return %0 }
    signature "serving_default" @main ("c", "x", "unused") -> ("d", "same")
  })");
  ir::Graph& main = module.main();
  const ir::QuantParams quant{{0.5F}, {3}, 0};
  main.value(main.op(main.first()).result()).quant = quant;
  SplitOptions options;
  options.parts = 3;
  const SplitPlan plan = MustPlan(module, options);
  ASSERT_EQ(plan.parts.size(), 3U);
  EXPECT_EQ(plan.parts[0].inputs.size(), 2U);
  EXPECT_EQ(plan.parts[0].inputs[1].name, "unused");
  EXPECT_EQ(plan.parts[0].outputs[0].name, "same");
  EXPECT_EQ(plan.parts[1].inputs[0].name, "c");
  const ir::Module part =
      MakePart(module, plan.parts[1].ops, plan.parts[1].inputs, plan.parts[1].outputs, plan.names);
  EXPECT_EQ(part.graph_count(), 3U);
  EXPECT_EQ(*part.main().value(part.main().inputs()[1]).quant, quant);
  main.value(main.op(main.first()).result()).quant = {};
  ExpectRightParts(module, MustPlan(module, options), options.max_bytes);
}

// Cut off, it would be more bytes than the constant, and a part without inputs.
TEST(SplitPlan, DequantizedConstantsStayWithTheirReaders) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2]) {
      %1 "half" = const f16[2] hex"003c0040"
      %2 "w" = DEQUANTIZE(%1) : f32[2]
      %3 "a" = ADD(%0, %2)
      %4 "b" = NEG(%3)
      %5 "c" = ADD(%4, %2)
      return %5
    }
    signature "serving_default" @main ("x") -> ("c")
  })");
  SplitOptions options;
  options.parts = 3;
  const SplitPlan plan = MustPlan(module, options);
  ASSERT_EQ(plan.parts.size(), 3U);
  EXPECT_EQ(plan.parts[0].ops.size(), 2U);
  EXPECT_EQ(plan.parts[1].ops.size(), 1U);
  EXPECT_EQ(plan.parts[2].ops.size(), 2U);
  EXPECT_EQ(plan.parts[2].inputs.size(), 1U);
  ASSERT_EQ(plan.repeated.size(), 1U);
  EXPECT_EQ(plan.repeated[0].name, "half");
  Tensors tensors = Inputs(module);
  Tensors whole = tensors;
  RunInto(module, whole);
  for (const PartPlan& planned : plan.parts) {
    ir::Module part = MakePart(module, planned.ops, planned.inputs, planned.outputs, plan.names);
    EXPECT_EQ(MustWrite(part).bytes.size(), planned.file_bytes);
    RunInto(part, tensors);
  }
  EXPECT_TRUE(std::ranges::equal(tensors.at("c").bytes(), whole.at("c").bytes()));
  options.parts = 4;
  EXPECT_EQ(Refusals(module, options).front().reason, Reason::kSplitUnsupported);
}

TEST(SplitPlan, RefusesSeveralSignatures) {
  ir::Module module = RandomNet(3, 8).Make();
  module.signatures.push_back(module.signatures[0]);
  module.signatures[1].key = "second";
  EXPECT_EQ(Refusals(module, Limit(1000)).front().reason, Reason::kSplitUnsupported);
}

TEST(SplitPlan, SymbolicSizesStay) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[N,4]) {
      %1 "a" = NEG(%0)
      %2 "b" = ABS(%1)
      return %2
    }
    signature "serving_default" @main ("x") -> ("b")
  })");
  SplitOptions options;
  options.parts = 2;
  const SplitPlan plan = MustPlan(module, options);
  ASSERT_EQ(plan.parts.size(), 2U);
  const PartPlan& second = plan.parts[1];
  ir::Module part = MakePart(module, second.ops, second.inputs, second.outputs, plan.names);
  EXPECT_EQ(part.symbols().Text(part.main().type(part.main().inputs()[0])), "f32[N,4]");
  EXPECT_EQ(MustWrite(part).tensor(0).shape_signature()->Get(0), -1);
}

TEST(SplitPlan, SaysWhichConstantsAreRepeated) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2]) {
      %1 "k" = const f32[2] hex"0000803f00000040"
      %2 "a" = ADD(%0, %1)
      %3 "b" = ADD(%2, %1)
      return %3
    }
    signature "serving_default" @main ("x") -> ("b")
  })");
  SplitOptions options;
  options.parts = 2;
  const SplitPlan plan = MustPlan(module, options);
  ASSERT_EQ(plan.repeated.size(), 1U);
  EXPECT_EQ(plan.repeated[0].name, "k");
  EXPECT_EQ(plan.repeated[0].bytes, 8U);
  EXPECT_EQ(plan.repeated[0].parts, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(plan.constant_bytes, 8U);
}

// `count` operators that read the input, or each the one before; and one that reads them all, or
// the last.
ir::Module Operators(int count, bool is_chain) {
  std::string text = "module { graph @main(%0 \"x\": f32[1]) {\n";
  std::string all = "%1";
  for (int i = 1; i <= count; ++i) {
    const std::string before = std::to_string(is_chain ? i - 1 : 0);
    text += "%" + std::to_string(i) + " \"t" + std::to_string(i) + "\" = NEG(%" + before + ")\n";
    if (i > 1) all += ", %" + std::to_string(i);
  }
  const std::string last = std::to_string(count);
  const std::string result = std::to_string(count + 1);
  text += "%" + result + " \"y\" = " +
          (is_chain ? "ABS(%" + last + ")"
                    : "CONCATENATION(" + all + ") {axis=0, fused_activation_function=\"NONE\"}");
  return MustParse(text + "\nreturn %" + result +
                   " }\nsignature \"serving_default\" @main (\"x\") -> (\"y\") }");
}

TEST(SplitPlan, PointsNameABoundedNumberOfTensors) {
  SplitOptions options;
  options.parts = 2;
  const SplitPlan plan = MustPlan(Operators(500, false), options);
  ASSERT_EQ(plan.points.size(), 500U);
  std::uint64_t names = 0;
  for (std::size_t i = 0; i < plan.points.size(); ++i) {
    const CutPoint& point = plan.points[i];
    EXPECT_EQ(point.count, i + 1);
    EXPECT_EQ(point.crossing_bytes, 4 * point.count);
    names += point.count;
    EXPECT_EQ(point.values.size(), names <= 65'536 ? point.count : 0U) << i;
  }
  EXPECT_GT(names, 65'536U);
}

TEST(SplitPlan, RefusesMorePartsThanAreWrittenBeforeItMeasuresThem) {
  const ir::Module module = Operators(1099, true);
  std::uint64_t largest = 0;
  for (const auto& refusal : Refusals(module, Limit(100))) {
    largest = std::max<std::uint64_t>(largest, std::stoull(refusal.found));
  }
  const ir::Diagnostics refusals = Refusals(module, Limit(largest));
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].reason, Reason::kSplitUnsupported);
  EXPECT_NE(refusals[0].message.find("it takes 1100 parts"), std::string::npos)
      << refusals[0].message;
}

TEST(SplitPlan, RefusesATableOfPartsAndOperatorsThatIsTooLarge) {
  SplitOptions options;
  options.parts = kMaxParts;
  const ir::Diagnostics refusals = Refusals(Operators(15'999, true), options);
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].reason, Reason::kSplitUnsupported);
  EXPECT_NE(refusals[0].message.find("1024 parts of 16000 operators"), std::string::npos)
      << refusals[0].message;
}

TEST(SplitPlan, ANumberOfPartsMayFillTheLimit) {
  const ir::Module module = RandomNet(5, 24).Make();
  SplitOptions options;
  options.parts = 2;
  options.target_bytes = 1;
  EXPECT_EQ(MustPlan(module, options).parts.size(), 2U);
}

TEST(SplitPlan, WithoutOperatorsThereIsNothingToCut) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2]) {
      %1 "k" = const f32[2] [1, 2]
      return %1
    }
    signature "serving_default" @main ("x") -> ("k")
  })");
  EXPECT_EQ(Refusals(module, Limit(100)).front().reason, Reason::kSplitUnsupported);
  SplitOptions options;
  options.parts = 2;
  EXPECT_EQ(Refusals(module, options).front().reason, Reason::kSplitUnsupported);
  options.parts = 0;
  options.at_tensors = {"k"};
  EXPECT_EQ(Refusals(module, options).front().reason, Reason::kUnknownTensorName);
  EXPECT_EQ(MustPlan(module, Limit(MustWrite(module).bytes.size())).parts.size(), 1U);
}

// Less would cross behind the sum, but then its operand would not.
TEST(SplitPlan, UsersOfAllAskedResultsComeBehindTheirCut) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[8]) {
      %1 "axis" = const i32[] [0]
      %2 "a0", %3 "a1" = SPLIT(%1, %0) {num_splits=2} : f32[4], f32[4]
      %4 "axes" = const i32[1] [0]
      %5 "r" = SUM(%3, %4) {keep_dims=false} : f32[]
      %6 "h" = ABS(%2)
      %7 "y" = ADD(%6, %5)
      return %7
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  SplitOptions options;
  options.at_tensors = {"a0", "a1"};
  const SplitPlan plan = MustPlan(module, options);
  ASSERT_EQ(plan.parts.size(), 2U);
  ASSERT_EQ(plan.parts[1].inputs.size(), 2U);
  EXPECT_EQ(plan.parts[1].inputs[0].name, "a0");
  EXPECT_EQ(plan.parts[1].inputs[1].name, "a1");
  ExpectRightParts(module, plan, options.max_bytes);
}

TEST(SplitPlan, CutsAtTheSecondNameOfAnOutput) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[4]) {
      %1 "a" = NEG(%0)
      %2 "c" = ABS(%1)
      return %1, %1, %2
    }
    signature "serving_default" @main ("x") -> ("a", "b", "c")
  })");
  SplitOptions options;
  options.at_tensors = {"b"};
  const SplitPlan plan = MustPlan(module, options);
  ASSERT_EQ(plan.parts.size(), 2U);
  EXPECT_EQ(plan.parts[0].outputs.size(), 2U);
  ExpectRightParts(module, plan, options.max_bytes);
}

TEST(SplitPlan, AskedCutsCrossNoMoreThanProgramOrder) {
  int checked = 0;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    const ir::Module module = RandomNet(seed, 24).Make();
    SplitOptions options;
    options.parts = 3;
    const SplitPlan plan = MustPlan(module, options);
    if (plan.edges.empty()) continue;
    options.parts = 0;
    options.at_tensors = {plan.names[plan.edges.back().values.front().index],
                          plan.names[plan.edges.front().values.back().index]};
    const SplitPlan asked = MustPlan(module, options);
    EXPECT_LE(asked.crossing_bytes, asked.greedy_crossing_bytes) << seed;
    ++checked;
  }
  EXPECT_GT(checked, 20);
}

// A chain would take what one part gives for what the model is given.
TEST(SplitPlan, RefusesAnOutputThatIsCalledLikeAnotherInput) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[4]) {
      %1 "a" = NEG(%0)
      %2 "b" = ABS(%1)
      return %2
    }
    signature "serving_default" @main ("x") -> ("x")
  })");
  SplitOptions options;
  options.parts = 2;
  EXPECT_EQ(Refusals(module, options).front().reason, Reason::kSplitUnsupported);
}

// A scale for each row, and an operator with two results of which both cross.
TEST(SplitPlan, PartsWithQuantizedWeightsHaveThePlannedSize) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[1,4]) {
      %1 "w" = const i8[4,4] hex"000102030405060708090a0b0c0d0e0f"
      %2 = FULLY_CONNECTED(%0, %1) : f32[1,4]
      %3 "axis" = const i32[] [1]
      %4 "left", %5 "right" = SPLIT(%3, %2) {num_splits=2} : f32[1,2], f32[1,2]
      %6 "sum" = ADD(%4, %5)
      %7 "y" = MUL(%6, %4)
      return %7
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  ir::Graph& main = module.main();
  const ir::ValueId weights = main.op(main.first()).operands[1].value;
  main.value(weights).quant = ir::QuantParams{{0.5F, 0.25F, 0.125F, 1}, {0, 0, 0, 0}, 0};
  SplitOptions options;
  for (options.parts = 2; options.parts <= 4; ++options.parts) {
    const SplitPlan plan = MustPlan(module, options);
    ASSERT_EQ(plan.parts.size(), options.parts);
    for (const PartPlan& planned : plan.parts) {
      ir::Module part = MakePart(module, planned.ops, planned.inputs, planned.outputs, plan.names);
      EXPECT_EQ(MustWrite(part).bytes.size(), planned.file_bytes);
    }
  }
}

}  // namespace
}  // namespace smelt::tflite_export
