// Jobs as rows of the ledger: the one place that knows the columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/job.h"
#include "server/local/sqlite_db.h"

namespace smelt::local {

std::int64_t ToMicros(Clock::WallTime time);
Clock::WallTime FromMicros(std::int64_t micros);

// The column list that ReadJob expects, for "SELECT <columns> FROM jobs ...".
extern const std::string_view kJobColumns;

// The present row, without its artifacts. kInternalError when it is unreadable: the message names
// the job, the hint says what to do.
Result<jobs::Job> ReadJob(const Query& row);

// With its artifacts. kJobNotFound.
Result<jobs::Job> LoadJob(SqliteDb& db, const std::string& id);
Status LoadArtifacts(SqliteDb& db, jobs::Job& job);

// The first unreadable row of the jobs that have not ended, with those of unknown state.
Status CheckUnfinishedJobs(SqliteDb& db);

Status InsertJob(SqliteDb& db, const jobs::Job& job);

// Writes state, times, attempt, result and last_seq of `job` over the row with `expected_version`.
// kConcurrentUpdate when the row has another one by now.
Status UpdateJob(SqliteDb& db, const jobs::Job& job, std::uint64_t expected_version);
Status InsertArtifacts(SqliteDb& db, const jobs::Job& job);

// Numbers the next event of `job` and stores that it entered its present state.
Status AppendEvent(SqliteDb& db, jobs::Job& job, Clock::WallTime now);

}  // namespace smelt::local
