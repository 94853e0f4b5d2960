#include "core/base/command_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smelt {
namespace {

using testing::ElementsAre;

TEST(SeparateEmptyValues, MakesAnEmptyValueAWord) {
  EXPECT_THAT(SeparateEmptyValues({"--a=", "--b", "--c=1", "-d=", "--e=f="}),
              ElementsAre("--a", "", "--b", "--c=1", "-d=", "--e=f="));
}

TEST(SeparateEmptyValues, LeavesWhatIsNoOption) {
  EXPECT_THAT(SeparateEmptyValues({"a=", "--", "--a="}), ElementsAre("a=", "--", "--a="));
  EXPECT_THAT(SeparateEmptyValues({}), testing::IsEmpty());
}

}  // namespace
}  // namespace smelt
