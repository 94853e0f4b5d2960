#include "core/base/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace smelt {
namespace {

using ::testing::ElementsAre;

class FileSystemTest : public ::testing::Test {
 protected:
  UniqueFd Make(const std::string& name, std::string_view text) {
    UniqueFd fd = fs_.Open(directory_ / name, OpenMode::kCreate).value();
    SMELT_CHECK(fs_.WriteAt(fd.get(), 0, std::as_bytes(std::span(text))).ok());
    return fd;
  }
  std::string Read(int fd, std::uint64_t offset, std::size_t size) {
    std::string text(size, '?');
    const auto out = std::as_writable_bytes(std::span(text));
    text.resize(fs_.ReadAt(fd, offset, out).value());
    return text;
  }

  test::TempDir directory_;
  FileSystem& fs_ = FileSystem::Real();
};

TEST_F(FileSystemTest, WritesAndReadsAtOffsets) {
  const UniqueFd fd = Make("a", "hello world");
  EXPECT_EQ(Read(fd.get(), 6, 3), "wor");
  EXPECT_EQ(Read(fd.get(), 6, 100), "world");
  EXPECT_EQ(Read(fd.get(), 100, 1), "");
  EXPECT_EQ(fs_.Size(fd.get()).value(), 11u);
  EXPECT_TRUE(fs_.Truncate(fd.get(), 5).ok());
  EXPECT_EQ(Read(fd.get(), 0, 100), "hello");
  EXPECT_TRUE(fs_.SyncData(fd.get()).ok());
}

TEST_F(FileSystemTest, CreateNeverOverwrites) {
  Make("a", "x");
  EXPECT_EQ(fs_.Open(directory_ / "a", OpenMode::kCreate).status().reason(), Reason::kIoError);
}

TEST_F(FileSystemTest, OpenNeverCreates) {
  EXPECT_FALSE(fs_.Open(directory_ / "a", OpenMode::kRead).ok());
  EXPECT_FALSE(fs_.Open(directory_ / "a", OpenMode::kReadWrite).ok());
  EXPECT_FALSE(fs_.Stat(directory_ / "a").value().has_value());
}

TEST_F(FileSystemTest, ReadDescriptorsCannotWrite) {
  Make("a", "x");
  const UniqueFd fd = fs_.Open(directory_ / "a", OpenMode::kRead).value();
  EXPECT_FALSE(fs_.WriteAt(fd.get(), 0, std::as_bytes(std::span("y"))).ok());
}

TEST_F(FileSystemTest, RenameReplacesAndRemoveForgives) {
  Make("a", "new");
  Make("b", "old");
  EXPECT_TRUE(fs_.Rename(directory_ / "a", directory_ / "b").ok());
  EXPECT_EQ(Read(fs_.Open(directory_ / "b", OpenMode::kRead)->get(), 0, 9), "new");
  EXPECT_TRUE(fs_.Remove(directory_ / "b").ok());
  EXPECT_TRUE(fs_.Remove(directory_ / "b").ok());
  EXPECT_THAT(fs_.List(directory_.path()).value(), ElementsAre());
}

TEST_F(FileSystemTest, DirectoriesAreMadeOnceAndListedSorted) {
  EXPECT_TRUE(fs_.MakeDirectory(directory_ / "d").value());
  EXPECT_FALSE(fs_.MakeDirectory(directory_ / "d").value());
  EXPECT_FALSE(fs_.MakeDirectory(directory_ / "no/d").ok());
  Make("c", "");
  Make("a", "");
  EXPECT_THAT(fs_.List(directory_.path()).value(), ElementsAre("a", "c", "d"));
  EXPECT_TRUE(fs_.Stat(directory_ / "d").value()->is_directory);
  EXPECT_TRUE(fs_.SyncDirectory(directory_ / "d").ok());
  EXPECT_FALSE(fs_.SyncDirectory(directory_ / "a").ok());
}

TEST_F(FileSystemTest, MessageNamesOperationAndPath) {
  const Status status = fs_.Open(directory_ / "missing", OpenMode::kRead).status();
  EXPECT_EQ(status.message(), "open " + (directory_ / "missing") + ": No such file or directory");
}

TEST_F(FileSystemTest, FullDeviceIsStorageFull) {
  const UniqueFd fd = fs_.Open("/dev/full", OpenMode::kReadWrite).value();
  EXPECT_EQ(fs_.WriteAt(fd.get(), 0, std::as_bytes(std::span("x"))).reason(), Reason::kStorageFull);
}

}  // namespace
}  // namespace smelt
