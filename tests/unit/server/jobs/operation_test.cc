#include "server/jobs/operation.h"

#include <gtest/gtest.h>

namespace smelt::jobs {
namespace {

const Digest kModel = Digest::Of(std::as_bytes(std::span("model")));

TEST(Operation, DigestDoesNotDependOnTheOrderOfMaps) {
  v1::ConvertOperation forward;
  v1::ConvertOperation backward;
  for (int i = 0; i < 50; ++i) {
    (*forward.mutable_options()->mutable_dims())["d" + std::to_string(i)] = i;
    (*backward.mutable_options()->mutable_dims())["d" + std::to_string(49 - i)] = 49 - i;
  }
  EXPECT_EQ(OperationDigest(forward), OperationDigest(backward));
  (*backward.mutable_options()->mutable_dims())["d0"] = 1;
  EXPECT_NE(OperationDigest(forward), OperationDigest(backward));
}

TEST(Operation, InputDigestsListModelThenFilesByPath) {
  v1::ConvertOperation operation;
  const Digest b = Digest::Of(std::as_bytes(std::span("b")));
  const Digest a = Digest::Of(std::as_bytes(std::span("a")));
  *operation.mutable_input()->mutable_model() = ToProto(kModel);
  (*operation.mutable_input()->mutable_external_files())["z/b.bin"] = ToProto(b);
  (*operation.mutable_input()->mutable_external_files())["a.bin"] = ToProto(a);
  EXPECT_EQ(InputDigests(operation).value(), (std::vector<Digest>{kModel, a, b}));
}

TEST(Operation, CalibrationFilesAreInputs) {
  v1::ConvertOperation operation;
  const Digest b = Digest::Of(std::as_bytes(std::span("b")));
  const Digest a = Digest::Of(std::as_bytes(std::span("a")));
  *operation.mutable_input()->mutable_model() = ToProto(kModel);
  const Digest without = OperationDigest(operation);
  *operation.add_calibration_files()->mutable_blob() = ToProto(b);
  *operation.add_calibration_files()->mutable_blob() = ToProto(a);
  EXPECT_EQ(InputDigests(operation).value(), (std::vector<Digest>{kModel, b, a}));
  const Digest with = OperationDigest(operation);
  EXPECT_NE(with, without);
  operation.mutable_calibration_files()->SwapElements(0, 1);
  EXPECT_NE(OperationDigest(operation), with);
  operation.mutable_calibration_files(0)->mutable_blob()->set_sha256("x");
  EXPECT_EQ(InputDigests(operation).status().reason(), Reason::kInvalidDigest);
}

TEST(Operation, BadDigestIsRefused) {
  v1::ConvertOperation operation;
  operation.mutable_input()->mutable_model()->set_sha256("ABC");
  EXPECT_EQ(InputDigests(operation).status().reason(), Reason::kInvalidDigest);
}

TEST(Operation, TargetDefaultsToLiteRt) {
  v1::ConvertOperation operation;
  EXPECT_EQ(TargetName(operation), "litert");
  operation.mutable_options()->set_target("other");
  EXPECT_EQ(TargetName(operation), "other");
  EXPECT_EQ(TargetName(v1::InspectOperation()), "");
}

v1::ModelInput Input() {
  v1::ModelInput input;
  *input.mutable_model() = ToProto(kModel);
  input.set_file_name("m.tflite");
  return input;
}

TEST(Operation, EveryKindComesBackFromTheLedger) {
  v1::ConvertOperation convert;
  *convert.mutable_input() = Input();
  convert.mutable_options()->set_batch(3);
  v1::InspectOperation inspect;
  *inspect.mutable_input() = Input();
  for (const Operation& operation : {Operation(convert), Operation(inspect)}) {
    const std::string bytes = CanonicalBytes(operation);
    const auto back = ParseOperation(KindName(operation), std::as_bytes(std::span(bytes)));
    ASSERT_TRUE(back.has_value()) << KindName(operation);
    EXPECT_EQ(back->index(), operation.index());
    EXPECT_EQ(CanonicalBytes(*back), bytes);
    EXPECT_EQ(InputOf(*back).file_name(), "m.tflite");
    EXPECT_EQ(InputDigests(*back).value(), std::vector<Digest>{kModel});
  }
  EXPECT_EQ(KindName(convert), "convert");  // rows of ledgers say so
  EXPECT_EQ(KindName(inspect), "inspect");
  EXPECT_FALSE(ParseOperation("evaluate", {}).has_value());
  const std::string junk = "\xff\xff\xff";
  EXPECT_FALSE(ParseOperation("inspect", std::as_bytes(std::span(junk))).has_value());
}

// Both consist of the same bytes.
TEST(Operation, KindsHaveDigestsOfTheirOwn) {
  v1::ConvertOperation convert;
  *convert.mutable_input() = Input();
  v1::InspectOperation inspect;
  *inspect.mutable_input() = Input();
  ASSERT_EQ(CanonicalBytes(convert), CanonicalBytes(inspect));
  EXPECT_NE(OperationDigest(convert), OperationDigest(inspect));
  // What ledgers remember of conversions from before there were kinds.
  const std::string bytes = CanonicalBytes(convert);
  EXPECT_EQ(OperationDigest(convert), Digest::Of(std::as_bytes(std::span(bytes))));
}

TEST(Operation, RequestsAndJobsHoldOneKind) {
  v1::CreateJobRequest request;
  EXPECT_EQ(OperationOf(request).status().reason(), Reason::kInvalidArgument);
  *request.mutable_inspect()->mutable_input() = Input();
  const Operation operation = OperationOf(request).value();
  EXPECT_EQ(KindName(operation), "inspect");
  v1::Job job;
  SetOperation(operation, job);
  EXPECT_EQ(job.operation_case(), v1::Job::kInspect);
  EXPECT_EQ(job.inspect().input().file_name(), "m.tflite");
  request.mutable_convert()->mutable_options()->set_batch(2);
  SetOperation(OperationOf(request).value(), job);
  EXPECT_EQ(job.convert().options().batch(), 2);
}

TEST(Operation, OnlySomeConversionsWriteFilesBeside) {
  v1::ConvertOperation convert;
  EXPECT_FALSE(WritesExtras(convert));
  convert.mutable_options()->mutable_split();
  EXPECT_TRUE(WritesExtras(convert));
  EXPECT_FALSE(WritesExtras(v1::InspectOperation()));
}

}  // namespace
}  // namespace smelt::jobs
