#include "core/ir/op_table.h"

#include <set>

#include "tests/unit/core/ir/infer/infer_op.h"

namespace smelt::ir::testing {
namespace {

TEST(OpTable, NamesAndKindsFindEachOther) {
  std::set<std::string_view> names;
  for (const OpInfo& info : AllOps()) {
    EXPECT_EQ(&GetOpInfo(info.kind), &info);
    EXPECT_EQ(OpKindFromName(info.name), info.kind) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
  }
  EXPECT_EQ(OpKindFromName("CONV_9D"), std::nullopt);
  EXPECT_EQ(OpKindFromName(""), std::nullopt);
  EXPECT_EQ(GetOpInfo(OpKind::kStridedSlice).name, "STRIDED_SLICE");
}

TEST(OpTable, RowsAreConsistent) {
  for (const OpInfo& info : AllOps()) {
    EXPECT_GE(info.min_operands, 0) << info.name;
    EXPECT_TRUE(info.max_operands == -1 || info.max_operands >= info.min_operands) << info.name;
    std::set<std::string_view> names;
    for (const AttrSpec& attr : info.attrs) {
      EXPECT_TRUE(names.insert(attr.name).second) << info.name << " " << attr.name;
    }
  }
}

TEST(OpTable, CountsOperands) {
  SymbolTable symbols;
  const TensorType x = F32({1});
  EXPECT_EQ(Infer(symbols, OpKind::kAdd, {}, {x}), "missing_input");
  EXPECT_EQ(Infer(symbols, OpKind::kAdd, {}, {x, x, x}), "too_many_inputs");
  EXPECT_EQ(Infer(symbols, OpKind::kAdd, {}, {x, Operand()}), "missing_input");
  EXPECT_EQ(Infer(symbols, OpKind::kConcatenation, {}, {x, Operand(), x}), "missing_input");
  EXPECT_EQ(Infer(symbols, OpKind::kConcatenation, {}, {}), "missing_input");
}

}  // namespace
}  // namespace smelt::ir::testing
