#include "server/local/job_rows.h"

#include <chrono>
#include <cstddef>

#include "core/base/reason.h"
#include "server/jobs/operation.h"

namespace smelt::local {
namespace {

SqlValue OptionalTime(const std::optional<Clock::WallTime>& time) {
  if (!time) return nullptr;
  return ToMicros(*time);
}

// Rows written by a daemon with reasons that this one has not got are still readable.
Reason ToReason(std::int64_t number) {
  for (const ReasonInfo& info : AllReasons()) {
    if (static_cast<std::int64_t>(info.reason) == number) return info.reason;
  }
  return number == 0 ? Reason::kOk : Reason::kInternalError;
}

Status Unreadable(const std::string& id, const std::string& what) {
  return Status(Reason::kInternalError, "the ledger's row of job " + id + " is unreadable: " + what,
                "Restore ledger.sqlite from a backup, or start the newer daemon that wrote it; or "
                "give the job up, with the daemon stopped: sqlite3 ledger.sqlite \"UPDATE jobs SET "
                "state = 5 WHERE id = '" +
                    id + "'\"");
}

bool IsKnown(std::int64_t state) {
  return state >= static_cast<std::int64_t>(jobs::JobState::kAccepted) &&
         state <= static_cast<std::int64_t>(jobs::JobState::kCancelled);
}

SqlValue Int(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

const std::string_view kJobColumns =
    "id, state, version, request_id, operation_kind, operation, create_us, start_us, finish_us, "
    "attempt, reason, message, report_sha256, report_bytes, last_seq, cancel_requested";

std::int64_t ToMicros(Clock::WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

Clock::WallTime FromMicros(std::int64_t micros) {
  return Clock::WallTime(
      std::chrono::duration_cast<Clock::WallTime::duration>(std::chrono::microseconds(micros)));
}

Result<jobs::Job> ReadJob(const Query& row) {
  jobs::Job job;
  job.id = row.Text(0);
  if (!IsKnown(row.Int(1))) {
    return Unreadable(job.id, "the state " + std::to_string(row.Int(1)) + " is unknown");
  }
  job.state = static_cast<jobs::JobState>(row.Int(1));
  job.version = static_cast<std::uint64_t>(row.Int(2));
  job.request_id = row.Text(3);
  auto operation = jobs::ParseOperation(row.Text(4), row.Blob(5));
  if (!operation) return Unreadable(job.id, "no operation that this daemon knows");
  job.operation = *std::move(operation);
  job.create_time = FromMicros(row.Int(6));
  if (!row.IsNull(7)) job.start_time = FromMicros(row.Int(7));
  if (!row.IsNull(8)) job.finish_time = FromMicros(row.Int(8));
  job.attempt = static_cast<std::uint32_t>(row.Int(9));
  job.reason = ToReason(row.Int(10));
  job.message = row.Text(11);
  if (!row.IsNull(12)) {
    const auto report = Digest::FromHex(row.Text(12), static_cast<std::uint64_t>(row.Int(13)));
    if (!report.ok()) return Unreadable(job.id, "its report has no digest");
    job.report = *report;
  }
  job.last_seq = static_cast<std::uint64_t>(row.Int(14));
  job.cancel_requested = row.Int(15) != 0;
  return job;
}

Result<jobs::Job> LoadJob(SqliteDb& db, const std::string& id) {
  static const std::string kSql = "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE id = ?";
  SMELT_ASSIGN_OR_RETURN(Query query, db.Select(kSql, {id}));
  SMELT_ASSIGN_OR_RETURN(const bool found, query.Next());
  if (!found) return Status(Reason::kJobNotFound, "there is no job " + id);
  SMELT_ASSIGN_OR_RETURN(jobs::Job job, ReadJob(query));
  SMELT_RETURN_IF_ERROR(LoadArtifacts(db, job));
  return job;
}

Status LoadArtifacts(SqliteDb& db, jobs::Job& job) {
  SMELT_ASSIGN_OR_RETURN(
      Query query, db.Select("SELECT name, kind, sha256, bytes FROM artifacts WHERE job_id = ? "
                             "ORDER BY position",
                             {job.id}));
  while (true) {
    SMELT_ASSIGN_OR_RETURN(const bool more, query.Next());
    if (!more) return Status::Ok();
    const auto digest = Digest::FromHex(query.Text(2), static_cast<std::uint64_t>(query.Int(3)));
    if (!digest.ok()) return Unreadable(job.id, "an artifact has no digest");
    job.artifacts.push_back({std::string(query.Text(0)), std::string(query.Text(1)), *digest});
  }
}

Status CheckUnfinishedJobs(SqliteDb& db) {
  static const std::string kSql =
      "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE state < ? OR state > ?";
  SMELT_ASSIGN_OR_RETURN(Query query,
                         db.Select(kSql, {static_cast<std::int64_t>(jobs::JobState::kSucceeded),
                                          static_cast<std::int64_t>(jobs::JobState::kCancelled)}));
  while (true) {
    SMELT_ASSIGN_OR_RETURN(const bool more, query.Next());
    if (!more) return Status::Ok();
    SMELT_RETURN_IF_ERROR(ReadJob(query).status());
  }
}

Status InsertJob(SqliteDb& db, const jobs::Job& job) {
  const std::string operation = jobs::CanonicalBytes(job.operation);
  SMELT_ASSIGN_OR_RETURN(
      [[maybe_unused]] const std::int64_t rows,
      db.Change("INSERT INTO jobs (id, state, version, request_id, operation_kind, operation, "
                "create_us, attempt, reason, message, last_seq, cancel_requested) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, '', ?, 0)",
                {job.id, static_cast<std::int64_t>(job.state), Int(job.version), job.request_id,
                 jobs::KindName(job.operation), std::as_bytes(std::span(operation)),
                 ToMicros(job.create_time), Int(job.last_seq)}));
  return Status::Ok();
}

Status UpdateJob(SqliteDb& db, const jobs::Job& job, std::uint64_t expected_version) {
  const std::string report = job.report ? job.report->Hex() : "";
  SqlValue report_sha = nullptr;
  SqlValue report_bytes = nullptr;
  if (job.report) {
    report_sha = report;
    report_bytes = Int(job.report->size_bytes);
  }
  SMELT_ASSIGN_OR_RETURN(
      const std::int64_t rows,
      db.Change(
          "UPDATE jobs SET state = ?, version = ?, start_us = ?, finish_us = ?, "
          "attempt = ?, reason = ?, message = ?, report_sha256 = ?, report_bytes = ?, "
          "last_seq = ?, cancel_requested = ? WHERE id = ? AND version = ?",
          {static_cast<std::int64_t>(job.state), Int(job.version), OptionalTime(job.start_time),
           OptionalTime(job.finish_time), Int(job.attempt), static_cast<std::int64_t>(job.reason),
           job.message, report_sha, report_bytes, Int(job.last_seq),
           std::int64_t{job.cancel_requested}, job.id, Int(expected_version)}));
  if (rows == 1) return Status::Ok();
  return Status(Reason::kConcurrentUpdate, "job " + job.id + " has changed in the meantime");
}

Status InsertArtifacts(SqliteDb& db, const jobs::Job& job) {
  std::int64_t position = 0;
  for (const jobs::JobArtifact& artifact : job.artifacts) {
    const std::string sha256 = artifact.digest.Hex();
    SMELT_ASSIGN_OR_RETURN(
        [[maybe_unused]] const std::int64_t rows,
        db.Change("INSERT INTO artifacts (job_id, position, name, kind, sha256, bytes) "
                  "VALUES (?, ?, ?, ?, ?, ?)",
                  {job.id, position++, artifact.name, artifact.kind, sha256,
                   Int(artifact.digest.size_bytes)}));
  }
  return Status::Ok();
}

Status AppendEvent(SqliteDb& db, jobs::Job& job, Clock::WallTime now) {
  ++job.last_seq;
  SMELT_ASSIGN_OR_RETURN(
      [[maybe_unused]] const std::int64_t rows,
      db.Change("INSERT INTO events (job_id, seq, state, time_us) VALUES (?, ?, ?, ?)",
                {job.id, Int(job.last_seq), static_cast<std::int64_t>(job.state), ToMicros(now)}));
  return Status::Ok();
}

}  // namespace smelt::local
