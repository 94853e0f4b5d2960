#include "tests/support/memory_job_store.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/jobs/operation.h"

namespace smelt::test {

using jobs::Job;
using jobs::JobState;
using jobs::JobTrigger;

Result<MemoryJobStore::Row*> MemoryJobStore::Find(const std::string& id) {
  const auto found = rows_.find(id);
  if (found == rows_.end()) return Status(Reason::kJobNotFound, "there is no job " + id);
  return &found->second;
}

Result<MemoryJobStore::Row*> MemoryJobStore::FindTaken(const std::string& id,
                                                       std::uint64_t version) {
  SMELT_ASSIGN_OR_RETURN(Row* const row, Find(id));
  if (row->job.version != version) return Status(Reason::kConcurrentUpdate, "stale version");
  return row;
}

void MemoryJobStore::AppendEvent(Row& row, Clock::WallTime now) {
  row.events.push_back({.seq = ++row.job.last_seq, .time = now, .state = row.job.state});
}

Status MemoryJobStore::Advance(Row& row, JobTrigger trigger, Clock::WallTime now) {
  SMELT_ASSIGN_OR_RETURN(row.job.state, jobs::Transition(row.job.state, trigger));
  ++row.job.version;
  if (jobs::IsFinal(row.job.state)) row.job.finish_time = now;
  AppendEvent(row, now);
  return Status::Ok();
}

Result<std::optional<Job>> MemoryJobStore::FindRequest(const jobs::NewJob& wanted) {
  const auto request = requests_.find(wanted.request_id);
  if (request == requests_.end() || wanted.now - request->second.time > std::chrono::hours(24)) {
    return std::optional<Job>();
  }
  if (request->second.operation != jobs::OperationDigest(wanted.operation)) {
    return Status(Reason::kRequestIdReused, "used by job " + request->second.job_id);
  }
  return std::optional<Job>(rows_.at(request->second.job_id).job);
}

Result<std::optional<Job>> MemoryJobStore::FindAccepted(const jobs::NewJob& job) {
  std::lock_guard lock(mutex_);
  return FindRequest(job);
}

Result<jobs::Accepted> MemoryJobStore::Accept(const jobs::NewJob& wanted) {
  std::unique_lock lock(mutex_);
  SMELT_ASSIGN_OR_RETURN(const std::optional<Job> earlier, FindRequest(wanted));
  if (earlier) return jobs::Accepted{.job = *earlier, .created = false};
  const auto queued = std::count_if(rows_.begin(), rows_.end(), [](const auto& entry) {
    return entry.second.job.state == JobState::kQueued;
  });
  if (static_cast<std::size_t>(queued) >= max_queued_) {
    return Status(Reason::kQueueFull, "the queue is full");
  }
  Row row;
  row.job.id = wanted.id;
  row.job.request_id = wanted.request_id;
  row.job.operation = wanted.operation;
  row.job.create_time = wanted.now;
  row.job.version = 1;
  AppendEvent(row, wanted.now);
  SMELT_RETURN_IF_ERROR(Advance(row, JobTrigger::kEnqueue, wanted.now));
  const Job job = row.job;
  rows_[job.id] = std::move(row);
  if (!job.request_id.empty()) {
    requests_[job.request_id] = {
        .job_id = job.id, .operation = jobs::OperationDigest(wanted.operation), .time = wanted.now};
  }
  lock.unlock();
  hub_.PublishEvents(job.id, job.last_seq);
  return jobs::Accepted{.job = job, .created = true};
}

Result<Job> MemoryJobStore::Get(const std::string& id) {
  std::lock_guard lock(mutex_);
  SMELT_ASSIGN_OR_RETURN(const Row* const row, Find(id));
  return row->job;
}

Result<std::vector<Job>> MemoryJobStore::List(const jobs::JobQuery& query) {
  std::lock_guard lock(mutex_);
  std::vector<Job> page;
  for (auto row = rows_.rbegin(); row != rows_.rend() && page.size() < query.limit; ++row) {
    const Job& job = row->second.job;
    if (!query.before_id.empty() && job.id >= query.before_id) continue;
    const auto& states = query.states;
    if (!states.empty() && std::find(states.begin(), states.end(), job.state) == states.end()) {
      continue;
    }
    page.push_back(job);
  }
  return page;
}

Result<jobs::CancelAnswer> MemoryJobStore::RequestCancel(const std::string& id, Clock::WallTime now,
                                                         const std::optional<Digest>& report) {
  std::unique_lock lock(mutex_);
  SMELT_ASSIGN_OR_RETURN(Row* const row, Find(id));
  if (jobs::IsFinal(row->job.state) || row->job.cancel_requested) {
    return jobs::CancelAnswer{.job = row->job, .ended_now = false};
  }
  row->job.cancel_requested = true;
  if (row->job.state == JobState::kRunning) {
    return jobs::CancelAnswer{.job = row->job, .ended_now = false};
  }
  row->job.reason = Reason::kCancelled;
  row->job.message = jobs::kCancelledMessage;
  row->job.report = report;
  SMELT_RETURN_IF_ERROR(Advance(*row, JobTrigger::kCancel, now));
  jobs::CancelAnswer answer{.job = row->job, .ended_now = true};
  lock.unlock();
  hub_.PublishEvents(id, answer.job.last_seq);
  return answer;
}

Result<std::optional<Job>> MemoryJobStore::TakeNext(Clock::WallTime now) {
  std::unique_lock lock(mutex_);
  const auto found = std::find_if(rows_.begin(), rows_.end(), [](const auto& entry) {
    return entry.second.job.state == JobState::kQueued;
  });
  if (found == rows_.end()) return std::optional<Job>();
  Row& row = found->second;
  row.job.start_time = now;
  ++row.job.attempt;
  SMELT_RETURN_IF_ERROR(Advance(row, JobTrigger::kTake, now));
  const Job job = row.job;
  lock.unlock();
  if (on_take) on_take();
  hub_.PublishEvents(job.id, job.last_seq);
  return std::optional<Job>(job);
}

Result<Job> MemoryJobStore::Finish(const jobs::JobResult& result) {
  std::unique_lock lock(mutex_);
  if (finish_failures_ > 0) {
    --finish_failures_;
    return finish_failure_;
  }
  if (!jobs::IsFinal(result.state)) return Status(Reason::kImpossibleTransition, "not final");
  SMELT_ASSIGN_OR_RETURN(Row* const row, FindTaken(result.id, result.version));
  SMELT_RETURN_IF_ERROR(Advance(*row, jobs::FinishTrigger(result.state), result.now));
  row->job.reason = result.reason;
  row->job.message = result.message;
  row->job.artifacts = result.artifacts;
  row->job.report = result.report;
  const Job job = row->job;
  lock.unlock();
  hub_.PublishEvents(job.id, job.last_seq);
  return job;
}

Result<Job> MemoryJobStore::Requeue(const std::string& id, std::uint64_t version,
                                    Clock::WallTime now) {
  std::unique_lock lock(mutex_);
  if (requeue_failures_ > 0) {
    --requeue_failures_;
    return requeue_failure_;
  }
  SMELT_ASSIGN_OR_RETURN(Row* const row, FindTaken(id, version));
  const bool cancelled = row->job.cancel_requested;
  if (cancelled) {
    row->job.reason = Reason::kCancelled;
    row->job.message = jobs::kCancelledMessage;
  }
  SMELT_RETURN_IF_ERROR(Advance(*row, cancelled ? JobTrigger::kCancel : JobTrigger::kRequeue, now));
  const Job job = row->job;
  lock.unlock();
  hub_.PublishEvents(job.id, job.last_seq);
  return job;
}

Result<jobs::JobCounts> MemoryJobStore::CountByState() {
  std::lock_guard lock(mutex_);
  jobs::JobCounts counts{};
  for (const auto& [id, row] : rows_) ++counts.at(static_cast<std::size_t>(row.job.state));
  return counts;
}

Result<std::vector<jobs::JobEvent>> MemoryJobStore::ReadAfter(const std::string& job_id,
                                                              std::uint64_t after_seq,
                                                              std::size_t limit) {
  std::lock_guard lock(mutex_);
  SMELT_ASSIGN_OR_RETURN(const Row* const row, Find(job_id));
  std::vector<jobs::JobEvent> events;
  for (const jobs::JobEvent& event : row->events) {
    if (event.seq > after_seq && events.size() < limit) events.push_back(event);
  }
  return events;
}

std::unique_ptr<jobs::EventSubscription> MemoryJobStore::Subscribe(const std::string& job_id,
                                                                   NoticeFn notice) {
  return hub_.Subscribe(job_id, std::move(notice));
}

void MemoryJobStore::PublishProgress(const std::string& job_id, const v1::Progress& progress) {
  hub_.PublishProgress(job_id, progress);
}

void MemoryJobStore::FailFinish(Status status, int times) {
  std::lock_guard lock(mutex_);
  finish_failure_ = std::move(status);
  finish_failures_ = times;
}

void MemoryJobStore::FailRequeue(Status status, int times) {
  std::lock_guard lock(mutex_);
  requeue_failure_ = std::move(status);
  requeue_failures_ = times;
}

}  // namespace smelt::test
