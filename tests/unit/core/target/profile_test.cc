#include "core/target/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/ir/op_table.h"

namespace smelt::target {
namespace {

using ir::DType;
using ir::OpKind;

TEST(Profile, TheDefaultIsFoundByName) {
  const auto found = FindProfile("litert");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, AllProfiles().front());
}

TEST(Profile, AnUnknownNameListsTheKnownOnes) {
  const auto found = FindProfile("tpu");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().reason(), Reason::kInvalidArgument);
  EXPECT_NE(found.status().message().find("litert"), std::string_view::npos);
}

TEST(Profile, RowsAreOrderedAndComplete) {
  const Profile& litert = *AllProfiles().front();
  EXPECT_TRUE(std::ranges::is_sorted(litert.operators, {}, &OperatorSupport::kind));
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!ir::IsTfliteBuiltin(info.kind)) {
      EXPECT_EQ(litert.Find(info.kind), nullptr) << info.name;
      continue;
    }
    const OperatorSupport* row = litert.Find(info.kind);
    ASSERT_NE(row, nullptr) << info.name;
    EXPECT_NE(row->types, 0U) << info.name;
    EXPECT_GE(row->max_version, 1) << info.name;
  }
}

TEST(Profile, LeavesOutWhatLoadsAndThenGoesWrong) {
  const Profile& litert = *AllProfiles().front();
  const auto takes = [&](OpKind kind, DType dtype) {
    return (litert.Find(kind)->types & Bit(dtype)) != 0;
  };
  EXPECT_TRUE(takes(OpKind::kAdd, DType::kI64));
  EXPECT_FALSE(takes(OpKind::kAdd, DType::kI8));        // aborts
  EXPECT_FALSE(takes(OpKind::kMul, DType::kU8));        // zeros
  EXPECT_FALSE(takes(OpKind::kDiv, DType::kI64));       // refused
  EXPECT_FALSE(takes(OpKind::kNotEqual, DType::kI16));  // wrong
  EXPECT_TRUE(takes(OpKind::kTranspose, DType::kF64));
  EXPECT_FALSE(takes(OpKind::kCast, DType::kU64));
  EXPECT_EQ(litert.Find(OpKind::kSoftmax)->max_rank, 6);
  EXPECT_EQ(litert.Find(OpKind::kConv2d)->max_version, 8);
}

TEST(Profile, TypeNamesFollowTheTypeNumbers) {
  EXPECT_EQ(TypeNames(Bit(DType::kI64) | Bit(DType::kF32) | Bit(DType::kI32)), "f32 i32 i64");
  EXPECT_EQ(TypeNames(0), "");
}

TEST(Profile, TheTableHasOneRowAnOperator) {
  const Profile& litert = *AllProfiles().front();
  const std::string table = SupportTable(litert);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(table, '\n')), litert.operators.size() + 2);
  EXPECT_NE(table.find("| DIV | f32 f16 i32 | 8 | 2 |\n"), std::string::npos);
}

}  // namespace
}  // namespace smelt::target
