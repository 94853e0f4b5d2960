#include "server/local/sqlite_job_store.h"

#include <chrono>
#include <utility>

#include "core/base/log.h"
#include "server/jobs/operation.h"
#include "server/local/job_rows.h"

namespace smelt::local {
namespace {

using jobs::Job;
using jobs::JobState;
using jobs::JobTrigger;

constexpr std::chrono::hours kRequestIdLifetime{24};

// Moves `job` on by the table and stores the event; the row itself is written by the caller.
Status Advance(SqliteDb& db, Job& job, JobTrigger trigger, Clock::WallTime now) {
  SMELT_ASSIGN_OR_RETURN(job.state, jobs::Transition(job.state, trigger));
  ++job.version;
  if (jobs::IsFinal(job.state)) job.finish_time = now;
  return AppendEvent(db, job, now);
}

// The same for a stored job, row included.
Status AdvanceRow(SqliteDb& db, Job& job, JobTrigger trigger, Clock::WallTime now) {
  const std::uint64_t version = job.version;
  SMELT_RETURN_IF_ERROR(Advance(db, job, trigger, now));
  return UpdateJob(db, job, version);
}

void SetCancelled(Job& job) {
  job.reason = Reason::kCancelled;
  job.message = jobs::kCancelledMessage;
}

// A running job that nobody has moved on since `version`.
Result<Job> LoadTaken(SqliteDb& db, const std::string& id, std::uint64_t version) {
  SMELT_ASSIGN_OR_RETURN(Job job, LoadJob(db, id));
  if (job.version == version) return job;
  return Status(Reason::kConcurrentUpdate, "job " + id + " has changed in the meantime");
}

// The job that an earlier call with this request_id made, if any is remembered.
Result<std::optional<Job>> FindRequest(SqliteDb& db, const jobs::NewJob& wanted,
                                       const std::string& operation) {
  SMELT_ASSIGN_OR_RETURN(Query query,
                         db.Select("SELECT job_id, operation FROM requests WHERE request_id = ? "
                                   "AND time_us >= ?",
                                   {wanted.request_id, ToMicros(wanted.now - kRequestIdLifetime)}));
  SMELT_ASSIGN_OR_RETURN(const bool found, query.Next());
  if (!found) return std::optional<Job>();
  if (query.Text(1) != operation) {
    return Status(Reason::kRequestIdReused, "request_id " + wanted.request_id +
                                                " was used for another operation, by job " +
                                                std::string(query.Text(0)));
  }
  SMELT_ASSIGN_OR_RETURN(Job job, LoadJob(db, std::string(query.Text(0))));
  return std::optional<Job>(std::move(job));
}

Status RememberRequest(SqliteDb& db, const jobs::NewJob& job, const std::string& operation) {
  SMELT_ASSIGN_OR_RETURN([[maybe_unused]] const std::int64_t rows,
                         db.Change("INSERT INTO requests (request_id, job_id, operation, time_us) "
                                   "VALUES (?, ?, ?, ?)",
                                   {job.request_id, job.id, operation, ToMicros(job.now)}));
  return Status::Ok();
}

Result<std::uint64_t> CountIn(SqliteDb& db, JobState state) {
  SMELT_ASSIGN_OR_RETURN(Query query, db.Select("SELECT count(*) FROM jobs WHERE state = ?",
                                                {static_cast<std::int64_t>(state)}));
  SMELT_ASSIGN_OR_RETURN(const bool row, query.Next());
  return row ? static_cast<std::uint64_t>(query.Int(0)) : 0;
}

std::string ListSql(const jobs::JobQuery& query) {
  std::string sql = "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE (?1 = '' OR id < ?1)";
  if (!query.states.empty()) {
    sql += " AND state IN (";
    for (std::size_t i = 0; i < query.states.size(); ++i) {
      if (i > 0) sql += ", ";
      sql += std::to_string(static_cast<int>(query.states[i]));
    }
    sql += ")";
  }
  return sql + " ORDER BY id DESC LIMIT ?2";
}

// Adds readable jobs of `query` to `page`. True when rows may follow; `before_id` is then the last.
Result<bool> ReadRows(SqliteDb& db, const jobs::JobQuery& query, std::string& before_id,
                      std::vector<Job>& page) {
  const std::string from = before_id;
  const std::size_t wanted = query.limit - page.size();
  SMELT_ASSIGN_OR_RETURN(Query rows,
                         db.Select(ListSql(query), {from, static_cast<std::int64_t>(wanted)}));
  for (std::size_t seen = 0;; ++seen) {
    SMELT_ASSIGN_OR_RETURN(const bool more, rows.Next());
    if (!more) return seen == wanted;
    before_id = rows.Text(0);
    Result<Job> job = ReadJob(rows);
    const Status read = job.ok() ? LoadArtifacts(db, *job) : job.status();
    if (read.ok()) {
      page.push_back(*std::move(job));
    } else if (read.reason() == Reason::kInternalError) {
      Log(LogLevel::kError, "job_unreadable", {{"error", read.ToString()}});
    } else {
      return read;
    }
  }
}

}  // namespace

SqliteJobStore::SqliteJobStore(Ledger& ledger, jobs::EventHub& hub, JobStoreOptions options)
    : ledger_(ledger), hub_(hub), options_(options) {}

Result<jobs::Accepted> SqliteJobStore::Accept(const jobs::NewJob& job) {
  jobs::Accepted accepted;
  const Status done = ledger_.Write([&](SqliteDb& db) -> Status {
    SMELT_ASSIGN_OR_RETURN(accepted, AcceptIn(db, job));
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(done);
  if (accepted.created) hub_.PublishEvents(job.id, accepted.job.last_seq);
  return accepted;
}

Result<jobs::Accepted> SqliteJobStore::AcceptIn(SqliteDb& db, const jobs::NewJob& wanted) const {
  const std::string operation = jobs::OperationDigest(wanted.operation).Hex();
  if (!wanted.request_id.empty()) {
    SMELT_ASSIGN_OR_RETURN([[maybe_unused]] const std::int64_t expired,
                           db.Change("DELETE FROM requests WHERE time_us < ?",
                                     {ToMicros(wanted.now - kRequestIdLifetime)}));
    SMELT_ASSIGN_OR_RETURN(std::optional<Job> earlier, FindRequest(db, wanted, operation));
    if (earlier) return jobs::Accepted{.job = *std::move(earlier), .created = false};
  }
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t queued, CountIn(db, JobState::kQueued));
  if (queued >= options_.max_queued) {
    return Status(Reason::kQueueFull, std::to_string(queued) + " jobs are queued, the limit is " +
                                          std::to_string(options_.max_queued));
  }
  Job job;
  job.id = wanted.id;
  job.request_id = wanted.request_id;
  job.operation = wanted.operation;
  job.create_time = wanted.now;
  job.version = 1;
  // The row first, since events refer to it.
  SMELT_RETURN_IF_ERROR(InsertJob(db, job));
  SMELT_RETURN_IF_ERROR(AppendEvent(db, job, wanted.now));
  SMELT_RETURN_IF_ERROR(AdvanceRow(db, job, JobTrigger::kEnqueue, wanted.now));
  if (!wanted.request_id.empty()) SMELT_RETURN_IF_ERROR(RememberRequest(db, wanted, operation));
  return jobs::Accepted{.job = std::move(job), .created = true};
}

Result<std::optional<Job>> SqliteJobStore::FindAccepted(const jobs::NewJob& job) {
  std::optional<Job> earlier;
  if (job.request_id.empty()) return earlier;
  const Status done = ledger_.Read([&](SqliteDb& db) -> Status {
    SMELT_ASSIGN_OR_RETURN(earlier,
                           FindRequest(db, job, jobs::OperationDigest(job.operation).Hex()));
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(done);
  return earlier;
}

Result<Job> SqliteJobStore::Get(const std::string& id) {
  Job job;
  const Status done = ledger_.Read([&](SqliteDb& db) -> Status {
    SMELT_ASSIGN_OR_RETURN(job, LoadJob(db, id));
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(done);
  return job;
}

Result<std::vector<Job>> SqliteJobStore::List(const jobs::JobQuery& query) {
  std::vector<Job> page;
  const Status done = ledger_.Read([&](SqliteDb& db) -> Status {
    std::string before_id = query.before_id;
    for (bool more = true; more && page.size() < query.limit;) {
      SMELT_ASSIGN_OR_RETURN(more, ReadRows(db, query, before_id, page));
    }
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(done);
  return page;
}

Result<jobs::CancelAnswer> SqliteJobStore::RequestCancel(const std::string& id, Clock::WallTime now,
                                                         const std::optional<Digest>& report) {
  jobs::CancelAnswer answer;
  const Status done = ledger_.Write([&](SqliteDb& db) -> Status {
    answer = {};
    SMELT_ASSIGN_OR_RETURN(answer.job, LoadJob(db, id));
    if (jobs::IsFinal(answer.job.state) || answer.job.cancel_requested) return Status::Ok();
    answer.job.cancel_requested = true;
    // A mark on a running job is no change of state: the attempt's version stays good.
    if (answer.job.state == JobState::kRunning) {
      return UpdateJob(db, answer.job, answer.job.version);
    }
    answer.ended_now = true;
    SetCancelled(answer.job);
    answer.job.report = report;
    return AdvanceRow(db, answer.job, JobTrigger::kCancel, now);
  });
  SMELT_RETURN_IF_ERROR(done);
  if (answer.ended_now) hub_.PublishEvents(id, answer.job.last_seq);
  return answer;
}

Result<std::optional<Job>> SqliteJobStore::TakeNext(Clock::WallTime now) {
  std::optional<Job> taken;
  const Status done = ledger_.Write([&](SqliteDb& db) -> Status {
    taken.reset();
    std::string id;
    {
      SMELT_ASSIGN_OR_RETURN(Query query,
                             db.Select("SELECT id FROM jobs WHERE state = ? ORDER BY id LIMIT 1",
                                       {static_cast<std::int64_t>(JobState::kQueued)}));
      SMELT_ASSIGN_OR_RETURN(const bool found, query.Next());
      if (!found) return Status::Ok();
      id = query.Text(0);
    }
    SMELT_ASSIGN_OR_RETURN(Job job, LoadJob(db, id));
    job.start_time = now;
    ++job.attempt;
    SMELT_RETURN_IF_ERROR(AdvanceRow(db, job, JobTrigger::kTake, now));
    taken = std::move(job);
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(done);
  if (taken) hub_.PublishEvents(taken->id, taken->last_seq);
  return taken;
}

Result<Job> SqliteJobStore::Finish(const jobs::JobResult& result) {
  if (!jobs::IsFinal(result.state)) {
    return Status(Reason::kImpossibleTransition, "a job can't finish in a state that goes on");
  }
  Job job;
  const Status done = ledger_.Write([&](SqliteDb& db) -> Status {
    SMELT_ASSIGN_OR_RETURN(job, LoadTaken(db, result.id, result.version));
    job.reason = result.reason;
    job.message = result.message;
    job.artifacts = result.artifacts;
    job.report = result.report;
    SMELT_RETURN_IF_ERROR(AdvanceRow(db, job, jobs::FinishTrigger(result.state), result.now));
    return InsertArtifacts(db, job);
  });
  SMELT_RETURN_IF_ERROR(done);
  hub_.PublishEvents(job.id, job.last_seq);
  return job;
}

Result<Job> SqliteJobStore::Requeue(const std::string& id, std::uint64_t version,
                                    Clock::WallTime now) {
  Job job;
  const Status done = ledger_.Write([&](SqliteDb& db) -> Status {
    SMELT_ASSIGN_OR_RETURN(job, LoadTaken(db, id, version));
    const bool cancelled = job.cancel_requested;
    if (cancelled) SetCancelled(job);
    return AdvanceRow(db, job, cancelled ? JobTrigger::kCancel : JobTrigger::kRequeue, now);
  });
  SMELT_RETURN_IF_ERROR(done);
  hub_.PublishEvents(job.id, job.last_seq);
  return job;
}

Result<jobs::JobCounts> SqliteJobStore::CountByState() {
  jobs::JobCounts counts{};
  const Status done = ledger_.Read([&](SqliteDb& db) -> Status {
    SMELT_ASSIGN_OR_RETURN(Query query,
                           db.Select("SELECT state, count(*) FROM jobs GROUP BY state"));
    while (true) {
      SMELT_ASSIGN_OR_RETURN(const bool more, query.Next());
      if (!more) return Status::Ok();
      const auto state = static_cast<std::size_t>(query.Int(0));  // an unknown one counts nowhere
      if (state < counts.size()) counts[state] = static_cast<std::uint64_t>(query.Int(1));
    }
  });
  SMELT_RETURN_IF_ERROR(done);
  return counts;
}

}  // namespace smelt::local
