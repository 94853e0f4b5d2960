// Cuts the power after every single operation that the blob store makes on the disk, loses what was
// not synced in each way a disk may, starts again and checks every promise made before.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/local/file_blob_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/local/blob_fixture.h"

namespace smelt::local {
namespace {

using test::FaultFs;
using test::Loss;

struct Promises {
  std::vector<Digest> stored;                      // a call said so
  std::map<std::string, std::uint64_t> committed;  // upload -> bytes a call said
};

class Bench {
 public:
  Status Start() {
    store_.reset();
    BlobStoreOptions options;
    options.directory = directory_.path();
    options.sync_every_bytes = 256;
    SMELT_ASSIGN_OR_RETURN(
        store_, FileBlobStore::Open(options, {fs_, clock_, store_metrics_, blob_metrics_}));
    return Status::Ok();
  }
  // Power off, power on. The store's descriptors die with its process.
  void Restart(Loss loss) {
    store_.reset();
    fs_.Restart(loss);
  }

  Status PutOutput(ByteSpan bytes, Promises& promises) {
    SMELT_ASSIGN_OR_RETURN(auto temp, store_->CreateTemp());
    SMELT_RETURN_IF_ERROR(fs_.WriteAt(temp->fd(), 0, bytes));
    SMELT_ASSIGN_OR_RETURN(const Digest digest, store_->Seal(std::move(temp), std::nullopt));
    promises.stored.push_back(digest);
    return Status::Ok();
  }

  // Sends `bytes` from where the upload stands, in pieces, with a Commit after each `commit_every`.
  Status Upload(const std::string& id, ByteSpan bytes, std::size_t end, Promises& promises) {
    const Digest digest = Digest::Of(bytes);
    SMELT_ASSIGN_OR_RETURN(auto session, store_->OpenUpload(id, digest));
    if (!session->status().sealed) {
      for (std::size_t at = session->status().committed_bytes; at < end; at += 100) {
        SMELT_RETURN_IF_ERROR(
            session->Append(at, bytes.subspan(at, std::min<std::size_t>(100, end - at))));
      }
      if (end < bytes.size()) {
        SMELT_RETURN_IF_ERROR(session->Commit());
        promises.committed[id] = session->status().committed_bytes;
        return Status::Ok();
      }
      SMELT_RETURN_IF_ERROR(session->Seal());
    }
    promises.stored.push_back(digest);
    promises.committed.erase(id);
    return Status::Ok();
  }

  // Everything that the store can do, in one life of the daemon.
  Status Work(Promises& promises) {
    SMELT_RETURN_IF_ERROR(Start());
    SMELT_RETURN_IF_ERROR(PutOutput(output_, promises));
    SMELT_RETURN_IF_ERROR(Upload("small", small_, small_.size(), promises));
    SMELT_RETURN_IF_ERROR(Upload("large", large_, 450, promises));
    SMELT_RETURN_IF_ERROR(Upload("partial", partial_, 150, promises));
    SMELT_RETURN_IF_ERROR(Upload("large", large_, 700, promises));
    SMELT_RETURN_IF_ERROR(Upload("large", large_, large_.size(), promises));
    return PutOutput(output_, promises);
  }

  void CheckPromises(const Promises& promises) {
    for (const Digest& digest : promises.stored) {
      EXPECT_TRUE(Missing(digest).empty()) << "lost blob " << digest.Hex();
    }
    for (const auto& [id, committed] : promises.committed) {
      const bool sealed = id == "large" && Missing(Digest::Of(large_)).empty();
      if (sealed) continue;
      const auto status = store_->QueryUpload(id);
      ASSERT_TRUE(status.ok()) << id << ": " << status.status().ToString();
      EXPECT_GE(status->committed_bytes, committed) << id;
    }
    EXPECT_TRUE(fs_.List(directory_ / "tmp").value().empty());
  }

  // What is said to be stored is readable and right.
  void CheckBlobs(Promises* said) {
    for (const auto* bytes : {&output_, &small_, &large_, &partial_}) {
      const Digest digest = Digest::Of(*bytes);
      if (!Missing(digest).empty()) continue;
      const auto fd = store_->Open(digest);
      ASSERT_TRUE(fd.ok()) << fd.status().ToString();
      std::vector<std::byte> read(bytes->size());
      ASSERT_EQ(fs_.ReadAt(fd->get(), 0, read).value(), read.size());
      EXPECT_EQ(read, *bytes);
      said->stored.push_back(digest);
    }
  }

