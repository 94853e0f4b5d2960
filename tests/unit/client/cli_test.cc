// The whole command line against a daemon in this process.
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/client/cli_fixture.h"
#include "tests/unit/client/wire_bytes.h"

namespace smelt::client {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(CliTest, ConvertWritesArtifactAndReport) {
  scratch_.Write("results/report.json", "a longer text of an earlier run");
  const std::string out = scratch_ / "results/net.tflite";
  const std::string report = scratch_ / "results/report.json";
  ASSERT_EQ(
      Run({"convert", ModelFile(), "-o", out, "--report", report, "--dim", "a=b=3", "--target",
           "litert", "--verify", "structure", "--disable-pass", "fold", "--disable-pass", "fuse"}),
      0)
      << Err();
  EXPECT_EQ(ReadFile(out), "the artifact");
  EXPECT_THAT(scratch_.Names("results"), ElementsAre("net.tflite", "report.json"));
  EXPECT_THAT(ReadFile(report), HasSubstr("\"job_id\": \"job1\""));
  EXPECT_THAT(Out(), AllOf(HasSubstr("converted: " + out), HasSubstr("12 B")));
  EXPECT_THAT(Err(), AllOf(HasSubstr("upload net.onnx"), HasSubstr("job job1: running"),
                           HasSubstr("job job1: import"), HasSubstr("job job1: succeeded")));
  ASSERT_THAT(daemon_.creates, SizeIs(1));
  const v1::ConvertOperation& operation = daemon_.creates[0].convert();
  EXPECT_EQ(operation.input().file_name(), "net.onnx");
  EXPECT_EQ(operation.options().dims().at("a=b"), 3);
  EXPECT_EQ(operation.options().verify(), v1::VERIFY_STRUCTURE);
  EXPECT_THAT(operation.options().disabled_passes(), ElementsAre("fold", "fuse"));
  EXPECT_FALSE(daemon_.creates[0].request_id().empty());
}

TEST_F(CliTest, ConvertSendsShapesLayoutsAndWeights) {
  ASSERT_EQ(
      Run({"convert", ModelFile(), "-o", scratch_ / "x.tflite", "--input-shape", "x=1x?x224,7",
           "--batch", "4", "--input-layout", "x=nhwc", "--output-layout", "y=source", "--float16"}),
      0)
      << Err();
  const v1::ConvertOptions& options = daemon_.creates[0].convert().options();
  EXPECT_THAT(options.input_shapes().at("x").sizes(), ElementsAre(1, -1, 224, 7));
  EXPECT_EQ(options.batch(), 4);
  EXPECT_EQ(options.input_layouts().at("x"), v1::LAYOUT_CHANNELS_LAST);
  EXPECT_EQ(options.output_layouts().at("y"), v1::LAYOUT_SOURCE);
  EXPECT_EQ(options.precision(), v1::PRECISION_FLOAT16);
  EXPECT_FALSE(options.has_weight_quantization());
}

TEST_F(CliTest, ConvertSendsPoliciesAndParts) {
  ASSERT_EQ(Run({"convert",
                 ModelFile(),
                 "-o",
                 scratch_ / "x.tflite",
                 "--extra-report",
                 "coverage",
                 "--extra-report",
                 "tensors",
                 "--reproducer",
                 "--custom-ops",
                 "A,my::B",
                 "--custom-ops",
                 "C",
                 "--min-runtime",
                 "2.4",
                 "--from",
                 "a,b",
                 "--to",
                 "c",
                 "--dump",
                 "after:layout",
                 "--dump",
                 "all",
                 "--compute-type",
                 "f32",
                 "--composites",
                 "odml.rms_norm,odml.group_norm",
                 "--composites",
                 "odml.scaled_dot_product_attention",
                 "--signature",
                 "prefill:seq=128,b=1",
                 "--signature",
                 "head:from=h,to=y",
                 "--signature",
                 "whole"}),
            0)
      << Err();
  const v1::ConvertOptions& options = daemon_.creates[0].convert().options();
  EXPECT_THAT(options.extra_reports(),
              ElementsAre(v1::OP_COVERAGE, v1::TENSOR_CORRESPONDENCE, v1::REPRODUCER));
  EXPECT_THAT(options.custom_operators().names(), ElementsAre("A", "my::B", "C"));
  EXPECT_FALSE(options.custom_operators().all());
  EXPECT_EQ(options.min_runtime(), "2.4");
  EXPECT_THAT(options.from_tensors(), ElementsAre("a", "b"));
  EXPECT_THAT(options.to_tensors(), ElementsAre("c"));
  EXPECT_THAT(options.dump_after(), ElementsAre("layout", "all"));
  EXPECT_EQ(options.compute(), v1::COMPUTE_FLOAT32);
  EXPECT_THAT(options.composites(), ElementsAre(v1::COMPOSITE_RMS_NORM, v1::COMPOSITE_GROUP_NORM,
                                                v1::COMPOSITE_ATTENTION));
  ASSERT_EQ(options.signatures_size(), 3);
  EXPECT_EQ(options.signatures(0).key(), "prefill");
  EXPECT_EQ(options.signatures(0).dims().at("seq"), 128);
  EXPECT_EQ(options.signatures(0).dims().at("b"), 1);
  EXPECT_THAT(options.signatures(1).from_tensors(), ElementsAre("h"));
  EXPECT_THAT(options.signatures(1).to_tensors(), ElementsAre("y"));
  EXPECT_EQ(options.signatures(2).key(), "whole");
}

TEST_F(CliTest, PoliciesThatCannotBeAreUsageErrors) {
  for (const std::vector<std::string>& extra :
       {std::vector<std::string>{"--extra-report", "covers"},
        {"--dump", "layout"},
        {"--compute-type", "f16"},
        {"--precision", "int3"},
        {"--precision", "dynamic_range", "--float16"},
        {"--precision", "float16", "--per-tensor"},
        {"--quantize-min-elements", "0"},
        {"--composites", "rms_norm"},
        {"--composites", "none,all"},
        {"--signature", ":N=1"},
        {"--signature", "a:"},
        {"--signature", "a:N"},
        {"--signature", "a:N=x"},
        {"--signature", "a:N=-1"},
        {"--signature", "a:N=1,N=2"},
        {"--signature", "a:to="},
        {"--signature", "a", "--signature", "a"}}) {
    std::vector<std::string> arguments = {"convert", ModelFile()};
    arguments.insert(arguments.end(), extra.begin(), extra.end());
    EXPECT_EQ(Run(arguments), 2) << extra[0];
    EXPECT_THAT(Err(), HasSubstr(extra[0])) << Err();
  }
}

TEST_F(CliTest, FilesBesideTheArtifactAreNamedAfterIt) {
  daemon_.extras_ = {{"net_op_coverage_report.json", "{}"}, {"../other.txt", "text"}};
  const std::string out = scratch_ / "mine.tflite";
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", out}), 0) << Err();
  EXPECT_EQ(ReadFile(out), "the artifact");
  EXPECT_EQ(ReadFile(scratch_ / "mine_op_coverage_report.json"), "{}");
  EXPECT_EQ(ReadFile(scratch_ / "mine_other.txt"), "text");
  EXPECT_THAT(Out(), HasSubstr("beside      " + (scratch_ / "mine_other.txt")));
}

TEST_F(CliTest, ARefusedModelLeavesItsFiles) {
  daemon_.report_.set_state("failed");
  daemon_.report_.set_reason_code("not_a_model");
  daemon_.extras_ = {{"net_op_coverage_report.json", "{}"}};
  const std::string out = scratch_ / "net.tflite";
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", out}), 1);
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_EQ(ReadFile(scratch_ / "net_op_coverage_report.json"), "{}");
  // They are not the artifact.
  EXPECT_EQ(Run({"get", "job1", "-o", out}), 1);
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(CliTest, ConvertJsonIsOneReportOnStandardOutput) {
  ASSERT_EQ(Run({"convert", "--json", ModelFile(), "-o", scratch_ / "x.tflite"}), 0) << Err();
  EXPECT_EQ(Out().front(), '{');
  EXPECT_THAT(Out(), AllOf(HasSubstr("\"job_id\": \"job1\""), HasSubstr("\"state\": \"succeeded\""),
                           HasSubstr("\"reason_code\": \"\"")));
  EXPECT_THAT(Out(), Not(HasSubstr("converted:")));
}

TEST_F(CliTest, StandardInputToStandardOutput) {
  ASSERT_EQ(Run({"convert", "-", "-o", "-"}, Model("")), 0) << Err();
  EXPECT_EQ(Out(), "the artifact");
  EXPECT_THAT(Err(), HasSubstr("converted: (standard output)"));
  EXPECT_EQ(daemon_.creates[0].convert().input().file_name(), "model.onnx");
}

TEST_F(CliTest, FailureListsEveryDiagnosticAndWritesNoArtifact) {
  daemon_.report_.set_state("failed");
  daemon_.report_.set_reason_code("unsupported_onnx_op");
  for (const char* op : {"NonZero", "Unique"}) {
    v1::Diagnostic* diagnostic = daemon_.report_.add_diagnostics();
    diagnostic->set_severity(v1::SEVERITY_ERROR);
    diagnostic->set_reason_code("unsupported_onnx_op");
    diagnostic->set_message(std::string(op) + " has no rule");
    diagnostic->mutable_node()->set_index(7);
    diagnostic->mutable_node()->set_name("n/\x1b[2J");
    diagnostic->mutable_node()->set_op_type(op);
    diagnostic->set_found("opset 13");
    diagnostic->set_allowed("none");
  }
  const std::string out = scratch_ / "net.tflite";
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", out, "--report", scratch_ / "r.json"}), 1);
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_THAT(Err(), AllOf(HasSubstr("2 problems in 1 node"), HasSubstr("NonZero has no rule"),
                           HasSubstr("Unique has no rule"), HasSubstr("node 7 'n/\\x1b[2J'"),
                           HasSubstr("found    opset 13"), HasSubstr("allowed  none"),
                           HasSubstr("hint     ")));
  EXPECT_THAT(ReadFile(scratch_ / "r.json"), HasSubstr("unsupported_onnx_op"));
  EXPECT_THAT(Out(), IsEmpty());
}

TEST_F(CliTest, StrictTurnsWarningsIntoExitCodeThree) {
  v1::Diagnostic* warning = daemon_.report_.add_diagnostics();
  warning->set_severity(v1::SEVERITY_WARNING);
  warning->set_message("something was given up");
  const std::string out = scratch_ / "net.tflite";
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", out}), 0);
  EXPECT_THAT(Out(), HasSubstr("something was given up"));
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", out, "--strict"}), 3);
  EXPECT_EQ(ReadFile(out), "the artifact");
}

TEST_F(CliTest, ExternalDataIsUploadedUnderItsLocation) {
  scratch_.Write("data/w.bin", "weights");
  const std::string model =
      scratch_.Write("net.onnx", Model(BytesField(5, ExternalTensor("data/w.bin"))));
  ASSERT_EQ(Run({"submit", model}), 0) << Err();
  EXPECT_EQ(Out(), "job1\n");
  const auto& files = daemon_.creates[0].convert().input().external_files();
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(daemon_.blobs.at(files.at("data/w.bin").sha256()), "weights");
}

TEST_F(CliTest, CalibrationFilesAreUploadedInOrder) {
  scratch_.Write("samples/b.npz", "second");
  scratch_.Write("samples/a.npy", "first");
  scratch_.Write("samples/readme.txt", "not sent");
  const std::string raw = scratch_.Write("x=1.bin", "numbers");
  ASSERT_EQ(
      Run({"submit", ModelFile(), "--calibration", "in=" + (scratch_ / "samples"), "--calibration",
           raw + ":f16", "--calibration-method", "percentile", "--calibration-percentile", "99.9",
           "--calibration-samples", "7", "--calibration-layout", "in=nhwc"}),
      0)
      << Err();
  const v1::ConvertOperation& operation = daemon_.creates[0].convert();
  const v1::CalibrationOptions& options = operation.options().calibration();
  EXPECT_EQ(options.method(), v1::CALIBRATION_PERCENTILE);
  EXPECT_EQ(options.percentile(), 99.9);
  EXPECT_EQ(options.most_samples(), 7u);
  EXPECT_EQ(options.data_layouts().at("in"), v1::LAYOUT_CHANNELS_LAST);
  const auto& files = operation.calibration_files();
  ASSERT_THAT(files, SizeIs(3));
  EXPECT_EQ(files[0].name(), "a.npy");
  EXPECT_EQ(files[0].input(), "in");
  EXPECT_EQ(files[0].raw_type(), "");
  EXPECT_EQ(daemon_.blobs.at(files[0].blob().sha256()), "first");
  EXPECT_EQ(daemon_.blobs.at(files[1].blob().sha256()), "second");
  EXPECT_EQ(files[2].name(), "x=1.bin");
  EXPECT_EQ(files[2].input(), "");
  EXPECT_EQ(files[2].raw_type(), "f16");
  EXPECT_EQ(daemon_.blobs.at(files[2].blob().sha256()), "numbers");
  EXPECT_THAT(daemon_.blobs,
              testing::Not(testing::Contains(testing::Pair(testing::_, "not sent"))));
}

TEST_F(CliTest, BadCalibrationOptionsAreRefusedBeforeAnythingIsSent) {
  const std::string file = scratch_.Write("a.npy", "numbers");
  std::filesystem::create_directory(scratch_ / "empty");
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"--calibration", scratch_ / "gone.npy"},
           {"--calibration", scratch_ / "empty"},
           {"--calibration", file + ":f31"},
           {"--calibration-method", "mse"},
           {"--calibration", file, "--calibration-method", "max"},
           {"--calibration", file, "--calibration-percentile", "99"},
           {"--calibration", file, "--calibration-method", "percentile", "--calibration-percentile",
            "20"},
           {"--calibration", file, "--calibration-layout", "x=nchw"}}) {
    std::vector<std::string> arguments = {"convert", ModelFile()};
    arguments.insert(arguments.end(), bad.begin(), bad.end());
    EXPECT_EQ(Run(arguments), 2) << Err();
  }
  EXPECT_THAT(daemon_.creates, IsEmpty());
  EXPECT_THAT(daemon_.blobs, IsEmpty());
}

