#include "server/rpc/error_details.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/status_map.h"

namespace smelt::rpc {
namespace {

google::rpc::Status Wire(const grpc::Status& status) {
  google::rpc::Status wire;
  EXPECT_TRUE(wire.ParseFromString(status.error_details()));
  return wire;
}

google::rpc::ErrorInfo Info(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  const google::rpc::Status wire = Wire(status);
  EXPECT_GE(wire.details_size(), 1);
  EXPECT_TRUE(wire.details(0).UnpackTo(&info));
  return info;
}

TEST(GrpcCode, GivesEveryReasonACodeOfFailure) {
  EXPECT_EQ(GrpcCode(Reason::kOk), grpc::StatusCode::OK);
  for (const ReasonInfo& row : AllReasons()) {
    EXPECT_NE(GrpcCode(row.reason), grpc::StatusCode::OK) << row.name;
    EXPECT_NE(GrpcCode(row.reason), grpc::StatusCode::UNKNOWN) << row.name;
  }
}

// The promises of the public protocol's comments.
TEST(GrpcCode, IsWhatTheProtocolPromises) {
  using Code = grpc::StatusCode;
  const std::pair<Reason, Code> promises[] = {{Reason::kJobNotFound, Code::NOT_FOUND},
                                              {Reason::kUploadNotFound, Code::NOT_FOUND},
                                              {Reason::kRequestIdReused, Code::ALREADY_EXISTS},
                                              {Reason::kBlobMissing, Code::FAILED_PRECONDITION},
                                              {Reason::kQueueFull, Code::RESOURCE_EXHAUSTED},
                                              {Reason::kBlobTooLarge, Code::RESOURCE_EXHAUSTED},
                                              {Reason::kStorageFull, Code::RESOURCE_EXHAUSTED},
                                              {Reason::kDraining, Code::UNAVAILABLE},
                                              {Reason::kWriteOffset, Code::ABORTED},
                                              {Reason::kConcurrentUpdate, Code::ABORTED},
                                              {Reason::kDigestMismatch, Code::INVALID_ARGUMENT},
                                              {Reason::kInvalidDigest, Code::INVALID_ARGUMENT},
                                              {Reason::kInvalidPageToken, Code::INVALID_ARGUMENT},
                                              {Reason::kEventsPruned, Code::OUT_OF_RANGE},
                                              {Reason::kBlobCorrupt, Code::DATA_LOSS},
                                              {Reason::kPermissionDenied, Code::PERMISSION_DENIED},
                                              {Reason::kDeadlineExceeded, Code::DEADLINE_EXCEEDED},
                                              {Reason::kCancelled, Code::CANCELLED},
                                              {Reason::kInternalError, Code::INTERNAL}};
  for (const auto& [reason, code] : promises)
    EXPECT_EQ(GrpcCode(reason), code) << ReasonName(reason);
}

TEST(CodeName, SpellsCodesAsGrpcDoes) {
  EXPECT_EQ(CodeName(grpc::StatusCode::OK), "OK");
  EXPECT_EQ(CodeName(grpc::StatusCode::NOT_FOUND), "NOT_FOUND");
  EXPECT_EQ(CodeName(grpc::StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
}

TEST(ToGrpcStatus, CarriesReasonHintAndMetadata) {
  const grpc::Status status =
      ToGrpcStatus(Status(Reason::kWriteOffset, "a gap", "go on at 5"), {{"committed_bytes", "5"}});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "a gap");
  const google::rpc::ErrorInfo info = Info(status);
  EXPECT_EQ(info.reason(), "write_offset");
  EXPECT_EQ(info.domain(), "smelt");
  EXPECT_EQ(info.metadata().at("hint"), "go on at 5");
  EXPECT_EQ(info.metadata().at("committed_bytes"), "5");
  EXPECT_EQ(Wire(status).code(), static_cast<int>(grpc::StatusCode::ABORTED));
}

TEST(ToGrpcStatus, SaysWhenTryingAgainHelps) {
  EXPECT_EQ(Wire(ToGrpcStatus(Status(Reason::kQueueFull, "full"))).details_size(), 2);
  EXPECT_EQ(Wire(ToGrpcStatus(Status(Reason::kDraining, "bye"))).details_size(), 2);
  EXPECT_EQ(Wire(ToGrpcStatus(Status(Reason::kJobNotFound, "none"))).details_size(), 1);
}

TEST(ToGrpcStatus, HoldsTheBudgetWhateverItIsGiven) {
  const std::string large(100'000, 'x');
  const grpc::Status status =
      ToGrpcStatus(Status(Reason::kQueueFull, large, large), {{"key", large}, {"z", "small"}});
  EXPECT_LE(status.error_details().size(), kDetailsBudgetBytes);
  EXPECT_LE(status.error_message().size(), 1024u);
  EXPECT_EQ(Info(status).reason(), "queue_full");
}

TEST(ToGrpcStatus, CutsBetweenCharacters) {
  std::string umlauts;
  for (int i = 0; i < 1000; ++i) umlauts += "\xC3\xA4";
  const grpc::Status status = ToGrpcStatus(Status(Reason::kInternalError, "x" + umlauts));
  EXPECT_EQ(status.error_message().size() % 2, 1u);
  EXPECT_EQ(Wire(status).message(), status.error_message());
}

}  // namespace
}  // namespace smelt::rpc
