#include "client/files/external_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/unit/client/scratch_folder.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::SizeIs;

TEST(ResolveExternalFiles, FindsFilesBesideAndBelowTheModel) {
  const ScratchFolder folder;
  const std::string model = folder.Write("m.onnx", "model");
  folder.Write("w.bin", "1");
  folder.Write("sub/v.bin", "2");
  const auto files = ResolveExternalFiles(model, {"sub/v.bin", "w.bin"});
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  ASSERT_THAT(*files, SizeIs(2));
  EXPECT_EQ((*files)[0].location, "sub/v.bin");
  EXPECT_EQ(ReadFile((*files)[0].path), "2");
}

TEST(ResolveExternalFiles, NamesAllMissingFilesAtOnce) {
  const ScratchFolder folder;
  const std::string model = folder.Write("m.onnx", "model");
  folder.Write("here.bin", "1");
  const auto files = ResolveExternalFiles(model, {"a.bin", "b.bin", "here.bin"});
  EXPECT_EQ(files.status().reason(), Reason::kExternalDataMissing);
  EXPECT_THAT(std::string(files.status().message()), HasSubstr("'a.bin', 'b.bin'"));
  EXPECT_THAT(std::string(files.status().message()), testing::Not(HasSubstr("here.bin")));
}

class EscapingLocation : public testing::TestWithParam<std::string> {};

TEST_P(EscapingLocation, IsRefusedEvenWhenTheFileExists) {
  const ScratchFolder folder;
  folder.Write("secret", "s");
  const std::string model = folder.Write("models/m.onnx", "model");
  const auto files = ResolveExternalFiles(model, {GetParam()});
  EXPECT_EQ(files.status().reason(), Reason::kExternalPathEscapes);
}

INSTANTIATE_TEST_SUITE_P(All, EscapingLocation,
                         testing::Values("../secret", "x/../../secret", "/etc/passwd", "..",
                                         "models/../w", "..\\secret", "C:\\w", ".", "./../secret",
                                         std::string("w\0.bin", 6)));

TEST(ResolveExternalFiles, NamesInTheBundleArePlainRelativePaths) {
  const ScratchFolder folder;
  const std::string model = folder.Write("m.onnx", "model");
  folder.Write("w.bin", "1");
  folder.Write("sub/v.bin", "2");
  const auto files = ResolveExternalFiles(model, {"./w.bin", ".//sub/./v.bin", "sub\\v.bin"});
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  ASSERT_THAT(*files, SizeIs(3));
  EXPECT_EQ((*files)[0].location, "w.bin");
  EXPECT_EQ((*files)[1].location, "sub/v.bin");
  EXPECT_EQ((*files)[2].location, "sub/v.bin");
  EXPECT_EQ(ReadFile((*files)[2].path), "2");
}

TEST(ResolveExternalFiles, LinkOutOfTheFolderIsRefused) {
  const ScratchFolder folder;
  folder.Write("secret", "s");
  const std::string model = folder.Write("models/m.onnx", "model");
  fs::create_symlink(folder / "secret", folder.path() / "models" / "w.bin");
  EXPECT_EQ(ResolveExternalFiles(model, {"w.bin"}).status().reason(), Reason::kExternalPathEscapes);
}

TEST(ResolveExternalFiles, LinksOfADownloadCacheAreFollowed) {
  const ScratchFolder folder;
  folder.Write("blobs/1", "model");
  folder.Write("blobs/2", "weights");
  fs::create_directories(folder.path() / "snapshot");
  fs::create_symlink("../blobs/1", folder.path() / "snapshot" / "m.onnx");
  fs::create_symlink("../blobs/2", folder.path() / "snapshot" / "m.data");
  const auto files = ResolveExternalFiles(folder / "snapshot/m.onnx", {"m.data"});
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  EXPECT_EQ(ReadFile(files->front().path), "weights");
}

TEST(ResolveExternalFiles, FolderInPlaceOfAFileIsMissing) {
  const ScratchFolder folder;
  const std::string model = folder.Write("m.onnx", "model");
  folder.Write("w/inner", "");
  EXPECT_EQ(ResolveExternalFiles(model, {"w"}).status().reason(), Reason::kExternalDataMissing);
}

TEST(ResolveExternalFiles, ModelWithoutFolderLooksInTheCurrentOne) {
  EXPECT_EQ(ResolveExternalFiles("m.onnx", {"no such file"}).status().reason(),
            Reason::kExternalDataMissing);
}

TEST(RefuseExternalFiles, StandardInputHasNoFolder) {
  EXPECT_TRUE(RefuseExternalFiles({}).ok());
  EXPECT_EQ(RefuseExternalFiles({"w.bin"}).reason(), Reason::kExternalDataMissing);
}

}  // namespace
}  // namespace smelt::client