TEST_F(CliTest, CalibrationIsShown) {
  v1::Calibration& calibration = *daemon_.report_.mutable_calibration();
  calibration.set_inputs("data");
  calibration.set_method("mse");
  calibration.set_samples(12);
  calibration.set_tensors(34);
  calibration.set_masked_elements(5);
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "x.tflite"}), 0) << Err();
  EXPECT_THAT(Out(), AllOf(HasSubstr("34 tensors on 12 samples of data, mse"),
                           HasSubstr("0 NaN, 5 infinite")));
}

TEST_F(CliTest, MissingAndEscapingExternalDataAreRefusedBeforeAnythingIsSent) {
  const std::string missing =
      scratch_.Write("a.onnx", Model(BytesField(5, ExternalTensor("gone.bin"))));
  EXPECT_EQ(Run({"convert", missing, "--json"}), 1);
  EXPECT_THAT(Out(), AllOf(HasSubstr("external_data_missing"), HasSubstr("gone.bin")));
  const std::string escaping =
      scratch_.Write("b.onnx", Model(BytesField(5, ExternalTensor("../../etc/passwd"))));
  EXPECT_EQ(Run({"convert", escaping}), 1);
  EXPECT_THAT(Err(), HasSubstr("external_path_escapes"));
  EXPECT_THAT(daemon_.blobs, IsEmpty());
  EXPECT_THAT(daemon_.creates, IsEmpty());
}

