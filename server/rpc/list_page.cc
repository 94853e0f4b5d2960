#include "server/rpc/list_page.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/rpc/job_proto.h"
#include "server/rpc/page_token.h"

namespace smelt::rpc {
namespace {

constexpr std::uint32_t kDefaultPage = 50;
constexpr std::uint32_t kMaxPage = 1000;
constexpr std::size_t kRowsAtOnce = 32;    // a page of large jobs must not hold a thousand of them
constexpr std::size_t kRowFrameBytes = 8;  // field number and length of a row, at most

}  // namespace

Result<v1::ListJobsResponse> ListPage(jobs::JobStore& store, const v1::ListJobsRequest& request) {
  jobs::JobQuery query;
  for (const int number : request.states()) {
    SMELT_ASSIGN_OR_RETURN(const jobs::JobState state,
                           FromProto(static_cast<v1::JobState>(number)));
    query.states.push_back(state);
  }
  // A set has few forms; each becomes a statement that the store keeps.
  std::ranges::sort(query.states);
  const auto repeated = std::ranges::unique(query.states);
  query.states.erase(repeated.begin(), repeated.end());
  SMELT_ASSIGN_OR_RETURN(query.before_id, ReadPageToken(request.page_token(), query.states));
  const std::uint32_t wanted = request.page_size() == 0 ? kDefaultPage : request.page_size();
  const std::size_t size = std::min(wanted, kMaxPage);

  v1::ListJobsResponse page;
  std::size_t bytes = 0;
  while (true) {
    const std::size_t have = static_cast<std::size_t>(page.jobs_size());
    query.limit = std::min(size - have + 1, kRowsAtOnce);  // one more tells of another page
    SMELT_ASSIGN_OR_RETURN(const std::vector<jobs::Job> found, store.List(query));
    for (const jobs::Job& job : found) {
      v1::Job row = ToProto(job);
      bytes += row.ByteSizeLong() + kRowFrameBytes;
      const bool full = static_cast<std::size_t>(page.jobs_size()) == size ||
                        (bytes > kMaxPageBytes && !page.jobs().empty());
      if (full) {
        page.set_next_page_token(MakePageToken(page.jobs().rbegin()->id(), query.states));
        return page;
      }
      *page.add_jobs() = std::move(row);
    }
    if (found.size() < query.limit) return page;
    query.before_id = found.back().id;
  }
}

}  // namespace smelt::rpc
