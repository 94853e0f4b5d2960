// Ledger: the SQLite file behind job store and event log. One thread writes and commits in groups
// (all calls that wait at that moment share one transaction and one fsync); readers have
// connections of their own and never wait for the writer.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/metrics.h"
#include "server/local/sqlite_db.h"

namespace smelt::local {

// Safe for calls from any thread; calls block on the disk.
class Ledger {
 public:
  using Work = std::function<Status(SqliteDb&)>;

  // Opens or creates the file, checks it (quick_check) and migrates it. kIoError when it is
  // damaged. `metrics` outlives the ledger.
  static Result<std::unique_ptr<Ledger>> Open(const std::string& path, jobs::StoreMetrics& metrics);
  ~Ledger();

  // Runs `work` on the writer's thread as a part of a transaction and returns when that is durable.
  // When `work` fails, its own changes are undone and its status is returned. When the commit
  // fails, every call of the group returns that and nothing has changed.
  Status Write(const Work& work);

  // Runs `work` on the calling thread, on a consistent snapshot.
  Status Read(const Work& work);

 private:
  struct Request;

  Ledger(std::string path, std::unique_ptr<SqliteDb> writer, jobs::StoreMetrics& metrics);
  void WriterLoop();
  void CommitGroup(const std::vector<Request*>& group);
  Status RunGroup(const std::vector<Request*>& group);
  Result<std::unique_ptr<SqliteDb>> TakeReader();

  const std::string path_;
  const std::unique_ptr<SqliteDb> writer_;
  jobs::StoreMetrics& metrics_;

  std::mutex mutex_;
  std::condition_variable wake_;  // for the writer
  std::condition_variable done_;  // for the callers
  std::deque<Request*> queue_;    // the requests live on their callers' stacks
  bool stopping_ = false;

  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<SqliteDb>> idle_readers_;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smelt::local
