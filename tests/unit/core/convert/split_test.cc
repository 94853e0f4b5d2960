// An artifact in parts, from the request to its files.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "core/base/digest.h"
#include "core/convert/split_accuracy.h"
#include "core/convert/split_chain.h"
#include "core/ir/text.h"
#include "smelt/v1/accuracy.pb.h"
#include "smelt/v1/split.pb.h"
#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::OnnxModel;

// Three products in a row; the middle one's weights are the largest.
OnnxModel ThreeLayers() {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 32});
  model.Init("w1", testing::RandomTensor(DType::kF32, {32, 64}, 1));
  model.Init("w2", testing::RandomTensor(DType::kF32, {64, 64}, 2));
  model.Init("w3", testing::RandomTensor(DType::kF32, {64, 8}, 3));
  model.Node("MatMul", {"x", "w1"}, {"a"});
  model.Node("Relu", {"a"}, {"h1"});
  model.Node("MatMul", {"h1", "w2"}, {"b"});
  model.Node("Relu", {"b"}, {"h2"});
  model.Node("MatMul", {"h2", "w3"}, {"y"});
  model.Output("h1", DType::kF32, {"N", 64});
  model.Output("y", DType::kF32, {"N", 8});
  return model;
}

ConvertRequest Limit(std::uint64_t bytes) {
  ConvertRequest request;
  request.split.emplace().max_bytes = bytes;
  return request;
}

template <class Message>
Message FileOf(const Converted& made, const std::string& name) {
  Message message;
  const auto file = made.sink.extras.find(name);
  EXPECT_NE(file, made.sink.extras.end()) << name;
  if (file == made.sink.extras.end()) return message;
  const auto status = google::protobuf::util::JsonStringToMessage(file->second, &message);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return message;
}

