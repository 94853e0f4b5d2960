#include "core/flat/builtin_operators.h"

#include <gtest/gtest.h>

#include "core/ir/op_table.h"

namespace smelt::flat {
namespace {

// The IR has its builtins' names from the same place.
TEST(BuiltinOperators, AgreeWithTheOperatorTable) {
  int compared = 0;
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!ir::IsTfliteBuiltin(info.kind)) continue;
    EXPECT_EQ(BuiltinOperatorName(static_cast<int>(info.kind)), info.name);
    ++compared;
  }
  EXPECT_GT(compared, 100);
}

TEST(BuiltinOperators, NamesOnlyWhatTheFormatNames) {
  EXPECT_EQ(BuiltinOperatorName(kCustomOperator), "CUSTOM");
  EXPECT_EQ(BuiltinOperatorName(44), "UNIDIRECTIONAL_SEQUENCE_LSTM");
  EXPECT_EQ(BuiltinOperatorName(209), "STABLEHLO_CASE");
  EXPECT_EQ(BuiltinOperatorName(210), "");
  EXPECT_EQ(BuiltinOperatorName(-1), "");
}

}  // namespace
}  // namespace smelt::flat
