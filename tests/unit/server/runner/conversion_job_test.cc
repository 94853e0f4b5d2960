#include "server/runner/job.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "server/runner/artifact_sink.h"
#include "smelt/v1/report.pb.h"

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

Status NoInspection(const InspectRequest&, ConvertSink&, const CancelToken&, v1::Report*) {
  return Status(Reason::kInternalError, "nobody asked for an inspection");
}

worker::v1::Done RunFrame(worker::v1::Start start, const std::vector<UniqueFd>& files,
                          const Library& library) {
  start.set_job_id("job");
  start.set_model_fd_index(0);
  start.set_artifact_fd_index(1);
  start.set_report_fd_index(2);
  workers::ChannelPair pair = workers::MakeChannelPair().value();
  workers::FrameChannel channel(std::move(pair.worker));
  const CancelToken cancel;
  return RunJob(library, start, files, channel, cancel);
}

worker::v1::Done RunWith(const v1::ConvertOptions& options, const std::vector<UniqueFd>& files,
                         decltype(&Convert) convert = &CountConversion) {
  worker::v1::Start start;
  *start.mutable_convert() = options;
  return RunFrame(start, files, {convert, &NoInspection, nullptr});
}

std::vector<UniqueFd> Files() {
  std::vector<UniqueFd> files;
  for (const char* name : {"model", "artifact", "report"}) {
    files.emplace_back(::memfd_create(name, MFD_CLOEXEC));
  }
  return files;
}

worker::v1::Done RunWith(const v1::ConvertOptions& options) { return RunWith(options, Files()); }

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

Status ExpectCalibration(const ConvertRequest& request, ConvertSink&, const CancelToken&,
                         v1::Report* report) {
  EXPECT_TRUE(request.calibration.has_value());
  if (!request.calibration) return Status::Ok();
  const CalibrationRequest& calibration = *request.calibration;
  EXPECT_EQ(calibration.method, "kl");
  EXPECT_EQ(calibration.most_samples, 9u);
  EXPECT_EQ(calibration.channels_last_data,
            (std::map<std::string, bool>{{"a", true}, {"b", false}}));
  EXPECT_EQ(calibration.files.size(), 1u);
  if (calibration.files.empty()) return Status::Ok();
  EXPECT_EQ(calibration.files[0].name, "s.bin");
  EXPECT_EQ(calibration.files[0].input, "a");
  EXPECT_EQ(calibration.files[0].raw_type, "u8");
  EXPECT_EQ(calibration.files[0].bytes.size(), 5u);
  report->set_state("succeeded");
  return Status::Ok();
}

TEST(RunConversion, PassesOnWhatToCalibrateWith) {
  std::vector<UniqueFd> files = Files();
  files.emplace_back(::memfd_create("samples", MFD_CLOEXEC));
  ASSERT_EQ(::write(files.back().get(), "12345", 5), 5);
  worker::v1::Start start;
  v1::CalibrationOptions& options = *start.mutable_convert()->mutable_calibration();
  options.set_method(v1::CALIBRATION_KL);
  options.set_most_samples(9);
  (*options.mutable_data_layouts())["a"] = v1::LAYOUT_CHANNELS_LAST;
  (*options.mutable_data_layouts())["b"] = v1::LAYOUT_SOURCE;
  worker::v1::CalibrationFile& file = *start.add_calibration_files();
  file.set_fd_index(3);
  file.set_name("s.bin");
  file.set_input("a");
  file.set_raw_type("u8");
  const auto run = [&] {
    return RunFrame(start, files, {&ExpectCalibration, &NoInspection, nullptr});
  };
  EXPECT_EQ(run().state(), v1::SUCCEEDED);
  file.set_fd_index(4);  // there is none
  EXPECT_EQ(run().reason_code(), "worker_protocol");
}

// Two parts of 70 and 5 bytes, as the sink has them.
Status ConvertInParts(const ConvertRequest& request, ConvertSink& sink, const CancelToken&,
                      v1::Report* report) {
  EXPECT_EQ(request.split->parts, 2u);
  EXPECT_EQ(request.split->base_name, "net");
  report->set_state("succeeded");
  for (const std::uint64_t size : {70, 5}) {
    v1::Artifact* part = report->add_artifacts();
    part->set_name("net_" + std::to_string(size) + ".tflite");
    part->set_kind("tflite_part");
    part->mutable_digest()->set_size_bytes(size);
  }
  return sink.Append(std::vector<std::byte>(133));
}

TEST(RunConversion, SaysWhereEachPartBegins) {
  v1::ConvertOptions options;
  options.mutable_split()->set_parts(2);
  options.mutable_split()->set_base_name("net");
  const worker::v1::Done done = RunWith(options, Files(), &ConvertInParts);
  EXPECT_EQ(done.state(), v1::SUCCEEDED) << done.message();
  EXPECT_TRUE(done.artifact_name().empty());
  ASSERT_EQ(done.parts_size(), 2);
  EXPECT_EQ(done.parts(0).name(), "net_70.tflite");
  EXPECT_EQ(done.parts(0).offset(), 0u);
  EXPECT_EQ(done.parts(1).offset(), 128u);
  EXPECT_EQ(done.parts(1).digest().size_bytes(), 5u);
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

std::string inspected;

Status DescribeAs(const InspectRequest& request, ConvertSink& sink, const CancelToken&,
                  v1::Report* report) {
  inspected = request.file_name + " " + request.model_sha256;
  const std::string text = "{}";
  report->set_state("succeeded");
  v1::Artifact* artifact = report->add_artifacts();
  artifact->set_name("net_description.json");
  artifact->set_kind("model_description");
  artifact->mutable_digest()->set_size_bytes(text.size());
  return sink.Append(std::as_bytes(std::span(text)));
}

TEST(RunJob, Inspects) {
  worker::v1::Start start;
  start.mutable_inspect();
  start.set_file_name("net.tflite");
  start.set_model_sha256("abc");
  const int before = conversions;
  const worker::v1::Done done = RunFrame(start, Files(), {&CountConversion, &DescribeAs, nullptr});
  EXPECT_EQ(done.state(), v1::SUCCEEDED) << done.message();
  EXPECT_EQ(inspected, "net.tflite abc");
  EXPECT_EQ(conversions, before);
  EXPECT_EQ(done.artifact_name(), "net_description.json");
  EXPECT_EQ(done.artifact_kind(), "model_description");
  EXPECT_EQ(done.artifact().size_bytes(), 2u);
  EXPECT_TRUE(done.has_report());
}

Status RunOutOfMemory(const InspectRequest&, ConvertSink&, const CancelToken&, v1::Report*) {
  throw std::bad_alloc();
}

TEST(RunJob, MemoryThatRanOutIsTheJobsResult) {
  worker::v1::Start start;
  start.mutable_inspect();
  const worker::v1::Done done =
      RunFrame(start, Files(), {&CountConversion, &RunOutOfMemory, nullptr});
  EXPECT_EQ(done.state(), v1::FAILED);
  EXPECT_EQ(done.reason_code(), "out_of_memory");
}

TEST(RunJob, WorkThatIsUnknownIsRefused) {
  const worker::v1::Done done = RunFrame({}, Files(), {&CountConversion, &DescribeAs, nullptr});
  EXPECT_EQ(done.state(), v1::FAILED);
  EXPECT_EQ(done.reason_code(), "worker_protocol");
}

}  // namespace
}  // namespace smelt::runner
