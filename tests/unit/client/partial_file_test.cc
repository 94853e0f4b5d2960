#include "client/files/partial_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <span>

#include "tests/unit/client/scratch_folder.h"

namespace smelt::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Status Append(PartialFile& file, std::string_view text) {
  return file.Append(std::as_bytes(std::span(text.data(), text.size())));
}

TEST(PartialFile, RunsWithOneNameDoNotMixAndTheLastOneWins) {
  const ScratchFolder folder;
  const std::string path = folder / "out";
  Result<PartialFile> first = PartialFile::Create(path);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(Append(*first, "first ").ok());
  Result<PartialFile> second = PartialFile::Create(path);
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(Append(*second, "other ").ok());
  ASSERT_TRUE(Append(*first, "run").ok());
  ASSERT_TRUE(first->Publish().ok());
  EXPECT_EQ(ReadFile(path), "first run");
  ASSERT_TRUE(Append(*second, "one").ok());
  ASSERT_TRUE(second->Publish().ok());
  EXPECT_EQ(ReadFile(path), "other one");
  EXPECT_THAT(folder.Names("."), ElementsAre("out"));
}

TEST(PartialFile, IsGoneUnlessPublished) {
  const ScratchFolder folder;
  {
    Result<PartialFile> file = PartialFile::Create(folder / "out");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Append(*file, "half").ok());
  }
  EXPECT_THAT(folder.Names("."), IsEmpty());
}

TEST(PartialFile, TakesTheLongestNameAndThePermissionsOfAnyNewFile) {
  const ScratchFolder folder;
  const std::string path = folder / std::string(255, 'n');
  const mode_t mask = ::umask(0022);
  Result<PartialFile> file = PartialFile::Create(path);
  ::umask(mask);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  ASSERT_TRUE(file->Publish().ok());
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0644u);
}

TEST(PartialFile, FolderThatIsNotThereIsAnError) {
  const ScratchFolder folder;
  const auto file = PartialFile::Create(folder / "none/out");
  EXPECT_EQ(file.status().reason(), Reason::kIoError);
  EXPECT_THAT(std::string(file.status().message()), testing::HasSubstr(folder / "none/out"));
}

}  // namespace
}  // namespace smelt::client
