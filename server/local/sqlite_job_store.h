// SqliteJobStore: the JobStore of one node, in a SQLite ledger.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/jobs/event_hub.h"
#include "server/jobs/job_store.h"
#include "server/jobs/state_machine.h"
#include "server/local/ledger.h"

namespace smelt::local {

struct JobStoreOptions {
  std::size_t max_queued = 10'000;  // a further job is refused with kQueueFull
};

// `ledger` and `hub` outlive it; the hub is told of each event once it is durable.
class SqliteJobStore final : public jobs::JobStore {
 public:
  SqliteJobStore(Ledger& ledger, jobs::EventHub& hub, JobStoreOptions options);

  Result<jobs::Accepted> Accept(const jobs::NewJob& job) override;
  Result<std::optional<jobs::Job>> FindAccepted(const jobs::NewJob& job) override;
  Result<jobs::Job> Get(const std::string& id) override;
  Result<std::vector<jobs::Job>> List(const jobs::JobQuery& query) override;
  Result<jobs::CancelAnswer> RequestCancel(const std::string& id, Clock::WallTime now,
                                           const std::optional<Digest>& report) override;
  Result<std::optional<jobs::Job>> TakeNext(Clock::WallTime now) override;
  Result<jobs::Job> Finish(const jobs::JobResult& result) override;
  Result<jobs::Job> Requeue(const std::string& id, std::uint64_t version,
                            Clock::WallTime now) override;
  Result<jobs::JobCounts> CountByState() override;

 private:
  Result<jobs::Accepted> AcceptIn(SqliteDb& db, const jobs::NewJob& job) const;

  Ledger& ledger_;
  jobs::EventHub& hub_;
  const JobStoreOptions options_;
};

}  // namespace smelt::local
