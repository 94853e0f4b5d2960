// Two graphs compared layer by layer: which layers, in which order of axes, and where errors begin.
#include "core/convert/accuracy.h"

#include <gmock/gmock.h>

#include "core/interp/evaluate.h"
#include "core/ir/text.h"

namespace smelt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ir::Module MustParse(const std::string& graph, const std::string& ports) {
  const std::string text =
      "module {\n  source 0 \"first\" Mul opset 13 path \"\"\n"
      "  source 1 \"second\" Relu opset 13 path \"\"\n"
      "  source 2 \"third\" Mul opset 13 path \"\"\n"
      "  symbol N \"x\" 0\n" +
      graph + "  signature \"serving_default\" @main " + ports + "\n}\n";
  auto module = ir::Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString() << text;
  return module.ok() ? std::move(module).value() : ir::Module();
}

// y = relu(x * first) * third.
ir::Module Chain(const std::string& first, const std::string& third) {
  return MustParse(R"(graph @main(%x "x": f32[4,8]) {
    %c = const f32[1] [)" +
                       first + R"(]
    %d = const f32[1] [)" +
                       third + R"(]
    %a "a" = MUL(%x, %c) {fused_activation_function="NONE"} : f32[4,8] from {0}
    %b "b" = RELU(%a) : f32[4,8] from {1}
    %y "y" = MUL(%b, %d) {fused_activation_function="NONE"} : f32[4,8] from {2}
    return %y
  }
)",
                   R"(("x") -> ("y"))");
}

AccuracyPlan PlanFor(const std::vector<std::string>& names) {
  AccuracyPlan plan;
  FilePlaces& places = plan.places.emplace_back();
  for (const std::string& name : names) places[name] = {name, {}, false};
  return plan;
}

v1::AccuracyReport Measure(const ir::Module& source, const ir::Module& file,
                           const AccuracyPlan& plan) {
  auto report = MeasureAccuracy(source, {.module = &file}, plan, CancelToken());
  EXPECT_TRUE(report.ok()) << report.status().ToString();
  return report.ok() ? *report : v1::AccuracyReport();
}

std::vector<std::string> LayersOf(const v1::AccuracyReport& report) {
  std::vector<std::string> lines;
  for (const auto& layer : report.layers()) {
    lines.push_back(layer.name() + (layer.within_limits() ? " ok" : " off"));
  }
  return lines;
}

TEST(MeasureAccuracy, FindsEqualGraphsEqual) {
  const ir::Module module = Chain("2", "3");
  const v1::AccuracyReport report = Measure(module, module, PlanFor({"a", "b", "y"}));
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_TRUE(CheckAccuracy(report).ok());
  EXPECT_EQ(report.num_samples(), 3u);
  EXPECT_EQ(report.inputs(), "seeded");
  EXPECT_THAT(report.inputs_note(),
              AllOf(HasSubstr("seeded noise, seed 1 to 3"), HasSubstr("not calibrated on data")));
  EXPECT_EQ(report.reference(), "imported_graph");
  EXPECT_THAT(LayersOf(report), ElementsAre("a ok", "b ok", "y ok"));
  EXPECT_EQ(report.layer_summary().first_outside(), "");
  ASSERT_THAT(report.per_output_metrics(), SizeIs(1));
  const auto& y = report.per_output_metrics(0);
  EXPECT_EQ(y.metrics().elements(), 32u);
  EXPECT_EQ(y.metrics().max_abs(), 0);
  EXPECT_FALSE(y.metrics().has_sqnr_db());
  EXPECT_TRUE(y.allclose().pass());
  EXPECT_EQ(y.trivial(), "");
  EXPECT_EQ(y.top1().rows(), 12u);  // 4 of each sample
  EXPECT_EQ(y.top1().agreement(), 1);
}

