// A daemon that may open few files: nobody's models or uploads take them from the others.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "tests/integration/daemon.h"
#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

constexpr rlim_t kSoft = 256;
constexpr rlim_t kHard = 1024;

class DescriptorLimit : public ::testing::Test {
 protected:
  // For good: the daemon inherits it, and nobody may raise a hard limit again.
  static void SetUpTestSuite() {
    const rlimit few{kSoft, kHard};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }

  // All files have the same bytes, which is one blob.
  static v1::CreateJobRequest Bundle(TestClient& client, int files) {
    client.Upload("weights", "weights");
    v1::CreateJobRequest request;
    v1::ModelInput* input = request.mutable_convert()->mutable_input();
    input->set_file_name("chaos-copy");
    *input->mutable_model() = DigestOf("weights");
    for (int i = 0; i < files; ++i) {
      (*input->mutable_external_files())["w" + std::to_string(i)] = DigestOf("weights");
    }
    return request;
  }
  static void ExpectConverts(TestClient& client, const std::string& model) {
    const auto created = client.Submit(model, "chaos-copy");
    ASSERT_TRUE(created.ok()) << created.error.message;
    EXPECT_EQ(client.Wait(created.value.id()).value.state(), v1::SUCCEEDED);
  }
};

TEST_F(DescriptorLimit, ModelWithTooManyFilesIsRefusedAtOnceAndHurtsNobody) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  const auto refused = client.Create(Bundle(client, 1100));
  EXPECT_EQ(refused.error.code, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(refused.error.reason, "model_too_large");
  EXPECT_NE(refused.error.message.find(std::to_string(kHard)), std::string::npos)
      << refused.error.message;
  ExpectConverts(client, "neighbour");
}

TEST_F(DescriptorLimit, ModelsWithAllTheFilesThatAreAllowedRunBesideEachOther) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    const auto created = client.Create(Bundle(client, 370));
    ASSERT_TRUE(created.ok()) << created.error.message;
    ids.push_back(created.value.id());
  }
  ExpectConverts(client, "neighbour");
  for (const std::string& id : ids) {
    const auto job = client.Wait(id);
    EXPECT_EQ(job.value.state(), v1::SUCCEEDED) << job.value.message();
    EXPECT_EQ(job.value.attempt(), 1u);
  }
}

TEST_F(DescriptorLimit, AbandonedUploadsHoldNothing) {
  constexpr int kUploads = 700;
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  {
    TestClient client(daemon.address());
    v1::WriteRequest first;
    *first.mutable_digest() = DigestOf("something longer");
    first.set_data("some");
    for (int i = 0; i < kUploads; ++i) {
      first.set_upload_id("up" + std::to_string(i));
      const auto written = client.Write({first});
      ASSERT_TRUE(written.ok()) << i << ": " << written.error.message;
      ASSERT_EQ(written.value.committed_bytes(), 4u);
    }
    ExpectConverts(client, "neighbour");
  }
  daemon.Kill();
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  EXPECT_EQ(client.QueryWrite("up0").value.committed_bytes(), 4u);
  EXPECT_EQ(client.QueryWrite("up699").value.committed_bytes(), 4u);
  ExpectConverts(client, "another neighbour");
}

}  // namespace
}  // namespace smelt::testing
