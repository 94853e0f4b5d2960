#include "server/jobs/admission.h"

#include <gtest/gtest.h>

#include "tests/unit/server/jobs/scheduler_fixture.h"

namespace smelt::jobs {
namespace {

class AdmissionTest : public SchedulerFixture {
 protected:
  v1::CreateJobRequest Request() {
    v1::CreateJobRequest request;
    v1::ModelInput* input = request.mutable_convert()->mutable_input();
    *input->mutable_model() = ToProto(blobs_.Put(std::as_bytes(std::span("model"))).value());
    input->set_file_name("m.onnx");
    return request;
  }
  Reason Refusal(const v1::CreateJobRequest& request) {
    const Result<Job> job = admission_.Admit(request);
    return job.status().reason();
  }

  Admission admission_{store_, blobs_, scheduler_, clock_, metrics_};
};

TEST_F(AdmissionTest, AcceptedJobIsStoredAndStarted) {
  const Job job = admission_.Admit(Request()).value();
  EXPECT_TRUE(IsJobId(job.id));
  EXPECT_EQ(Get(job.id).state, JobState::kQueued);
  executor_.RunReady();
  EXPECT_EQ(runner_.started, std::vector<std::string>{job.id});
  EXPECT_EQ(metrics_.submitted, 1);
}

TEST_F(AdmissionTest, InspectionsAreJobsLikeOthers) {
  v1::CreateJobRequest request;
  *request.mutable_inspect()->mutable_input() = Request().convert().input();
  request.set_request_id("r");
  const Job job = admission_.Admit(request).value();
  EXPECT_EQ(KindName(Get(job.id).operation), "inspect");
  executor_.RunReady();
  const RunSpec& spec = runner_.running.at(job.id).spec;
  EXPECT_EQ(KindName(spec.operation), "inspect");
  EXPECT_EQ(spec.file_name, "m.onnx");
  EXPECT_EQ(spec.extras_fd, -1);
  v1::CreateJobRequest other = Request();
  other.set_request_id("r");
  EXPECT_EQ(Refusal(other), Reason::kRequestIdReused);
  request.mutable_inspect()->mutable_input()->set_file_name("a/b");
  EXPECT_EQ(Refusal(request), Reason::kInvalidArgument);
}

TEST_F(AdmissionTest, RepeatedRequestIsCountedOnce) {
  v1::CreateJobRequest request = Request();
  request.set_request_id("r");
  const std::string id = admission_.Admit(request).value().id;
  EXPECT_EQ(admission_.Admit(request).value().id, id);
  EXPECT_EQ(metrics_.submitted, 1);
}

TEST_F(AdmissionTest, RepeatedRequestReturnsItsJobWhenTheInputIsGone) {
  v1::CreateJobRequest request = Request();
  request.set_request_id("r");
  const std::string id = admission_.Admit(request).value().id;
  blobs_.Remove(FromProto(request.convert().input().model()).value());
  const Result<Job> again = admission_.Admit(request);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->id, id);
  request.mutable_convert()->mutable_options()->set_batch(2);
  EXPECT_EQ(Refusal(request), Reason::kRequestIdReused);
  request.set_request_id("other");
  EXPECT_EQ(Refusal(request), Reason::kBlobMissing);
}

TEST_F(AdmissionTest, MissingBlobsAreNamed) {
  v1::CreateJobRequest request = Request();
  const Digest gone = Digest::Of(std::as_bytes(std::span("gone")));
  (*request.mutable_convert()->mutable_input()->mutable_external_files())["a"] = ToProto(gone);
  const Result<Job> job = admission_.Admit(request);
  EXPECT_EQ(job.status().reason(), Reason::kBlobMissing);
  EXPECT_NE(job.status().message().find(gone.Hex()), std::string_view::npos);
  EXPECT_EQ(store_.List({}).value().size(), 0u);
}

TEST_F(AdmissionTest, PathsThatLeaveTheBundleAreRefused) {
  for (const std::string path : {"/abs", "../up", "a/../b", "a//b", "a/", ".", "", "a/./b"}) {
    v1::CreateJobRequest request = Request();
    v1::ModelInput* input = request.mutable_convert()->mutable_input();
    (*input->mutable_external_files())[path] = input->model();
    EXPECT_EQ(Refusal(request), Reason::kExternalPathEscapes) << path;
  }
  v1::CreateJobRequest request = Request();
  v1::ModelInput* input = request.mutable_convert()->mutable_input();
  (*input->mutable_external_files())["dir/..data/w.bin"] = input->model();
  EXPECT_TRUE(admission_.Admit(request).ok());
}

TEST_F(AdmissionTest, BadRequestsAreRefused) {
  EXPECT_EQ(Refusal({}), Reason::kInvalidArgument);
  v1::CreateJobRequest no_model = Request();
  no_model.mutable_convert()->mutable_input()->clear_model();
  EXPECT_EQ(Refusal(no_model), Reason::kInvalidArgument);
  v1::CreateJobRequest bad_digest = Request();
  bad_digest.mutable_convert()->mutable_input()->mutable_model()->set_sha256("xyz");
  EXPECT_EQ(Refusal(bad_digest), Reason::kInvalidDigest);
  v1::CreateJobRequest long_id = Request();
  long_id.set_request_id(std::string(129, 'x'));
  EXPECT_EQ(Refusal(long_id), Reason::kInvalidArgument);
  v1::CreateJobRequest path_name = Request();
  path_name.mutable_convert()->mutable_input()->set_file_name("a/b.onnx");
  EXPECT_EQ(Refusal(path_name), Reason::kInvalidArgument);
  v1::CreateJobRequest negative = Request();
  (*negative.mutable_convert()->mutable_options()->mutable_dims())["N"] = -1;
  EXPECT_EQ(Refusal(negative), Reason::kInvalidArgument);
  v1::CreateJobRequest unknown = Request();
  unknown.mutable_convert()->mutable_options()->set_precision(static_cast<v1::Precision>(9));
  EXPECT_EQ(Refusal(unknown), Reason::kInvalidArgument);
  EXPECT_EQ(metrics_.submitted, 0);
}

TEST_F(AdmissionTest, BundlesThatTheDaemonCannotOpenAreRefused) {
  const BundleLimit limit = ShareOfDescriptors(1024, 2);
  EXPECT_EQ(limit.files, 376u);
  Admission small(store_, blobs_, scheduler_, clock_, metrics_, limit);
  v1::CreateJobRequest request = Request();
  v1::ModelInput* input = request.mutable_convert()->mutable_input();
  for (std::size_t i = 0; i <= limit.files; ++i) {
    (*input->mutable_external_files())[std::to_string(i)] = input->model();
  }
  const Result<Job> refused = small.Admit(request);
  EXPECT_EQ(refused.status().reason(), Reason::kModelTooLarge);
  EXPECT_NE(refused.status().message().find("1024"), std::string_view::npos);
  input->mutable_external_files()->erase("0");
  EXPECT_TRUE(small.Admit(request).ok());
}

TEST_F(AdmissionTest, CalibrationFilesMustBeStoredAndOpened) {
  v1::CreateJobRequest request = Request();
  v1::ConvertOperation& convert = *request.mutable_convert();
  convert.mutable_options()->mutable_calibration();
  const Digest gone = Digest::Of(std::as_bytes(std::span("gone")));
  *convert.add_calibration_files()->mutable_blob() = ToProto(gone);
  EXPECT_EQ(Refusal(request), Reason::kBlobMissing);
  *convert.mutable_calibration_files(0)->mutable_blob() = convert.input().model();
  EXPECT_TRUE(admission_.Admit(request).ok());
  Admission small(store_, blobs_, scheduler_, clock_, metrics_, BundleLimit{1, 64});
  EXPECT_TRUE(small.Admit(request).ok());
  (*convert.mutable_input()->mutable_external_files())["w"] = convert.input().model();
  const Status refused = small.Admit(request).status();
  EXPECT_EQ(refused.reason(), Reason::kModelTooLarge);
  EXPECT_NE(refused.message().find("1 external and 1 calibration"), std::string_view::npos);
}

TEST_F(AdmissionTest, ShareOfDescriptorsKeepsTheWholeApiWhereItCan) {
  EXPECT_EQ(ShareOfDescriptors(524'288, 64).files, kMaxExternalFiles);
  EXPECT_EQ(ShareOfDescriptors(16, 64).files, 0u);
}

TEST_F(AdmissionTest, ClosedAdmissionRefuses) {
  admission_.Close();
  EXPECT_EQ(Refusal(Request()), Reason::kDraining);
}

}  // namespace
}  // namespace smelt::jobs