TEST(MeasureAccuracy, NamesTheFirstLayerThatLeavesTheLimits) {
  const v1::AccuracyReport report =
      Measure(Chain("2", "3"), Chain("2", "3.1"), PlanFor({"a", "b", "y"}));
  EXPECT_THAT(LayersOf(report), ElementsAre("a ok", "b ok", "y off"));
  EXPECT_EQ(report.layer_summary().first_outside(), "y");
  EXPECT_EQ(report.layer_summary().first_outside_node().name(), "third");
  EXPECT_FALSE(report.evaluation_pass());
  const Status status = CheckAccuracy(report);
  EXPECT_EQ(status.reason(), Reason::kAccuracyBelowThreshold);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("output \"y\""), HasSubstr("max_abs"), HasSubstr("\"y\" of Mul")));
  // 3.1 for 3 is an error of a thirtieth.
  EXPECT_NEAR(report.per_output_metrics(0).metrics().sqnr_db(), 29.54, 0.01);
  EXPECT_NEAR(report.overall_metrics().sqnr_db(), 29.54, 0.01);
  const v1::AccuracySummary summary = Summarize(report);
  EXPECT_EQ(summary.first_layer_outside(), "y");
  EXPECT_EQ(summary.first_layer_node().index(), 2u);
  EXPECT_EQ(summary.outputs_failed(), 1u);
  EXPECT_EQ(summary.layers_compared(), 3u);
}

TEST(MeasureAccuracy, SeesAnErrorThatLaterLayersUndo) {
  const v1::AccuracyReport report =
      Measure(Chain("2", "3"), Chain("4", "1.5"), PlanFor({"a", "b", "y"}));
  EXPECT_THAT(LayersOf(report), ElementsAre("a off", "b off", "y ok"));
  EXPECT_EQ(report.layer_summary().first_outside_node().name(), "first");
  EXPECT_EQ(report.layer_summary().outside_limits(), 2u);
  EXPECT_TRUE(report.evaluation_pass());
}

TEST(MeasureAccuracy, WidensWithThePrecision) {
  AccuracyPlan plan = PlanFor({"a", "b", "y"});
  plan.precision = "dynamic_range";
  EXPECT_TRUE(Measure(Chain("2", "3"), Chain("2", "3.01"), plan).evaluation_pass());
  plan.precision = "float32";
  EXPECT_FALSE(Measure(Chain("2", "3"), Chain("2", "3.01"), plan).evaluation_pass());
}

TEST(MeasureAccuracy, ComparesNoMoreLayersThanItMayKeep) {
  const ir::Module module = Chain("2", "3");
  AccuracyPlan plan = PlanFor({"a", "b", "y"});
  plan.layer_budget_bytes = 2 * 4 * 32;
  v1::AccuracyReport report = Measure(module, module, plan);
  EXPECT_THAT(LayersOf(report), ElementsAre("a ok", "b ok"));
  EXPECT_EQ(report.layer_summary().over_budget(), 1u);
  EXPECT_TRUE(report.evaluation_pass());
}

TEST(MeasureAccuracy, CountsLayersThatTheFileDoesNotHave) {
  const ir::Module module = Chain("2", "3");
  AccuracyPlan plan = PlanFor({"b", "y"});
  plan.places[0]["b"].is_regrouped = true;
  const v1::AccuracyReport report = Measure(module, module, plan);
  EXPECT_THAT(LayersOf(report), ElementsAre("y ok"));
  EXPECT_EQ(report.layer_summary().missing(), 1u);
  EXPECT_EQ(report.layer_summary().regrouped(), 1u);
}

const char* const kSourceOrder = R"(graph @main(%x "x": f32[1,2,2,2]) {
    %a "a" = RELU(%x) : f32[1,2,2,2] from {0}
    %y "y" = NEG(%a) : f32[1,2,2,2] from {1}
    return %y
  }
)";
const char* const kChannelsLast = R"(graph @main(%x "x": f32[1,2,2,2]) {
    %p = const i32[4] [0, 2, 3, 1]
    %q = const i32[4] [0, 3, 1, 2]
    %t = TRANSPOSE(%x, %p) : f32[1,2,2,2]
    %a "a" = RELU(%t) : f32[1,2,2,2] from {0}
    %n = NEG(%a) : f32[1,2,2,2] from {1}
    %y "y" = TRANSPOSE(%n, %q) : f32[1,2,2,2] from {1}
    return %y
  }
)";

