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

TEST(RuntimeVersions, KnowsBuiltinsWithoutAKind) {
  EXPECT_EQ(RuntimeVersionOfBuiltin(3, 6), "2.9");      // CONV_2D
  EXPECT_EQ(RuntimeVersionOfBuiltin(44, 1), "1.13.1");  // UNIDIRECTIONAL_SEQUENCE_LSTM
  EXPECT_EQ(RuntimeVersionOfBuiltin(44, 4), "2.12");
  EXPECT_EQ(RuntimeVersionOfBuiltin(44, 5), "");
  EXPECT_EQ(RuntimeVersionOfBuiltin(44, 0), "");
  EXPECT_EQ(RuntimeVersionOfBuiltin(12, 2), "");  // L2_POOL_2D has one
  EXPECT_EQ(RuntimeVersionOfBuiltin(700, 1), "");
}

// Its own table answers for it.
TEST(RuntimeVersions, BuiltinsWithAKindAreInOneTable) {
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!ir::IsTfliteBuiltin(info.kind)) continue;
    for (int version = 1; version <= 9; ++version) {
      EXPECT_EQ(RuntimeVersionOfBuiltin(static_cast<int>(info.kind), version),
                RuntimeVersionOf(info.kind, version))
          << info.name;
    }
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