TEST_F(CliTest, FileThatIsNoModelIsLeftToTheDaemon) {
  const std::string text = scratch_.Write("x.onnx", "this is no model");
  ASSERT_EQ(Run({"submit", text}), 0) << Err();
  EXPECT_THAT(daemon_.blobs, testing::Contains(testing::Pair(testing::_, "this is no model")));
}

TEST_F(CliTest, CreateIsRepeatedUnderOneRequestId) {
  daemon_.faults.unavailable_creates = 2;
  ASSERT_EQ(Run({"submit", ModelFile()}), 0) << Err();
  EXPECT_EQ(Out(), "job1\n");
  ASSERT_THAT(daemon_.creates, SizeIs(3));
  EXPECT_EQ(daemon_.creates[0].request_id(), daemon_.creates[2].request_id());
}

TEST_F(CliTest, RefusalsOfTheDaemonKeepTheirReason) {
  daemon_.faults.create_refusal =
      Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "queue_full", "the queue holds 10 jobs");
  EXPECT_EQ(Run({"submit", ModelFile(), "--json"}), 6);
  EXPECT_THAT(Out(), AllOf(HasSubstr("\"reason_code\": \"queue_full\""),
                           HasSubstr("\"exit_code\": 6"), HasSubstr("holds 10 jobs")));
  EXPECT_EQ(Run({"status", "nosuch"}), 5);
  EXPECT_THAT(Err(), HasSubstr("there is no job nosuch"));
}