  // Every blob can be brought to its end, whatever was lost.
  void FinishAll(Promises* said) {
    EXPECT_TRUE(PutOutput(output_, *said).ok());
    EXPECT_TRUE(Upload("small", small_, small_.size(), *said).ok());
    EXPECT_TRUE(Upload("partial", partial_, partial_.size(), *said).ok());
    EXPECT_TRUE(Upload("large", large_, large_.size(), *said).ok());
    CheckBlobs(said);
  }

  FaultFs& fs() { return fs_; }

 private:
  std::vector<Digest> Missing(const Digest& digest) {
    return store_->FindMissing({&digest, 1}).value();
  }

  test::TempDir directory_{test::MemoryBackedTemp()};  // FaultFs needs no real disk
  FaultFs fs_{directory_.path()};
  test::FakeClock clock_;
  jobs::StoreMetrics store_metrics_;
  jobs::BlobMetrics blob_metrics_;
  std::unique_ptr<FileBlobStore> store_;
  const std::vector<std::byte> output_ = Pattern(333, 1);
  const std::vector<std::byte> small_ = Pattern(200, 2);
  const std::vector<std::byte> large_ = Pattern(1000, 3);
  const std::vector<std::byte> partial_ = Pattern(500, 4);
};

std::size_t OperationsOfWork() {
  Bench bench;
  Promises promises;
  const Status done = bench.Work(promises);
  EXPECT_TRUE(done.ok()) << done.ToString();
  EXPECT_EQ(promises.stored.size(), 4u);
  EXPECT_EQ(promises.committed, (std::map<std::string, std::uint64_t>{{"partial", 150}}));
  return bench.fs().operations();
}

TEST(PowerCut, NoPromiseIsBrokenByACutAfterAnyOperation) {
  const std::size_t operations = OperationsOfWork();
  ASSERT_GT(operations, 40u);
  for (const Loss loss : test::kAllLosses) {
    for (std::size_t cut = 0; cut <= operations; ++cut) {
      SCOPED_TRACE("loss " + std::to_string(static_cast<int>(loss)) + ", cut after operation " +
                   std::to_string(cut));
      Bench bench;
      bench.fs().CutAfter(cut);
      Promises promises;
      const Status done = bench.Work(promises);
      // The last operation only tidies up.
      ASSERT_EQ(done.ok(), cut + 1 >= operations) << done.ToString();
      bench.Restart(loss);
      const Status started = bench.Start();
      ASSERT_TRUE(started.ok()) << started.ToString();
      bench.CheckPromises(promises);
      Promises said;
      bench.CheckBlobs(&said);
      bench.FinishAll(&said);
    }
  }
}

// A process that was killed may leave names and bytes that are not synced. What the next one says
// about them must hold when the power goes then.
TEST(PowerCut, WhatARestartedStoreSaysIsDurable) {
  const std::size_t operations = OperationsOfWork();
  for (std::size_t run = 0; run <= 2 * operations; ++run) {
    const std::size_t cut = run / 2;
    const bool finish = run % 2 == 1;
    SCOPED_TRACE("killed after operation " + std::to_string(cut));
    Bench bench;
    bench.fs().CutAfter(cut);
    Promises promises;
    static_cast<void>(bench.Work(promises));
    bench.Restart(Loss::kNothing);
    ASSERT_TRUE(bench.Start().ok());
    Promises said;
    bench.CheckBlobs(&said);
    // Going on where the killed process stopped, also in folders that it left unsynced.
    if (finish) {
      ASSERT_TRUE(bench.Work(said).ok());
    }
    bench.Restart(Loss::kUnsynced);
    ASSERT_TRUE(bench.Start().ok());
    bench.CheckPromises(said);
  }
}

// The start itself can be cut too.
TEST(PowerCut, StartSurvivesACutAfterAnyOperation) {
  for (std::size_t cut = 0; cut < 60; ++cut) {
    SCOPED_TRACE("start cut after operation " + std::to_string(cut));
    Bench bench;
    Promises promises;
    ASSERT_TRUE(bench.Work(promises).ok());
    bench.Restart(Loss::kUnsynced);
    bench.fs().CutAfter(cut);
    static_cast<void>(bench.Start());
    bench.Restart(Loss::kUnsynced);
    ASSERT_TRUE(bench.Start().ok());
    bench.CheckPromises(promises);
  }
}

}  // namespace
}  // namespace smelt::local
