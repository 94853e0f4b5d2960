#include "server/local/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "server/local/migrations.h"
#include "tests/support/temp_dir.h"

namespace smelt::local {
namespace {

struct CommitMetrics final : jobs::StoreMetrics {
  void OnCommit(double, std::size_t count) override {
    ++commits;
    calls += static_cast<int>(count);
  }
  std::atomic<int> commits = 0;
  std::atomic<int> calls = 0;
};

class LedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open() { return Ledger::Open(path_, metrics_).value(); }
  static Status Insert(SqliteDb& db, std::int64_t value) {
    return db.Change("INSERT INTO numbers VALUES (?)", {value}).status();
  }
  static std::int64_t Count(Ledger& ledger) {
    std::int64_t count = -1;
    const Status read = ledger.Read([&](SqliteDb& db) -> Status {
      SMELT_ASSIGN_OR_RETURN(Query query, db.Select("SELECT count(*) FROM numbers"));
      SMELT_RETURN_IF_ERROR(query.Next().status());
      count = query.Int(0);
      return Status::Ok();
    });
    EXPECT_TRUE(read.ok()) << read.ToString();
    return count;
  }
  static Status MakeTable(Ledger& ledger) {
    return ledger.Write([](SqliteDb& db) {
      return db.Execute("CREATE TABLE numbers (value INTEGER PRIMARY KEY) STRICT");
    });
  }

  test::TempDir directory_;
  const std::string path_ = directory_ / "ledger.sqlite";
  CommitMetrics metrics_;
};

TEST_F(LedgerTest, WritesSurviveReopening) {
  {
    auto ledger = Open();
    ASSERT_TRUE(MakeTable(*ledger).ok());
    ASSERT_TRUE(ledger->Write([](SqliteDb& db) { return Insert(db, 1); }).ok());
  }
  EXPECT_EQ(Count(*Open()), 1);
}

TEST_F(LedgerTest, FullDiskIsSaidInPlainWordsAndOver) {
  auto ledger = Open();
  ASSERT_TRUE(MakeTable(*ledger).ok());
  const auto grow = [](SqliteDb& db) -> Status {
    for (std::int64_t i = 0; i < 10'000; ++i) SMELT_RETURN_IF_ERROR(Insert(db, i));
    return Status::Ok();
  };
  const auto limit = [](const char* pages) {
    return [pages](SqliteDb& db) {
      return db.Select(std::string("PRAGMA max_page_count=") + pages)->Next().status();
    };
  };
  ASSERT_TRUE(ledger->Write(limit("1")).ok());  // the least is what the file has
  const Status full = ledger->Write(grow);
  EXPECT_EQ(full.reason(), Reason::kStorageFull);
  EXPECT_EQ(full.ToString(), "storage_full: the ledger can't be written: its disk is full");
  EXPECT_EQ(Count(*ledger), 0);
  ASSERT_TRUE(ledger->Write(limit("100000")).ok());
  EXPECT_TRUE(ledger->Write(grow).ok());
  EXPECT_EQ(Count(*ledger), 10'000);
}

TEST_F(LedgerTest, FailedCallUndoesItsOwnChangesOnly) {
  auto ledger = Open();
  ASSERT_TRUE(MakeTable(*ledger).ok());
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int i = 0; i < 40; ++i) {
    threads.emplace_back([&, i] {
      const Status status = ledger->Write([i](SqliteDb& db) -> Status {
        SMELT_RETURN_IF_ERROR(Insert(db, i));
        return i % 2 == 0 ? Status::Ok() : Status(Reason::kQueueFull, "no");
      });
      if (status.reason() == Reason::kQueueFull) ++failed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 20);
  EXPECT_EQ(Count(*ledger), 20);
}

TEST_F(LedgerTest, WaitingCallsShareACommit) {
  auto ledger = Open();
  ASSERT_TRUE(MakeTable(*ledger).ok());
  metrics_.commits = 0;
  metrics_.calls = 0;
  std::atomic<bool> release = false;
  // The first call holds the writer until all others wait behind it.
  std::thread first([&] {
    EXPECT_TRUE(ledger
                    ->Write([&](SqliteDb& db) {
                      while (!release) std::this_thread::yield();
                      return Insert(db, 1000);
                    })
                    .ok());
  });
  std::atomic<int> entered = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&, i] {
      ++entered;
      EXPECT_TRUE(ledger->Write([i](SqliteDb& db) { return Insert(db, i); }).ok());
    });
  }
  while (entered < 10) std::this_thread::yield();
  release = true;
  first.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count(*ledger), 11);
  EXPECT_EQ(metrics_.calls, 11);
  EXPECT_LT(metrics_.commits, 11);
}