TEST_F(CliTest, MessageThatIsTooLargeIsNoFullQueue) {
  daemon_.faults.create_refusal = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                               "Received message larger than max (5 vs. 4)");
  EXPECT_EQ(Run({"submit", ModelFile()}), 2);
  EXPECT_THAT(Err(), AllOf(HasSubstr("too large"), HasSubstr("(5 vs. 4)"),
                           Not(HasSubstr("queue_full")), Not(HasSubstr("later"))));
}

TEST_F(CliTest, LimitsOfTheDaemonAreRespectedBeforeUploading) {
  daemon_.info_.mutable_limits()->set_max_blob_bytes(4);
  EXPECT_EQ(Run({"submit", ModelFile()}), 6);
  EXPECT_THAT(Err(), AllOf(HasSubstr("blob_too_large"), HasSubstr("4 B")));
  daemon_.info_.clear_limits();
  EXPECT_EQ(Run({"submit", ModelFile(), "--target", "abacus"}), 2);
  EXPECT_THAT(Err(), HasSubstr("it has litert"));
  EXPECT_THAT(daemon_.blobs, IsEmpty());
}

TEST_F(CliTest, WatchAgainContinuesAfterTheLastEvent) {
  daemon_.faults.broken_watches = 2;
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "x"}), 0) << Err();
  EXPECT_THAT(daemon_.watch_seqs, ElementsAre(0, 1, 2));
  const std::string lines = Err();
  EXPECT_EQ(lines.find("job job1: queued"), lines.rfind("job job1: queued"));
}

