#include <CLI/CLI.hpp>
#include <algorithm>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/net/calls.h"
#include "client/view/job_state.h"
#include "client/view/job_text.h"

namespace smelt::client {
namespace {

constexpr std::uint32_t kPageSize = 1000;  // the API's largest

class ListVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("--state", states_, "Only jobs in this state (repeatable)")
        ->type_name("STATE")
        ->take_all()
        ->allow_extra_args(false);
    app.add_option("-n,--limit", limit_, "At most this many (50)")
        ->type_name("N")
        ->check(CLI::Range(1U, 1'000'000'000U).description(""));
    app.add_flag("--all", all_, "All jobs");
    app.add_option("--page-token", page_token_, "Go on where an earlier list ended")
        ->type_name("TOKEN");
  }

  Result<ExitCode> Run(Session& session) override {
    SMELT_ASSIGN_OR_RETURN(const v1::ListJobsResponse jobs, Collect(session));
    session.progress().Finish();
    if (session.json()) {
      session.PrintJson(jobs);
      return ExitCode::kOk;
    }
    Table table = MakeJobTable();
    for (const v1::Job& job : jobs.jobs()) AddJobRow(table, job);
    table.Print(session.out());
    if (!jobs.next_page_token().empty()) {
      session.err() << "there are more: --all, or --page-token " << jobs.next_page_token() << '\n';
    }
    return ExitCode::kOk;
  }

 private:
  Result<v1::ListJobsResponse> Collect(Session& session) {
    v1::ListJobsRequest request;
    request.set_page_token(page_token_);
    for (const std::string& name : states_) {
      const auto state = JobStateFromName(name);
      if (!state) {
        return Status(Reason::kUsage, "there is no state '" + name + "'",
                      "Use accepted, queued, running, succeeded, failed or cancelled.");
      }
      request.add_states(*state);
    }
    v1::ListJobsResponse collected;
    while (true) {
      const auto have = static_cast<std::uint32_t>(collected.jobs_size());
      request.set_page_size(all_ ? kPageSize : std::min(kPageSize, limit_ - have));
      SMELT_ASSIGN_OR_RETURN(v1::ListJobsResponse page, ListJobs(session.connection(), request));
      for (v1::Job& job : *page.mutable_jobs()) *collected.add_jobs() = std::move(job);
      collected.set_next_page_token(page.next_page_token());
      const bool enough = !all_ && static_cast<std::uint32_t>(collected.jobs_size()) >= limit_;
      if (page.next_page_token().empty() || enough) return collected;
      request.set_page_token(page.next_page_token());
    }
  }

  std::vector<std::string> states_;
  std::uint32_t limit_ = 50;
  bool all_ = false;
  std::string page_token_;
};

}  // namespace

std::unique_ptr<Verb> MakeList() { return std::make_unique<ListVerb>(); }

}  // namespace smelt::client
