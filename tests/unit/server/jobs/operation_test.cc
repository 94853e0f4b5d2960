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
  v1::ConvertOptions options;
  EXPECT_EQ(TargetName(options), "litert");
  options.set_target("other");
  EXPECT_EQ(TargetName(options), "other");
}

}  // namespace
}  // namespace smelt::jobs
