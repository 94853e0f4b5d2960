#include "server/local/ledger.h"

#include <chrono>
#include <cstddef>
#include <utility>

#include "server/local/migrations.h"

namespace smelt::local {
namespace {

constexpr std::size_t kMaxGroup = 256;
constexpr std::size_t kMaxIdleReaders = 8;

Status QuickCheck(SqliteDb& db) {
  SMELT_ASSIGN_OR_RETURN(Query query, db.Select("PRAGMA quick_check(1)"));
  SMELT_ASSIGN_OR_RETURN(const bool row, query.Next());
  if (row && query.Text(0) == "ok") return Status::Ok();
  return Status(Reason::kIoError,
                "the ledger is damaged: " + std::string(row ? query.Text(0) : "no answer"),
                "Restore ledger.sqlite from a backup, or start with an empty state directory.");
}

}  // namespace

struct Ledger::Request {
  const Work* work;
  Status status;
  bool done = false;
};

Result<std::unique_ptr<Ledger>> Ledger::Open(const std::string& path, jobs::StoreMetrics& metrics) {
  SMELT_ASSIGN_OR_RETURN(auto writer, SqliteDb::Open(path, SqliteDb::Mode::kWriter));
  SMELT_RETURN_IF_ERROR(QuickCheck(*writer));
  SMELT_RETURN_IF_ERROR(Migrate(*writer));
  return std::unique_ptr<Ledger>(new Ledger(path, std::move(writer), metrics));
}

Ledger::Ledger(std::string path, std::unique_ptr<SqliteDb> writer, jobs::StoreMetrics& metrics)
    : path_(std::move(path)),
      writer_(std::move(writer)),
      metrics_(metrics),
      thread_([this] { WriterLoop(); }) {}

Ledger::~Ledger() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Status Ledger::Write(const Work& work) {
  Request request{.work = &work, .status = {}};
  std::unique_lock lock(mutex_);
  queue_.push_back(&request);
  wake_.notify_one();
  done_.wait(lock, [&] { return request.done; });
  return std::move(request.status);
}

void Ledger::WriterLoop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::vector<Request*> group;
    while (!queue_.empty() && group.size() < kMaxGroup) {
      group.push_back(queue_.front());
      queue_.pop_front();
    }
    lock.unlock();
    CommitGroup(group);
    lock.lock();
    for (Request* request : group) request->done = true;
    done_.notify_all();
  }
}

void Ledger::CommitGroup(const std::vector<Request*>& group) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t changes = writer_->total_changes();
  Status committed = RunGroup(group);
  if (!committed.ok()) {
    // Nothing of the group lasts, whatever its members were told by their own statements.
    if (writer_->in_transaction()) {
      if (Status rolled_back = writer_->Execute("ROLLBACK"); !rolled_back.ok()) {
        committed = std::move(committed).WithContext(rolled_back.ToString());
      }
    }
    for (Request* request : group) {
      if (request->status.ok()) request->status = committed;
    }
    return;
  }
  if (writer_->total_changes() == changes) return;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  metrics_.OnCommit(seconds.count(), group.size());
}

Status Ledger::RunGroup(const std::vector<Request*>& group) {
  SMELT_RETURN_IF_ERROR(writer_->Execute("BEGIN IMMEDIATE"));
  for (Request* request : group) {
    SMELT_RETURN_IF_ERROR(writer_->Execute("SAVEPOINT call"));
    request->status = (*request->work)(*writer_);
    if (!request->status.ok()) {
      if (!writer_->in_transaction()) return request->status;  // SQLite undid the whole group
      SMELT_RETURN_IF_ERROR(writer_->Execute("ROLLBACK TO call"));
    }
    SMELT_RETURN_IF_ERROR(writer_->Execute("RELEASE call"));
  }
  return writer_->Execute("COMMIT");
}

Result<std::unique_ptr<SqliteDb>> Ledger::TakeReader() {
  {
    std::lock_guard lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  return SqliteDb::Open(path_, SqliteDb::Mode::kReader);
}

Status Ledger::Read(const Work& work) {
  SMELT_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDb> reader, TakeReader());
  SMELT_RETURN_IF_ERROR(reader->Execute("BEGIN"));
  Status status = work(*reader);
  // Ends the snapshot; a reader that can't is not used again.
  SMELT_RETURN_IF_ERROR(reader->Execute("COMMIT"));
  std::lock_guard lock(readers_mutex_);
  if (idle_readers_.size() < kMaxIdleReaders) idle_readers_.push_back(std::move(reader));
  return status;
}

}  // namespace smelt::local