// All sizes are equal: only the declared order can tell, and a wrong one must not pass.
TEST(MeasureAccuracy, BringsLayersToTheDeclaredOrderAndTriesNoOther) {
  const ir::Module source = MustParse(kSourceOrder, R"(("x") -> ("y"))");
  const ir::Module file = MustParse(kChannelsLast, R"(("x") -> ("y"))");
  AccuracyPlan plan = PlanFor({"a", "y"});
  plan.places[0]["a"].order = {0, 2, 3, 1};
  EXPECT_THAT(LayersOf(Measure(source, file, plan)), ElementsAre("a ok", "y ok"));
  for (const std::vector<int>& wrong : {std::vector<int>{}, {0, 3, 1, 2}, {0, 1, 3, 2}}) {
    plan.places[0]["a"].order = wrong;
    EXPECT_THAT(LayersOf(Measure(source, file, plan)), ElementsAre("a off", "y ok"));
  }
}

TEST(MeasureAccuracy, FlagsOutputsThatProveNothing) {
  const ir::Module module = MustParse(R"(graph @main(%x "x": f32[2,3], %e "e": f32[0,3]) {
    %i = const i32[2] [0, 1]
    %z = const f32[2,3] [0, 0, 0, 0, 0, 0]
    %shape "shape" = SHAPE(%x) {out_type="i32"} : i32[2] from {0}
    %none "none" = RELU(%e) : f32[0,3] from {1}
    %s = SUM(%x, %i) {keep_dims=true} : f32[1,1] from {2}
    %same "same" = ADD(%s, %z) {fused_activation_function="NONE"} : f32[2,3] from {2}
    %y "y" = RELU(%x) : f32[2,3] from {1}
    return %shape, %none, %same, %y
  }
)",
                                      R"(("x", "e") -> ("shape", "none", "same", "y"))");
  const v1::AccuracyReport report =
      Measure(module, module, PlanFor({"shape", "none", "same", "y"}));
  std::vector<std::string> trivial;
  for (const auto& output : report.per_output_metrics()) trivial.push_back(output.trivial());
  EXPECT_THAT(trivial, ElementsAre("constant", "empty", "all_equal", ""));
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_EQ(Summarize(report).outputs_trivial(), 3u);
  EXPECT_FALSE(report.per_output_metrics(0).has_top1());  // integers are no logits
}

// y = x * scale, by -scale in the file.
TEST(MeasureAccuracy, NumbersBelowTheFloorProveNothing) {
  const v1::AccuracyReport report =
      Measure(Chain("2e-6", "1"), Chain("3e-6", "1"), PlanFor({"a", "b", "y"}));
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_EQ(report.per_output_metrics(0).trivial(), "below_floor");
  for (const auto& check : report.per_output_metrics(0).metric_threshold_judgement().checks()) {
    EXPECT_NE(check.metric(), "cosine_similarity");  // there is none to judge
  }
  const Status status = CheckAccuracy(report);
  EXPECT_EQ(status.reason(), Reason::kAccuracyBelowThreshold);
  EXPECT_THAT(std::string(status.message()), HasSubstr("every output is trivial"));
}

// The largest of noise: in one sample of many the next one may be it.
TEST(MeasureAccuracy, JudgesIntegersOverAllSamplesTogether) {
  const auto indices = [](const char* slope) {
    return MustParse(std::string(R"(graph @main(%x "x": f32[1,2]) {
    %c = const f32[1,2] )") +
                         slope + R"(
    %i = const i32[] [1]
    %s = MUL(%x, %c) {fused_activation_function="NONE"} : f32[1,2] from {0}
    %y "y" = ARG_MAX(%s, %i) {output_type="i64"} : i64[1] from {1}
    return %y
  }
)",
                     R"(("x") -> ("y"))");
  };
  AccuracyPlan plan = PlanFor({"y"});
  plan.samples = 40;
  plan.precision = "dynamic_range";
  const v1::AccuracyReport report = Measure(indices("[1, 1]"), indices("[1, 1.01]"), plan);
  const auto& checks = report.per_output_metrics(0).metric_threshold_judgement().checks();
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_EQ(checks[0].metric(), "equal_share");
  const double share = 1 - report.per_output_metrics(0).average().different_elements() / 40;
  EXPECT_DOUBLE_EQ(checks[0].value(), share);
  EXPECT_EQ(checks[0].pass(), share >= 0.95);
  plan.precision = "float32";
  EXPECT_FALSE(Measure(indices("[1, 1]"), indices("[1, -1]"), plan).evaluation_pass());
}

