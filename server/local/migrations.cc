#include "server/local/migrations.h"

#include <cstdint>
#include <string>

namespace smelt::local {
namespace {

// Step i leads from user_version i to i + 1. A step that was released is never edited.
// Times are microseconds since 1970; states and reasons are the numbers of the enums.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE jobs (
  id               TEXT PRIMARY KEY NOT NULL,
  state            INTEGER NOT NULL,
  version          INTEGER NOT NULL,
  request_id       TEXT NOT NULL,
  operation_kind   TEXT NOT NULL,
  operation        BLOB NOT NULL,
  create_us        INTEGER NOT NULL,
  start_us         INTEGER,
  finish_us        INTEGER,
  attempt          INTEGER NOT NULL,
  reason           INTEGER NOT NULL,
  message          TEXT NOT NULL,
  report_sha256    TEXT,
  report_bytes     INTEGER,
  last_seq         INTEGER NOT NULL,
  cancel_requested INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_state ON jobs (state, id);

CREATE TABLE artifacts (
  job_id   TEXT NOT NULL REFERENCES jobs (id),
  position INTEGER NOT NULL,
  name     TEXT NOT NULL,
  kind     TEXT NOT NULL,
  sha256   TEXT NOT NULL,
  bytes    INTEGER NOT NULL,
  PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  job_id  TEXT NOT NULL REFERENCES jobs (id),
  seq     INTEGER NOT NULL,
  state   INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
  request_id TEXT PRIMARY KEY NOT NULL,
  job_id     TEXT NOT NULL REFERENCES jobs (id),
  operation  TEXT NOT NULL,
  time_us    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_time ON requests (time_us);
)sql",
};
constexpr std::int64_t kVersion = std::size(kSteps);

Result<std::int64_t> UserVersion(SqliteDb& db) {
  SMELT_ASSIGN_OR_RETURN(Query query, db.Select("PRAGMA user_version"));
  SMELT_ASSIGN_OR_RETURN(const bool row, query.Next());
  return row ? query.Int(0) : 0;
}

Status Apply(SqliteDb& db, std::int64_t from) {
  for (std::int64_t step = from; step < kVersion; ++step) {
    SMELT_RETURN_IF_ERROR(db.Execute(kSteps[step]));
  }
  return db.Execute("PRAGMA user_version=" + std::to_string(kVersion));
}

}  // namespace

Status Migrate(SqliteDb& db) {
  SMELT_ASSIGN_OR_RETURN(const std::int64_t version, UserVersion(db));
  if (version == kVersion) return Status::Ok();
  if (version > kVersion) {
    return Status(Reason::kConfigInvalid,
                  "the ledger has schema version " + std::to_string(version) +
                      ", this daemon knows versions up to " + std::to_string(kVersion),
                  "Start the newer daemon, or use another state directory.");
  }
  SMELT_RETURN_IF_ERROR(db.Execute("BEGIN IMMEDIATE"));
  if (Status applied = Apply(db, version); !applied.ok()) {
    const Status rolled_back = db.Execute("ROLLBACK");
    return std::move(applied).WithContext(rolled_back.ok() ? "rolled back" : "not rolled back");
  }
  return db.Execute("COMMIT");
}

}  // namespace smelt::local
