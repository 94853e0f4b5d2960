#include "server/local/sqlite_db.h"

#include <sqlite3.h>

#include <utility>

#include "core/base/file_system.h"

namespace smelt::local {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

// Not every call of SQLite's tells a full disk from a broken one, but the system's error does.
bool IsFull(sqlite3* db, int code) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  return (code & 0xff) == SQLITE_IOERR && IsDiskFull(sqlite3_system_errno(db));
}

Status Failed(sqlite3* db, int code, std::string_view doing) {
  if (IsFull(db, code)) {
    return Status(Reason::kStorageFull, "the ledger can't be written: its disk is full");
  }
  Reason reason = Reason::kIoError;
  switch (code & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      reason = Reason::kInternalError;
      break;
    default:
      break;
  }
  return Status(reason, std::string(doing) + ": " + sqlite3_errmsg(db) + " (SQLite code " +
                            std::to_string(sqlite3_extended_errcode(db)) + ")");
}

int Bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    // A null pointer would bind NULL instead of the empty text.
    const char* data = text->data() == nullptr ? "" : text->data();
    return sqlite3_bind_text64(statement, index, data, text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<ByteSpan>(&value)) {
    if (blob->empty()) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, blob->data(), blob->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

}  // namespace

Query::Query(Query&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Query::Next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Failed(db_, code, sqlite3_sql(statement_));
}

std::int64_t Query::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::Text(int column) const {
  const auto* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

ByteSpan Query::Blob(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const std::byte*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<SqliteDb>> SqliteDb::Open(const std::string& path, Mode mode) {
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE |
                    (mode == Mode::kWriter ? SQLITE_OPEN_CREATE : 0);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteDb> db(new SqliteDb(handle));
  if (code != SQLITE_OK) return Failed(handle, code, "open " + path);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  SMELT_RETURN_IF_ERROR(mode == Mode::kWriter
                            ? db->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                          "PRAGMA foreign_keys=ON;")
                            : db->Execute("PRAGMA query_only=ON;"));
  return db;
}

SqliteDb::~SqliteDb() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Status SqliteDb::Execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status::Ok() : Failed(db_, code, sql);
}

Result<Query> SqliteDb::Select(std::string_view sql, std::initializer_list<SqlValue> values) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return Failed(db_, code, sql);
    found = statements_.emplace(sql, statement).first;
  }
  Query query(db_, found->second);
  int index = 0;
  for (const SqlValue& value : values) {
    if (const int code = Bind(found->second, ++index, value); code != SQLITE_OK) {
      return Failed(db_, code, sql);
    }
  }
  return query;
}

Result<std::int64_t> SqliteDb::Change(std::string_view sql,
                                      std::initializer_list<SqlValue> values) {
  SMELT_ASSIGN_OR_RETURN(Query query, Select(sql, values));
  SMELT_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, query.Next());
  return static_cast<std::int64_t>(sqlite3_changes(db_));
}

bool SqliteDb::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

std::int64_t SqliteDb::total_changes() const { return sqlite3_total_changes(db_); }

}  // namespace smelt::local