TEST(MeasureAccuracy, CountsWhatBranchesCompute) {
  const ir::Module module = MustParse(R"(graph @main(%x "x": f32[4], %c "c": bool[]) {
    %y "y" = IF(%c, %x) {} regions(@then, @else) : f32[4] from {0}
    return %y
  }
  graph @then(%x: f32[4]) {
    %a = RELU(%x) : f32[4] from {1}
    return %a
  }
  graph @else(%x: f32[4]) {
    %a = NEG(%x) : f32[4] from {1}
    %b = NEG(%a) : f32[4] from {1}
    return %b
  }
)",
                                      R"(("x", "c") -> ("y"))");
  const v1::AccuracyReport report = Measure(module, module, PlanFor({"y"}));
  EXPECT_EQ(report.layer_summary().compared(), 1u);
  EXPECT_EQ(report.layer_summary().inside_regions(), 3u);
}

// An artifact in parts is run by who knows how they follow each other.
TEST(MeasureAccuracy, OfPartsComparesOutputsAlone) {
  const ir::Module source = Chain("2", "3");
  const ir::Module other = Chain("2", "3.1");
  for (const ir::Module* const file : {&source, &other}) {
    WrittenSide parts;
    parts.run = [file](std::size_t, const std::vector<interp::Tensor>& inputs) {
      return interp::Evaluate(*file, file->main_id(), inputs);
    };
    const auto report = MeasureAccuracy(source, parts, PlanFor({"a", "b", "y"}), CancelToken());
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(report->evaluation_pass(), file == &source);
    EXPECT_EQ(report->layers_size(), 0);
    EXPECT_EQ(report->per_output_metrics(0).metrics().elements(), 32);
  }
}

TEST(MeasureAccuracy, AnOutputOfAnotherElementTypeFails) {
  const auto widened = [](const char* type) {
    const std::string name(type);
    return MustParse("graph @main(%x \"x\": i32[4]) {\n    %y \"y\" = CAST(%x) {out_data_type=\"" +
                         name + "\"} : " + name + "[4] from {0}\n    return %y\n  }\n",
                     R"(("x") -> ("y"))");
  };
  const v1::AccuracyReport report = Measure(widened("i64"), widened("f32"), PlanFor({"y"}));
  EXPECT_FALSE(report.evaluation_pass());
  EXPECT_THAT(report.skipped_output_reasons(0), HasSubstr("the file f32[4]"));
}

TEST(MeasureAccuracy, AnOutputOfAnotherShapeIsSkippedAndFails) {
  const ir::Module source = MustParse(kSourceOrder, R"(("x") -> ("y"))");
  std::string shorter = kSourceOrder;
  shorter.replace(shorter.find("%y \"y\""), std::string::npos, R"(%n = const i32[3] [2, 2, 2]
    %y "y" = RESHAPE(%a, %n) : f32[2,2,2] from {1}
    return %y
  }
)");
  const v1::AccuracyReport report =
      Measure(source, MustParse(shorter, R"(("x") -> ("y"))"), PlanFor({"a", "y"}));
  EXPECT_FALSE(report.evaluation_pass());
  EXPECT_THAT(report.skipped_output_names(), ElementsAre("y"));
  EXPECT_THAT(report.skipped_output_reasons(0), HasSubstr("the file f32[2,2,2]"));
  EXPECT_EQ(report.layer_summary().other_shape(), 1u);
}

TEST(MeasureAccuracy, AnOutputThatCannotBeComputedIsNoPass) {
  const ir::Module source = Chain("2", "3");
  ir::Module opaque = MustParse(R"(graph @main(%x "x": f32[4,8]) {
    %y "y" = composite(%x) {name="my.op"} : f32[4,8] from {0}
    return %y
  }
)",
                                R"(("x") -> ("y"))");
  v1::AccuracyReport report = Measure(opaque, source, PlanFor({}));
  EXPECT_THAT(report.not_run_because(), HasSubstr("my.op"));
  EXPECT_FALSE(report.evaluation_pass());
  EXPECT_EQ(CheckAccuracy(report).reason(), Reason::kAccuracyBelowThreshold);
  report = Measure(source, opaque, PlanFor({}));
  EXPECT_THAT(report.not_run_because(), HasSubstr("the written file does not run"));
  EXPECT_FALSE(CheckAccuracy(report).ok());
}

}  // namespace
}  // namespace smelt
