#include "core/base/utf8.h"

#include <gtest/gtest.h>

namespace smelt {
namespace {

TEST(Utf8, BytesThatAreNoneAreReplaced) {
  const std::string good = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82";
  EXPECT_TRUE(IsUtf8(good));
  EXPECT_EQ(ToUtf8(good), good);
  EXPECT_FALSE(IsUtf8("caf\xe9"));
  EXPECT_EQ(ToUtf8("a\xff\xc0\x80z\xed\xa0\x80"), "a???z???");
}

TEST(Utf8, IsCutBetweenCharacters) {
  EXPECT_EQ(ClipUtf8("abc", 3), "abc");
  EXPECT_EQ(ClipUtf8("abcd", 3), "abc");
  EXPECT_EQ(ClipUtf8("a\xe2\x82\xac", 3), "a");
  EXPECT_EQ(ClipUtf8("\xe2\x82\xac", 2), "");
}

}  // namespace
}  // namespace smelt