TEST_F(CliTest, PrunedEventsFallBackToTheJobItself) {
  daemon_.faults.prune_events = true;
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "x"}), 0) << Err();
  EXPECT_EQ(ReadFile(scratch_ / "x"), "the artifact");
}

TEST_F(CliTest, WaitTimeoutLeavesTheJobAndSaysHowToComeBack) {
  daemon_.faults.never_finish = true;
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", "out.tflite", "--wait-timeout", "0.05"}), 8);
  EXPECT_THAT(Err(), HasSubstr("smelt watch job1 -o out.tflite"));
  EXPECT_THAT(daemon_.cancelled, IsEmpty());
}

TEST_F(CliTest, InterruptLeavesTheJobUnlessToldToCancelIt) {
  daemon_.faults.never_finish = true;
  daemon_.on_idle_watch = [this] { interrupt_.Trigger(); };
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", "out.tflite"}), 130);
  EXPECT_THAT(Err(), HasSubstr("smelt watch job1 -o out.tflite"));
  EXPECT_THAT(daemon_.cancelled, IsEmpty());
  interrupt_.Clear();
  EXPECT_EQ(Run({"convert", ModelFile(), "--cancel-on-interrupt"}), 130);
  EXPECT_THAT(daemon_.cancelled, ElementsAre("job2"));
}

TEST_F(CliTest, CancelGoesOnAfterAJobThatIsNot) {
  ASSERT_EQ(Run({"submit", ModelFile()}), 0) << Err();
  ASSERT_EQ(Run({"submit", ModelFile()}), 0) << Err();
  EXPECT_NE(Run({"cancel", "job1", "nothing", "job2", "nobody"}), 0);
  EXPECT_THAT(daemon_.cancelled, ElementsAre("job1", "job2"));
  EXPECT_THAT(Out(), AllOf(HasSubstr("job1 "), HasSubstr("job2 ")));
  EXPECT_THAT(Err(), AllOf(HasSubstr("no job nothing"), HasSubstr("no job nobody")));
}

TEST_F(CliTest, CancelledJobHasItsOwnExitCode) {
  daemon_.report_.set_state("cancelled");
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "x"}), 9);
}

