#include "server/runner/conversion_job.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "server/runner/artifact_sink.h"

namespace smelt::runner {
namespace {

int conversions = 0;

std::vector<std::string> composites;
std::set<ExtraReport> extra_reports;
bool fail_on_accuracy = false;

Status CountConversion(const ConvertRequest& request, ConvertSink&, const CancelToken&,
                       v1::Report*) {
  ++conversions;
  composites = request.composites;
  extra_reports = request.extra_reports;
  fail_on_accuracy = request.fail_on_accuracy;
  return Status::Ok();
}

worker::v1::Done RunWith(const v1::ConvertOptions& options, const std::vector<UniqueFd>& files) {
  worker::v1::Start start;
  start.set_job_id("job");
  *start.mutable_convert() = options;
  start.set_model_fd_index(0);
  start.set_artifact_fd_index(1);
  start.set_report_fd_index(2);
  workers::ChannelPair pair = workers::MakeChannelPair().value();
  workers::FrameChannel channel(std::move(pair.worker));
  const CancelToken cancel;
  return RunConversion({&CountConversion, nullptr}, start, files, channel, cancel);
}

worker::v1::Done RunWith(const v1::ConvertOptions& options) {
  std::vector<UniqueFd> files;
  for (const char* name : {"model", "artifact", "report"}) {
    files.emplace_back(::memfd_create(name, MFD_CLOEXEC));
  }
  return RunWith(options, files);
}

TEST(RunConversion, DoesNotConvertAsSomethingElseWhatItDoesNotKnow) {
  RunWith({});
  EXPECT_EQ(conversions, 1);
  v1::ConvertOptions options;
  options.set_precision(static_cast<v1::Precision>(9));
  const worker::v1::Done done = RunWith(options);
  EXPECT_EQ(conversions, 1);
  EXPECT_EQ(done.state(), v1::FAILED);
  EXPECT_EQ(done.reason_code(), "invalid_argument");
  EXPECT_NE(done.message().find("options.precision is 9"), std::string::npos) << done.message();
}

TEST(RunConversion, CallsCompositesByTheirNames) {
  v1::ConvertOptions options;
  for (const v1::Composite one : {v1::COMPOSITE_ALL, v1::COMPOSITE_RMS_NORM,
                                  v1::COMPOSITE_GROUP_NORM, v1::COMPOSITE_ATTENTION}) {
    options.add_composites(one);
  }
  RunWith(options);
  EXPECT_EQ(composites, (std::vector<std::string>{"all", "odml.rms_norm", "odml.group_norm",
                                                  "odml.scaled_dot_product_attention"}));
}

TEST(RunConversion, PassesOnWhichReportsAreWanted) {
  v1::ConvertOptions options;
  RunWith(options);
  EXPECT_TRUE(extra_reports.empty());
  EXPECT_FALSE(fail_on_accuracy);
  options.add_extra_reports(v1::ACCURACY);
  options.set_fail_on_accuracy(true);
  RunWith(options);
  EXPECT_EQ(extra_reports, std::set<ExtraReport>{ExtraReport::kAccuracy});
  EXPECT_TRUE(fail_on_accuracy);
}

TEST(WriteFailed, TellsAFullDiskFromABrokenOne) {
  EXPECT_EQ(WriteFailed("the report", ENOSPC).reason(), Reason::kStorageFull);
  EXPECT_EQ(WriteFailed("the report", EDQUOT).reason(), Reason::kStorageFull);
  EXPECT_EQ(WriteFailed("the report", EIO).reason(), Reason::kIoError);
}

TEST(RunConversion, SaysThatTheDiskIsFull) {
  std::vector<UniqueFd> files;
  for (const char* name : {"model", "artifact"}) {
    files.emplace_back(::memfd_create(name, MFD_CLOEXEC));
  }
  files.emplace_back(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const worker::v1::Done done = RunWith({}, files);
  EXPECT_EQ(done.state(), v1::FAILED);
  EXPECT_EQ(done.reason_code(), "storage_full");
  EXPECT_FALSE(done.has_report());
}

}  // namespace
}  // namespace smelt::runner
