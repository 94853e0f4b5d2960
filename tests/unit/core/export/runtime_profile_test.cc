#include "core/export/tflite/runtime_profile.h"

#include <gtest/gtest.h>

namespace smelt::tflite_export {
namespace {

using ir::OpKind;

const target::Profile& Whole() { return *target::AllProfiles().front(); }

TEST(RuntimeProfile, HoldsTheVersionsOfTheRelease) {
  const auto narrowed = RuntimeProfile::Make(Whole(), "2.4");
  ASSERT_TRUE(narrowed.ok());
  const target::Profile profile = narrowed->profile();
  EXPECT_EQ(profile.runtime, "2.4");
  EXPECT_EQ(profile.name, Whole().name);
  EXPECT_EQ(profile.Find(OpKind::kAdd)->max_version, 3);
  EXPECT_EQ(profile.Find(OpKind::kConv2d)->max_version, 5);
  EXPECT_EQ(profile.Find(OpKind::kConv2d)->types, Whole().Find(OpKind::kConv2d)->types);
  EXPECT_EQ(profile.Find(OpKind::kGelu), nullptr);
}

TEST(RuntimeProfile, ANewReleaseHasEverything) {
  const auto narrowed = RuntimeProfile::Make(Whole(), "99.1.2");
  ASSERT_TRUE(narrowed.ok());
  EXPECT_EQ(narrowed->profile().operators.size(), Whole().operators.size());
}

TEST(RuntimeProfile, KeepsItsRowsWhenMoved) {
  auto made = RuntimeProfile::Make(Whole(), "2.10");
  ASSERT_TRUE(made.ok());
  const RuntimeProfile moved = std::move(made).value();
  EXPECT_EQ(moved.profile().runtime, "2.10");
  EXPECT_NE(moved.profile().Find(OpKind::kGelu), nullptr);
}

TEST(RuntimeProfile, OtherTextIsNoRelease) {
  for (const char* text : {"", "2.", ".4", "2..4", "v2.4", "2.4.1.7", "2.4 ", "99999.1"}) {
    EXPECT_EQ(RuntimeProfile::Make(Whole(), text).status().reason(), Reason::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace smelt::tflite_export
