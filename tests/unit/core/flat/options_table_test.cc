#include "core/flat/options_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "core/ir/op_table.h"

namespace smelt::flat {
namespace {

using ir::AttrType;
using ir::OpKind;

// Attributes that the IR has and the file's option tables have no field for.
bool NotStored(OpKind kind, std::string_view attr) {
  return kind != OpKind::kCast && attr == "out_data_type";
}

AttrType TypeOf(Storage storage) {
  switch (storage) {
    case Storage::kBool:
      return AttrType::kBool;
    case Storage::kEnum:
    case Storage::kDType:
    case Storage::kString:
    case Storage::kOwn:
      return AttrType::kString;
    case Storage::kI32:
    case Storage::kRegion:
      return AttrType::kInt;
    case Storage::kF32:
      return AttrType::kFloat;
    case Storage::kI32Vector:
      return AttrType::kInts;
  }
  return AttrType::kInt;
}

TEST(OptionsTable, EveryFieldIsAnAttributeOfItsOperator) {
  int fields = 0;
  for (const ir::OpInfo& info : ir::AllOps()) {
    const OptionsTable* table = FindOptions(info.kind);
    if (table == nullptr) continue;
    for (const OptionField& field : table->fields) {
      if (field.storage == Storage::kRegion || field.storage == Storage::kOwn) continue;
      const auto spec = std::ranges::find(info.attrs, field.attr, &ir::AttrSpec::name);
      ASSERT_NE(spec, info.attrs.end()) << info.name << "." << field.attr;
      EXPECT_EQ(spec->type, TypeOf(field.storage)) << info.name << "." << field.attr;
      ++fields;
    }
  }
  EXPECT_GT(fields, 80);
}

TEST(OptionsTable, EveryAttributeOfABuiltinIsStored) {
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!ir::IsTfliteBuiltin(info.kind)) continue;
    const OptionsTable* table = FindOptions(info.kind);
    for (const ir::AttrSpec& spec : info.attrs) {
      if (NotStored(info.kind, spec.name)) continue;
      ASSERT_NE(table, nullptr) << info.name;
      EXPECT_NE(std::ranges::find(table->fields, spec.name, &OptionField::attr),
                table->fields.end())
          << info.name << "." << spec.name;
    }
  }
}

TEST(OptionsTable, SlotsOfATableDiffer) {
  for (const ir::OpInfo& info : ir::AllOps()) {
    const OptionsTable* table = FindOptions(info.kind);
    if (table == nullptr) continue;
    std::set<int> slots;
    for (const OptionField& field : table->fields) {
      EXPECT_TRUE(slots.insert(field.slot).second) << info.name;
    }
  }
}

TEST(OptionsTable, KnowsTheFormatsNumbers) {
  const OptionsTable* conv = FindOptions(OpKind::kConv2d);
  ASSERT_NE(conv, nullptr);
  EXPECT_EQ(conv->union_index, 1);
  EXPECT_EQ(conv->tag, 1);
  EXPECT_EQ(conv->fields[4].attr, "dilation_w_factor");
  EXPECT_EQ(conv->fields[4].fallback, 1);
  EXPECT_EQ(FindOptions(OpKind::kGelu)->tag, 116);
  EXPECT_EQ(FindOptions(OpKind::kReduceAll)->tag, FindOptions(OpKind::kMean)->tag);
  // Its first two slots are dead.
  EXPECT_EQ(FindOptions(OpKind::kResizeBilinear)->fields[0].slot, 2);
  EXPECT_EQ(FindOptions(OpKind::kLogistic), nullptr);
  EXPECT_EQ(FindOptions(OpKind::kComposite), nullptr);
  EXPECT_EQ(FindOptions(OpKind::kStablehloComposite)->union_index, 2);
  EXPECT_EQ(FindOptions(OpKind::kStablehloComposite)->tag, 21);
}

TEST(OptionsTable, EnumeratorsGoBothWays) {
  const OptionField& padding = FindOptions(OpKind::kMaxPool2d)->fields[0];
  EXPECT_EQ(EnumValue(padding.names, "VALID"), 1);
  EXPECT_EQ(EnumName(padding.names, 0), "SAME");
  EXPECT_EQ(EnumName(padding.names, 2), std::nullopt);
  EXPECT_EQ(EnumName(padding.names, -1), std::nullopt);
  EXPECT_EQ(EnumValue(padding.names, "same"), std::nullopt);
  const OptionField& activation = FindOptions(OpKind::kAdd)->fields[0];
  EXPECT_EQ(EnumValue(activation.names, "RELU6"), 3);
}

}  // namespace
}  // namespace smelt::flat