TEST(Split, WritesPartsAndWhatTheyAre) {
  const Converted made = ConvertModel(ThreeLayers(), Limit(20'000));
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  ASSERT_GE(made.report.artifacts_size(), 2);
  EXPECT_EQ(made.report.artifacts(0).name(), "net_0001.tflite");
  EXPECT_EQ(made.report.artifacts(0).kind(), "tflite_part");
  EXPECT_THAT(made.sink.kinds, ElementsAre("split_plan", "split_manifest", "split_accuracy"));

  const auto manifest = FileOf<v1::SplitManifest>(made, "net_split_manifest.json");
  ASSERT_EQ(manifest.partitions_size(), made.report.artifacts_size());
  EXPECT_EQ(manifest.base_model(), "net.onnx");
  EXPECT_EQ(manifest.source_sha256().size(), 64U);
  std::uint64_t offset = 0;
  for (int i = 0; i < manifest.partitions_size(); ++i) {
    const auto& part = manifest.partitions(i);
    const v1::Artifact& artifact = made.report.artifacts(i);
    EXPECT_EQ(part.file(), artifact.name());
    EXPECT_EQ(part.sha256(), artifact.digest().sha256());
    EXPECT_EQ(part.estimated_bytes(), part.size_bytes());
    EXPECT_LE(part.size_bytes(), 20'000);
    const ByteSpan bytes =
        ByteSpan(made.sink.artifact).subspan(offset, artifact.digest().size_bytes());
    EXPECT_EQ(Digest::Of(bytes).Hex(), part.sha256());
    offset = NextPartOffset(offset, bytes.size());
  }
  EXPECT_EQ(manifest.inputs(0).name(), "x");
  EXPECT_THAT(manifest.inputs(0).shape(), ElementsAre(-1, 32));
  EXPECT_EQ(manifest.inputs(0).type(), "float32");
  EXPECT_EQ(manifest.outputs_size(), 2);

  const auto plan = FileOf<v1::SplitPlan>(made, "net_split_plan.json");
  EXPECT_TRUE(plan.plan_valid());
  EXPECT_EQ(plan.hard_max_bytes(), 20'000);
  EXPECT_EQ(plan.target_max_bytes(), 20'000);
  EXPECT_LE(plan.crossing_bytes(), plan.greedy_crossing_bytes());
  EXPECT_GT(plan.crossing_bytes(), 0);

  const auto accuracy = FileOf<v1::SplitAccuracyReport>(made, "net_split_accuracy_report.json");
  EXPECT_TRUE(accuracy.evaluation_pass());
  EXPECT_EQ(accuracy.not_run_because(), "");
  int own = 0;
  for (const auto& output : accuracy.per_output_metrics()) {
    EXPECT_TRUE(output.bit_equal()) << output.name();
    EXPECT_FALSE(output.trivial()) << output.name();
    EXPECT_NEAR(output.cosine_similarity(), 1, 1e-12);
    own += output.is_model_output() ? 1 : 0;
  }
  EXPECT_EQ(own, 2);
  EXPECT_EQ(made.report.verification().outputs_size(), 2);
  EXPECT_GT(made.report.verification().outputs(1).max_abs_reference(), 0);
}

TEST(Split, PartsAreJudgedAsOne) {
  ConvertRequest request = Limit(20'000);
  request.fail_on_accuracy = true;
  request.extra_reports = {ExtraReport::kAccuracy};
  const Converted made = ConvertModel(ThreeLayers(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  ASSERT_GE(made.report.artifacts_size(), 2);
  const auto report = FileOf<v1::AccuracyReport>(made, "net_accuracy_report.json");
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_THAT(report.compared_output_names(), ElementsAre("h1", "y"));
  EXPECT_EQ(report.layers_size(), 0);
}

TEST(Split, WritesOneFileWhereItIsSmallEnough) {
  const Converted plain = ConvertModel(ThreeLayers());
  const Converted made = ConvertModel(ThreeLayers(), Limit(1 << 20));
  ASSERT_EQ(made.report.artifacts_size(), 1);
  EXPECT_EQ(made.report.artifacts(0).name(), "net.tflite");
  EXPECT_EQ(made.sink.artifact, plain.sink.artifact);
  EXPECT_TRUE(made.sink.extras.empty());
  std::vector<std::string> reasons;
  for (const auto& one : made.report.diagnostics()) reasons.push_back(one.reason_code());
  EXPECT_THAT(reasons, Contains("split_not_needed"));
}

TEST(Split, RefusesAnOperatorThatIsTooLargeWithItsSize) {
  const Converted made = ConvertModel(ThreeLayers(), Limit(8'000));
  EXPECT_EQ(made.report.state(), "failed");
  EXPECT_EQ(made.report.reason_code(), "split_operator_too_large");
  EXPECT_TRUE(made.sink.artifact.empty());
  std::vector<std::string> nodes;
  for (const auto& one : made.report.diagnostics()) {
    if (one.severity() != v1::SEVERITY_ERROR) continue;
    EXPECT_THAT(one.allowed(), HasSubstr("8000"));
    EXPECT_GT(std::stoull(one.found()), 8000U);
    nodes.push_back(one.node().op_type());
  }
  EXPECT_THAT(nodes.size(), 2U);
}

TEST(Split, RefusesNamesThatAreNotThere) {
  ConvertRequest request;
  request.split.emplace().at_tensors = {"h1", "nowhere"};
  const Converted made = ConvertModel(ThreeLayers(), request);
  EXPECT_EQ(made.report.reason_code(), "unknown_tensor_name");
}

TEST(Split, RefusesLimitsThatContradictEachOther) {
  ConvertRequest request;
  request.split.emplace().max_bytes = 100;
  request.split->target_bytes = 200;
  EXPECT_EQ(ConvertModel(ThreeLayers(), request).status.reason(), Reason::kInvalidArgument);
}

TEST(Split, CutsAtTensorsAndListsThemInTheirParts) {
  ConvertRequest request;
  request.split.emplace().at_tensors = {"h1"};
  request.extra_reports = {ExtraReport::kTensorCorrespondence};
  request.verify = Verify::kStructure;
  const Converted made = ConvertModel(ThreeLayers(), request);
  ASSERT_EQ(made.report.artifacts_size(), 2);
  const auto manifest = FileOf<v1::SplitManifest>(made, "net_split_manifest.json");
  ASSERT_EQ(manifest.edges_size(), 1);
  EXPECT_THAT(manifest.edges(0).tensors(), ElementsAre("h1"));
  EXPECT_EQ(manifest.edges(0).bytes(), 64 * 4);
  const auto accuracy = FileOf<v1::SplitAccuracyReport>(made, "net_split_accuracy_report.json");
  EXPECT_FALSE(accuracy.not_run_because().empty());
  const auto& tensors = made.sink.extras.at("net_tensor_correspondence_report.json");
  EXPECT_THAT(tensors, HasSubstr("net_0002.tflite"));
}

TEST(Split, SameRequestSameBytes) {
  const Converted first = ConvertModel(ThreeLayers(), Limit(20'000));
  const Converted second = ConvertModel(ThreeLayers(), Limit(20'000));
  EXPECT_EQ(first.sink.artifact, second.sink.artifact);
  EXPECT_EQ(first.sink.extras.size(), 3U);
  EXPECT_EQ(first.sink.extras, second.sink.extras);
}

TEST(Split, RefusesSeveralSignaturesFromTheRequestAlone) {
  ConvertRequest request = Limit(20'000);
  request.signatures.resize(2);
  request.signatures[0].key = "a";
  request.signatures[1].key = "b";
  const Converted made = ConvertModel(ThreeLayers(), request);
  EXPECT_EQ(made.status.reason(), Reason::kInvalidArgument);
  EXPECT_EQ(made.report.timings_size(), 0);
}

// What is read back has other weights than what was appended.
class TamperingSink final : public ConvertSink {
 public:
  explicit TamperingSink(std::vector<float> weights) : weights_(std::move(weights)) {}

  Status Append(ByteSpan bytes) override { return kept.Append(bytes); }
  Result<SharedBytes> WrittenBytes() override {
    std::vector<std::byte> bytes = kept.artifact;
    for (const float& weight : weights_) {
      const auto found = std::ranges::search(bytes, std::as_bytes(std::span(&weight, 1)));
      EXPECT_FALSE(found.empty());
      for (std::byte& byte : found) byte = std::byte{0x42};  // 48.6
    }
    return SharedBytes::Own(bytes);
  }
  void OnProgress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
  Status AddExtra(std::string_view name, std::string_view kind, ByteSpan bytes) override {
    return kept.AddExtra(name, kind, bytes);
  }

  MemorySink kept;

 private:
  std::vector<float> weights_;
};

TEST(Split, AFailedVerificationDescribesNoFilesThatAreNotPublished) {
  // All that the first element is multiplied with.
  const interp::Tensor weights = testing::RandomTensor(DType::kF32, {32, 64}, 1);
  const auto row = weights.values<float>().first(64);
  TamperingSink sink({row.begin(), row.end()});
  ConvertRequest request = Limit(20'000);
  request.model = SharedBytes::Own(ThreeLayers().Bytes());
  request.file_name = "net.onnx";
  v1::Report report;
  const Status status = Convert(request, sink, CancelToken(), &report);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(report.state(), "failed");
  EXPECT_EQ(report.reason_code(), "verification_mismatch");
  EXPECT_THAT(report.message(), HasSubstr("than the graph that it was cut from"));
  EXPECT_THAT(sink.kept.kinds, ElementsAre("split_plan"));
}

ir::Module MustParse(std::string_view text) {
  auto module = ir::Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return module.ok() ? std::move(module).value() : ir::Module();
}

constexpr std::string_view kWhole = R"(module {
  graph @main(%0 "x": f32[4]) {
    %1 "a" = ABS(%0)
    %2 = const f32[] [0]
    %3 "y" = MUL(%1, %2)
    return %3, %1
  }
  signature "serving_default" @main ("x") -> ("y", "a")
})";
constexpr std::string_view kFirst = R"(module {
  graph @main(%0 "x": f32[4]) {
    %1 "a" = ABS(%0)
    return %1
  }
  signature "serving_default" @main ("x") -> ("a")
})";

// Of "y" from "a": the last operators, and the type of "a".
ir::Module Second(const std::string& operators, const std::string& type = "f32[4]") {
  return MustParse("module { graph @main(%0 \"a\": " + type +
                   ") {\n %1 = const f32[] [0]\n %2 = const f32[] [2]\n" + operators +
                   "\nreturn %9 }\nsignature \"serving_default\" @main (\"a\") -> (\"y\") }");
}

struct Compared {
  Status status;
  v1::SplitAccuracyReport report;
};

Compared Compare(ir::Module second) {
  std::vector<ir::Module> parts;
  parts.push_back(MustParse(kFirst));
  parts.push_back(std::move(second));
  const SplitChain chain(std::move(parts));
  Compared compared;
  compared.status = CompareParts(MustParse(kWhole), 1, chain, CancelToken(), compared.report);
  return compared;
}

TEST(CompareParts, EqualPartsPass) {
  const Compared made = Compare(Second("%9 = MUL(%0, %1)"));
  EXPECT_TRUE(made.status.ok()) << made.status.ToString();
  EXPECT_TRUE(made.report.evaluation_pass());
  EXPECT_EQ(made.report.num_samples(), 1U);
  ASSERT_EQ(made.report.per_output_metrics_size(), 2);
  EXPECT_FALSE(made.report.per_output_metrics(0).is_model_output());
  EXPECT_TRUE(made.report.per_output_metrics(1).is_model_output());
}

TEST(CompareParts, NamesThePartThatGivesOtherValues) {
  const Compared made = Compare(Second("%9 = ADD(%0, %2)"));
  EXPECT_EQ(made.status.reason(), Reason::kVerificationMismatch);
  EXPECT_THAT(made.status.message(), HasSubstr("part 2 gives another \"y\""));
  EXPECT_THAT(made.status.message(), HasSubstr("largest difference"));
  EXPECT_FALSE(made.report.evaluation_pass());
  EXPECT_TRUE(made.report.per_output_metrics(0).bit_equal());
  EXPECT_FALSE(made.report.per_output_metrics(1).bit_equal());
}

TEST(CompareParts, OtherBitsOfEqualNumbersAreADifference) {
  const Compared made = Compare(Second("%3 = MUL(%0, %1)\n%9 = NEG(%3)"));
  EXPECT_EQ(made.status.reason(), Reason::kVerificationMismatch);
  EXPECT_THAT(made.status.message(), HasSubstr("sign of a zero"));
}

TEST(CompareParts, AnotherShapeIsADifference) {
  const Compared made =
      Compare(Second("%3 = const i32[2] [2, 2]\n"
                     "%9 = RESHAPE(%0, %3) {new_shape=[2, 2]} : f32[2,2]"));
  EXPECT_EQ(made.status.reason(), Reason::kVerificationMismatch);
  EXPECT_THAT(made.status.message(), HasSubstr("another shape"));
}

TEST(CompareParts, APartThatDoesNotRunIsAMismatch) {
  const Compared made = Compare(Second("%9 = MUL(%0, %1)", "f32[5]"));
  EXPECT_EQ(made.status.reason(), Reason::kVerificationMismatch);
  EXPECT_THAT(made.status.message(), HasSubstr("part 2: the written file does not run"));
}

TEST(SplitChain, APartWhoseInputNobodyGivesIsAMismatch) {
  std::vector<ir::Module> parts;
  parts.push_back(Second("%9 = MUL(%0, %1)"));
  SplitChain::Tensors tensors;
  const Status status = SplitChain(std::move(parts)).Run(tensors, CancelToken());
  EXPECT_EQ(status.reason(), Reason::kVerificationMismatch);
  EXPECT_THAT(status.message(), HasSubstr("part 1: nobody gives its input \"a\""));
}

TEST(SplitChain, GivesTheOutputsThatAreAskedFor) {
  std::vector<ir::Module> parts;
  parts.push_back(MustParse(kFirst));
  parts.push_back(Second("%9 = ADD(%0, %2)"));
  v1::SplitManifest manifest;
  manifest.add_inputs()->set_name("x");
  for (const char* name : {"y", "a", "x"}) manifest.add_outputs()->set_name(name);
  const auto outputs = SplitChain(std::move(parts))
                           .RunAll(manifest, {testing::F32({4}, {-1, 2, -3, 4})}, CancelToken());
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  ASSERT_EQ(outputs->size(), 3U);
  EXPECT_THAT(testing::ToDoubles((*outputs)[0]), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(testing::ToDoubles((*outputs)[1]), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(testing::ToDoubles((*outputs)[2]), ElementsAre(-1, 2, -3, 4));
}

}  // namespace
}  // namespace smelt