TEST_F(CliTest, GetFetchesArtifactReportModelAndBlob) {
  ASSERT_EQ(Run({"submit", ModelFile()}), 0);
  const std::string out = scratch_ / "fetched";
  ASSERT_EQ(Run({"get", "job1", "-o", out}), 0) << Err();
  EXPECT_EQ(ReadFile(out), "the artifact");
  ASSERT_EQ(Run({"get", "job1", "--report"}), 0) << Err();
  EXPECT_THAT(Out(), HasSubstr("\"state\": \"succeeded\""));
  ASSERT_EQ(Run({"get", "job1", "--model", "-o", "-"}), 0) << Err();
  EXPECT_EQ(Out(), Model(""));
  ASSERT_EQ(Run({"put", ModelFile()}), 0) << Err();
  const std::string blob = Out().substr(0, Out().size() - 1);
  ASSERT_EQ(Run({"get", blob, "-o", "-"}), 0) << Err();
  EXPECT_EQ(Out(), Model(""));
  EXPECT_EQ(Run({"get", "job1", "--artifact", "other"}), 5);
  EXPECT_EQ(Run({"get", "abc/1"}), 2);
}

TEST_F(CliTest, ListCollectsPages) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Run({"submit", ModelFile()}), 0);
  ASSERT_EQ(Run({"list", "--all"}), 0);
  EXPECT_THAT(Out(), AllOf(HasSubstr("job1"), HasSubstr("job2"), HasSubstr("job3")));
  ASSERT_EQ(Run({"list", "-n", "1"}), 0);
  EXPECT_THAT(Out(), AllOf(HasSubstr("job1"), Not(HasSubstr("job2"))));
  EXPECT_THAT(Err(), HasSubstr("--page-token job1"));
  EXPECT_EQ(Run({"list", "--state", "sleeping"}), 2);
}

TEST_F(CliTest, OpsAndServerInfo) {
  ASSERT_EQ(Run({"ops", "maxpool"}), 0);
  EXPECT_THAT(Out(), AllOf(HasSubstr("MaxPool"), HasSubstr("7-28"), HasSubstr("input rank is 3"),
                           Not(HasSubstr("Conv"))));
  EXPECT_EQ(Run({"ops", "Einsum"}), 1);
  ASSERT_EQ(Run({"server", "info", "--json"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\"version\": \"fake\""));
}

TEST_F(CliTest, JsonIsOneDocumentAlsoWhenTheRunFailsLate) {
  ASSERT_EQ(Run({"submit", ModelFile()}), 0);
  for (const auto& [line, code] : std::vector<std::pair<std::vector<std::string>, int>>{
           {{"--json", "get", "job1", "--report", "-o", scratch_ / "none/x"}, 70},
           {{"--json", "ops", "NoSuchOp"}, 1}}) {
    EXPECT_EQ(Run(line), code) << Err();
    google::protobuf::Struct document;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(Out(), &document).ok()) << Out();
    EXPECT_EQ(document.fields().at("state").string_value(), "error");
  }
}

TEST_F(CliTest, OutputThatCanNotBeWrittenIsAnError) {
  ASSERT_EQ(Run({"submit", ModelFile()}), 0);
  for (const std::vector<std::string>& line : {std::vector<std::string>{"status", "job1"},
                                               {"list"},
                                               {"put", ModelFile()},
                                               {"explain"},
                                               {"submit", ModelFile()},
                                               {"convert", ModelFile(), "-o", scratch_ / "x"},
                                               {"--help"}}) {
    for (const bool json : {false, true}) {
      std::vector<std::string> words = line;
      if (json) words.push_back("--json");
      out_.setstate(std::ios::badbit);
      EXPECT_EQ(Run(words), 70) << testing::PrintToString(words);
      out_.clear();
      EXPECT_THAT(Err(), HasSubstr("writing to standard output failed"));
    }
  }
}

TEST_F(CliTest, EmptyValueDoesNotTakeTheNextWord) {
  const std::string out = scratch_ / "results/x";
  scratch_.Write("results/x", "old");
  ASSERT_EQ(Run({"convert", ModelFile(), "--report=", "-o", out}), 0) << Err();
  EXPECT_EQ(ReadFile(out), "the artifact");
  EXPECT_FALSE(std::filesystem::exists("-o"));
}

