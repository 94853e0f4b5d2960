#include "server/rpc/list_page.h"

#include <gtest/gtest.h>

#include <set>

#include "server/jobs/job_id.h"
#include "server/rpc/grpc_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_job_store.h"

namespace smelt::rpc {
namespace {

class ListPageTest : public testing::Test {
 protected:
  // Jobs with bundles of `files` files, each with a path of 200 bytes.
  void Accept(int jobs, int files) {
    for (int i = 0; i < jobs; ++i) {
      jobs::NewJob job;
      job.id = ids_.Next();
      for (int file = 0; file < files; ++file) {
        const std::string path = std::to_string(file) + std::string(200, 'p');
        (*std::get<v1::ConvertOperation>(job.operation)
              .mutable_input()
              ->mutable_external_files())[path]
            .set_sha256(std::string(64, 'a'));
      }
      ASSERT_TRUE(store_.Accept(job).ok());
    }
  }
  v1::ListJobsResponse Page(std::uint32_t size, const std::string& token = "") {
    v1::ListJobsRequest request;
    request.set_page_size(size);
    request.set_page_token(token);
    return ListPage(store_, request).value();
  }
  // Sizes of all pages; every job must be there once.
  std::vector<int> PageSizes(std::uint32_t size, std::size_t jobs) {
    std::vector<int> sizes;
    std::set<std::string> seen;
    std::string token;
    do {
      const v1::ListJobsResponse page = Page(size, token);
      EXPECT_LT(page.ByteSizeLong(), static_cast<std::size_t>(kMaxMessageBytes));
      for (const v1::Job& job : page.jobs()) EXPECT_TRUE(seen.insert(job.id()).second);
      sizes.push_back(page.jobs_size());
      token = page.next_page_token();
    } while (!token.empty());
    EXPECT_EQ(seen.size(), jobs);
    return sizes;
  }

  test::FakeClock clock_;
  jobs::JobIdSource ids_{clock_};
  test::MemoryJobStore store_;
};

TEST_F(ListPageTest, SmallJobsAreBoundedByTheirNumber) {
  Accept(100, 0);
  EXPECT_EQ(PageSizes(40, 100), (std::vector{40, 40, 20}));
  EXPECT_EQ(PageSizes(50, 100), (std::vector{50, 50}));
  EXPECT_EQ(PageSizes(0, 100), (std::vector{50, 50}));
  EXPECT_EQ(PageSizes(1000, 100), (std::vector{100}));
}

TEST_F(ListPageTest, LargeJobsAreBoundedByTheirBytes) {
  Accept(7, 4096);  // 1.2 MB each
  EXPECT_EQ(PageSizes(1000, 7), (std::vector{2, 2, 2, 1}));
}

TEST_F(ListPageTest, JobThatFillsAPageAloneIsListed) {
  Accept(2, 11'000);  // above the limit of a page, below that of a message
  EXPECT_EQ(PageSizes(1000, 2), (std::vector{1, 1}));
}

TEST_F(ListPageTest, StatesAreASet) {
  Accept(3, 0);
  v1::ListJobsRequest request;
  request.set_page_size(2);
  for (int i = 0; i < 1000; ++i) request.add_states(i % 2 == 0 ? v1::QUEUED : v1::FAILED);
  const v1::ListJobsResponse page = ListPage(store_, request).value();
  EXPECT_EQ(page.jobs_size(), 2);
  // The same set in another form goes on where the first one ended.
  request.clear_states();
  request.add_states(v1::FAILED);
  request.add_states(v1::QUEUED);
  request.set_page_token(page.next_page_token());
  EXPECT_EQ(ListPage(store_, request).value().jobs_size(), 1);
}

TEST_F(ListPageTest, NoJobsAreOneEmptyPage) { EXPECT_EQ(PageSizes(10, 0), std::vector{0}); }

}  // namespace
}  // namespace smelt::rpc
