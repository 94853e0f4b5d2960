#include "server/rpc/library_log.h"

#include <gmock/gmock.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/log.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::rpc {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(LibraryLog, IsOurs) {
  std::vector<std::string> lines;
  SetLogSink([&lines](std::string_view line) { lines.emplace_back(line); });
  RouteLibraryLogs();
  v1::ModelInput input;
  input.set_file_name("caf\xe9.onnx");
  testing::internal::CaptureStderr();
  EXPECT_FALSE(v1::ModelInput().ParseFromString(input.SerializeAsString()));
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_log(GPR_ERROR, "told by %s", "gRPC");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  SetLogSink(nullptr);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.front(), AllOf(HasSubstr("level=error event=protobuf"), HasSubstr("UTF-8")));
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("event=grpc"), HasSubstr("told by gRPC")));
}

}  // namespace
}  // namespace smelt::rpc
