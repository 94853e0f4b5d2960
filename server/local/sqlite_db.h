// SqliteDb: one connection to a SQLite file; Query: one statement being stepped. Thin: SQL stays
// SQL. Used by one thread at a time. Errors: kStorageFull, kIoError, kInternalError (our SQL).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/bytes.h"
#include "core/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace smelt::local {

// What a `?` is bound to. Views are borrowed until the Query ends.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string_view, ByteSpan>;

// The rows of one statement. Must not outlive its SqliteDb, nor overlap with another Query of the
// same SQL text on it.
class Query {
 public:
  Query(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  // Moves to the next row; false after the last.
  Result<bool> Next();

  // Columns of the present row, from 0. Views live until the next call of Next.
  std::int64_t Int(int column) const;
  std::string_view Text(int column) const;
  ByteSpan Blob(int column) const;
  bool IsNull(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;  // owned by the connection's cache; reset when this ends
};

class SqliteDb {
 public:
  enum class Mode { kWriter, kReader };

  // A writer creates the file if need be, sets WAL and synchronous=FULL. kIoError when the file is
  // not a database.
  static Result<std::unique_ptr<SqliteDb>> Open(const std::string& path, Mode mode);
  ~SqliteDb();

  // Runs a script without results.
  Status Execute(const std::string& sql);
  // Prepares (once a text) and binds `values` in order.
  Result<Query> Select(std::string_view sql, std::initializer_list<SqlValue> values = {});
  // Runs a statement without rows; the number of rows changed.
  Result<std::int64_t> Change(std::string_view sql, std::initializer_list<SqlValue> values = {});

  // False also after an error that made SQLite undo the transaction, as that of a full disk does.
  bool in_transaction() const;
  // Rows changed on this connection since it was opened.
  std::int64_t total_changes() const;

 private:
  explicit SqliteDb(sqlite3* db) : db_(db) {}

  sqlite3* db_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace smelt::local
