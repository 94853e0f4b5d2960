#include "core/export/tflite/runtime_versions.h"

#include <gtest/gtest.h>

#include "core/ir/op_table.h"
#include "core/target/profile.h"

namespace smelt::tflite_export {
namespace {

using ir::OpKind;

TEST(RuntimeVersions, LooksUpPairs) {
  EXPECT_EQ(RuntimeVersionOf(OpKind::kConv2d, 1), "1.5");
  EXPECT_EQ(RuntimeVersionOf(OpKind::kConv2d, 6), "2.9");
  EXPECT_EQ(RuntimeVersionOf(OpKind::kTranspose, 7), "2.14.4");
  EXPECT_EQ(RuntimeVersionOf(OpKind::kBroadcastTo, 1), "");
  EXPECT_EQ(RuntimeVersionOf(OpKind::kConv2d, 99), "");
}

TEST(RuntimeVersions, EveryOperatorOfTheProfileHasItsHighestVersion) {
  for (const target::OperatorSupport& row : target::AllProfiles().front()->operators) {
    EXPECT_NE(RuntimeVersionOf(row.kind, row.max_version), "") << ir::GetOpInfo(row.kind).name;
    EXPECT_EQ(RuntimeVersionOf(row.kind, row.max_version + 1), "") << ir::GetOpInfo(row.kind).name;
  }
}

TEST(RuntimeVersions, ComponentsCompareAsNumbers) {
  EXPECT_TRUE(OlderRuntime("1.14", "2.1"));
  EXPECT_TRUE(OlderRuntime("2.9", "2.10"));
  EXPECT_FALSE(OlderRuntime("2.10", "2.9"));
  EXPECT_TRUE(OlderRuntime("2.14", "2.14.4"));
  EXPECT_FALSE(OlderRuntime("2.14", "2.14.0"));
  EXPECT_TRUE(OlderRuntime("", "1.5"));
}

}  // namespace
}  // namespace smelt::tflite_export