TEST_F(CliTest, NameOfAModelNeedNotBeUtf8) {
  const std::string model = scratch_.Write("caf\xe9.onnx", Model(""));
  const std::string out = scratch_ / "caf\xe9.tflite";
  ASSERT_EQ(Run({"convert", model, "-o", out}), 0) << Err();
  EXPECT_EQ(daemon_.creates[0].convert().input().file_name(), "caf?.onnx");
  EXPECT_EQ(ReadFile(out), "the artifact");
  EXPECT_EQ(Run({"--json", "convert", scratch_ / "gone\xe9.onnx"}), 2);
  EXPECT_THAT(Out(), HasSubstr("gone?.onnx"));
}

TEST_F(CliTest, NamesThatCanNotBeSentAreUsageErrorsBeforeTheUpload) {
  EXPECT_EQ(Run({"convert", ModelFile(), "--dim", "\xe9=1"}), 2);
  EXPECT_THAT(Err(), HasSubstr("not UTF-8"));
  EXPECT_THAT(daemon_.blobs, IsEmpty());
  EXPECT_EQ(Run({"status", "\xff"}), 2);
}

TEST_F(CliTest, MistakesOnTheCommandLineAreUsageErrors) {
  const std::string model = ModelFile();
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"frobnicate"},
      {"convert"},
      {"convert", model, "--nosuch"},
      {"convert", scratch_ / "absent.onnx"},
      {"convert", scratch_.path().string()},
      {"convert", model, "--dim", "N"},
      {"convert", model, "--dim", "N=-1"},
      {"convert", model, "--dim", "N=1", "--dim", "N=2"},
      {"convert", model, "--dim", "N=99999999999999999999"},
      {"convert", model, "--input-shape", "x"},
      {"convert", model, "--input-shape", "x=1x"},
      {"convert", model, "--input-shape", "x=1x-2"},
      {"convert", model, "--input-shape", "x=1", "--input-shape", "x=1"},
      {"convert", model, "--batch", "0"},
      {"convert", model, "--input-layout", "x=nchw"},
      {"convert", model, "--output-layout", "=nhwc"},
      {"convert", model, "--verify", "twice"},
      {"convert", model, "-o", model},
      {"convert", model, "-o", scratch_ / "no/folder/x.tflite"},
      {"convert", model, "--json", "-o", "-"},
      {"convert", model, "--wait-timeout", "-1"},
      {"convert", model, "--wait-timeout", "nan"},
      {"convert", model, "--wait-timeout", "-nan"},
      {"convert", model, "--wait-timeout", "inf"},
      {"watch", "job1", "--wait-timeout", "nan"},
      {"convert", model, "--standalone", "--server", "unix:/nowhere"},
      {"server"},
      {"status"},
      {"get", "job1", "--report", "--model"},
      {"--server", "nowhere", "list"},
  };
  for (const auto& line : lines) {
    EXPECT_EQ(Run(line), 2) << testing::PrintToString(line) << Err();
    EXPECT_THAT(Err(), HasSubstr("error: ")) << testing::PrintToString(line);
  }
  EXPECT_THAT(daemon_.creates, IsEmpty());
}

TEST_F(CliTest, NobodyThereIsExplained) {
  EXPECT_EQ(Run({"list", "--server", "unix:" + (scratch_ / "none"), "--retries", "0", "--json"}),
            7);
  EXPECT_THAT(Err(), AllOf(HasSubstr("no daemon answers at unix:"), HasSubstr("smeltd --listen")));
  EXPECT_THAT(Out(), HasSubstr("\"reason_code\": \"server_unavailable\""));
}

TEST_F(CliTest, HelpAndVersionSucceed) {
  EXPECT_EQ(Run({"--help"}), 0);
  for (const char* verb :
       {"convert", "submit", "watch", "status", "list", "cancel", "get", "put", "ops", "server"}) {
    EXPECT_THAT(Out(), HasSubstr(verb));
    EXPECT_EQ(Run({verb, "--help"}), 0) << verb;
    EXPECT_EQ(Run({"--help"}), 0);
  }
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_THAT(Out(), HasSubstr("smelt 0."));
}

}  // namespace
}  // namespace smelt::client