TEST_F(LedgerTest, ReadersSeeCommittedRowsOnlyAndDoNotWait) {
  auto ledger = Open();
  ASSERT_TRUE(MakeTable(*ledger).ok());
  const Status written = ledger->Write([&](SqliteDb& db) -> Status {
    SMELT_RETURN_IF_ERROR(Insert(db, 1));
    EXPECT_EQ(Count(*ledger), 0);  // within the transaction, on another connection
    return Status::Ok();
  });
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(Count(*ledger), 1);
}

TEST_F(LedgerTest, ReadersCannotWrite) {
  auto ledger = Open();
  ASSERT_TRUE(MakeTable(*ledger).ok());
  EXPECT_FALSE(ledger->Read([](SqliteDb& db) { return Insert(db, 1); }).ok());
  EXPECT_EQ(Count(*ledger), 0);
}

TEST_F(LedgerTest, LedgerIsDurableAndStrict) {
  auto ledger = Open();
  const Status checked = ledger->Write([](SqliteDb& db) -> Status {
    {
      SMELT_ASSIGN_OR_RETURN(Query mode, db.Select("PRAGMA journal_mode"));
      SMELT_RETURN_IF_ERROR(mode.Next().status());
      EXPECT_EQ(mode.Text(0), "wal");
    }
    SMELT_ASSIGN_OR_RETURN(Query sync, db.Select("PRAGMA synchronous"));
    SMELT_RETURN_IF_ERROR(sync.Next().status());
    EXPECT_EQ(sync.Int(0), 2);  // FULL
    const auto wrong = db.Change("INSERT INTO events VALUES (?, ?, ?, ?)",
                                 {std::string_view("id"), std::string_view("not a number"),
                                  std::int64_t{1}, std::int64_t{1}});
    EXPECT_EQ(wrong.status().reason(), Reason::kInternalError);
    return Status::Ok();
  });
  EXPECT_TRUE(checked.ok()) << checked.ToString();
}

TEST_F(LedgerTest, LedgerOfANewerDaemonIsRefused) {
  Open();
  {
    auto db = SqliteDb::Open(path_, SqliteDb::Mode::kWriter).value();
    ASSERT_TRUE(db->Execute("PRAGMA user_version=99").ok());
  }
  EXPECT_EQ(Ledger::Open(path_, metrics_).status().reason(), Reason::kConfigInvalid);
}

TEST_F(LedgerTest, FileThatIsNoLedgerIsRefused) {
  std::ofstream(path_) << std::string(8192, 'x');
  EXPECT_EQ(Ledger::Open(path_, metrics_).status().reason(), Reason::kIoError);
}

TEST_F(LedgerTest, DamagedLedgerIsRefused) {
  {
    auto ledger = Open();
    ASSERT_TRUE(MakeTable(*ledger).ok());
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(ledger->Write([i](SqliteDb& db) { return Insert(db, i); }).ok());
    }
  }  // the last connection moves the log into the file
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = std::filesystem::file_size(path_);
  for (std::uintmax_t page = 4096; page < size; page += 4096) {
    file.seekp(static_cast<std::streamoff>(page));
    file << std::string(200, '\xff');
  }
  file.close();
  EXPECT_FALSE(Ledger::Open(path_, metrics_).ok());
}

TEST(Migrate, IsIdempotent) {
  test::TempDir directory;
  auto db = SqliteDb::Open(directory / "db", SqliteDb::Mode::kWriter).value();
  EXPECT_TRUE(Migrate(*db).ok());
  EXPECT_TRUE(Migrate(*db).ok());
}

}  // namespace
}  // namespace smelt::local
