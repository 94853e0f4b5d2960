#include "server/local/sqlite_event_log.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "server/local/job_rows.h"

namespace smelt::local {
namespace {

// SQLite's integers are signed.
std::int64_t Clamped(std::uint64_t value) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(value, kMax));
}

}  // namespace

Result<std::vector<jobs::JobEvent>> SqliteEventLog::ReadAfter(const std::string& job_id,
                                                              std::uint64_t after_seq,
                                                              std::size_t limit) {
  std::vector<jobs::JobEvent> events;
  const Status done = ledger_.Read([&](SqliteDb& db) -> Status {
    SMELT_ASSIGN_OR_RETURN(const jobs::Job job, LoadJob(db, job_id));
    SMELT_ASSIGN_OR_RETURN(Query query,
                           db.Select("SELECT seq, state, time_us FROM events WHERE job_id = ? AND "
                                     "seq > ? ORDER BY seq LIMIT ?",
                                     {job_id, Clamped(after_seq), Clamped(limit)}));
    while (true) {
      SMELT_ASSIGN_OR_RETURN(const bool more, query.Next());
      if (!more) break;
      events.push_back({.seq = static_cast<std::uint64_t>(query.Int(0)),
                        .time = FromMicros(query.Int(2)),
                        .state = static_cast<jobs::JobState>(query.Int(1))});
    }
    const bool wanted_more = limit > 0 && after_seq < job.last_seq;
    if (wanted_more && (events.empty() || events.front().seq != after_seq + 1)) {
      return Status(Reason::kEventsPruned, "event " + std::to_string(after_seq + 1) + " of job " +
                                               job_id + " is no longer kept");
    }
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(done);
  return events;
}

std::unique_ptr<jobs::EventSubscription> SqliteEventLog::Subscribe(const std::string& job_id,
                                                                   NoticeFn notice) {
  return hub_.Subscribe(job_id, std::move(notice));
}

void SqliteEventLog::PublishProgress(const std::string& job_id, const v1::Progress& progress) {
  hub_.PublishProgress(job_id, progress);
}

}  // namespace smelt::local
