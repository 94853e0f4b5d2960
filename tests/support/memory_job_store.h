// MemoryJobStore and MemoryEventLog: the ledger without a disk, for tests of what stands on it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/jobs/event_hub.h"
#include "server/jobs/event_log.h"
#include "server/jobs/job_store.h"
#include "server/jobs/state_machine.h"

namespace smelt::test {

// Safe for calls from any thread.
class MemoryJobStore final : public jobs::JobStore, public jobs::EventLog {
 public:
  explicit MemoryJobStore(std::size_t max_queued = 10'000) : max_queued_(max_queued) {}

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

  Result<std::vector<jobs::JobEvent>> ReadAfter(const std::string& job_id, std::uint64_t after_seq,
                                                std::size_t limit) override;
  std::unique_ptr<jobs::EventSubscription> Subscribe(const std::string& job_id,
                                                     NoticeFn notice) override;
  void PublishProgress(const std::string& job_id, const v1::Progress& progress) override;

  std::function<void()> on_take;  // when a job was taken and nobody knows yet
  // The next calls of Finish return this status, while `times` lasts.
  void FailFinish(Status status, int times);
  // The same of Requeue.
  void FailRequeue(Status status, int times);

 private:
  struct Row {
    jobs::Job job;
    std::vector<jobs::JobEvent> events;
  };
  struct Request {
    std::string job_id;
    Digest operation;
    Clock::WallTime time;
  };

  Result<std::optional<jobs::Job>> FindRequest(const jobs::NewJob& wanted);
  Result<Row*> Find(const std::string& id);
  Result<Row*> FindTaken(const std::string& id, std::uint64_t version);
  Status Advance(Row& row, jobs::JobTrigger trigger, Clock::WallTime now);
  static void AppendEvent(Row& row, Clock::WallTime now);

  const std::size_t max_queued_;
  jobs::EventHub hub_;
  std::mutex mutex_;
  std::map<std::string, Row> rows_;
  std::map<std::string, Request> requests_;
  Status finish_failure_;
  int finish_failures_ = 0;
  Status requeue_failure_;
  int requeue_failures_ = 0;
};

}  // namespace smelt::test
