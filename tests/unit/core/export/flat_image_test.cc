#include "core/export/tflite/flat_image.h"

#include <gtest/gtest.h>

#include <string>

namespace smelt::tflite_export {
namespace {

std::uint32_t U32(const FlatImage& image, std::size_t at) {
  return LoadUnaligned<std::uint32_t>(image.bytes().data() + at);
}

TEST(FlatImage, BeginsWithRootAndIdentifier) {
  FlatImage image;
  const Position table = image.AddTable({});
  image.PointRoot(table);
  EXPECT_EQ(U32(image, 0), table);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(image.bytes().data()) + 4, 4), "TFL3");
}

TEST(FlatImage, EqualVtablesAreShared) {
  FlatImage image;
  TableFields fields;
  fields.U32(2, 7);
  const Position first = image.AddTable(fields);
  const std::uint64_t size = image.size();
  const Position second = image.AddTable(fields);
  EXPECT_EQ(image.size() - size, 8U);  // offset to the vtable and the field
  const auto vtable = [&](Position table) {
    return static_cast<std::int64_t>(table) -
           LoadUnaligned<std::int32_t>(image.bytes().data() + table);
  };
  EXPECT_EQ(vtable(first), vtable(second));
}

TEST(FlatImage, ScalarsAreAlignedFromTheStartOfTheFile) {
  FlatImage image;
  image.AddString("odd");
  TableFields fields;
  fields.U8(0, 1);
  fields.U64(1, 0x1122334455667788U);
  fields.U32(2, 5);
  const Position table = image.AddTable(fields);
  EXPECT_EQ(table % 4, 0U);
  image.SetU64(table, 1, 42);
  // The wide field comes first, four bytes into the table.
  EXPECT_EQ((table + 4) % 8, 0U);
  EXPECT_EQ(LoadUnaligned<std::uint64_t>(image.bytes().data() + table + 4), 42U);
  EXPECT_EQ(U32(image, table + 12), 5U);
}

TEST(FlatImage, VectorElementsAreAlignedBehindTheirCount) {
  FlatImage image;
  image.AddString("");
  const std::int64_t wide[] = {1, -2};
  const Position vector = image.AddVector(std::span<const std::int64_t>(wide));
  EXPECT_EQ((vector + 4) % 8, 0U);
  EXPECT_EQ(U32(image, vector), 2U);
  EXPECT_EQ(LoadUnaligned<std::int64_t>(image.bytes().data() + vector + 12), -2);
}

TEST(FlatImage, StringsEndWithAnUncountedZero) {
  FlatImage image;
  const Position text = image.AddString("abcd");
  EXPECT_EQ(U32(image, text), 4U);
  EXPECT_EQ(image.bytes()[text + 8], std::byte{0});
  EXPECT_EQ(image.size(), text + 9U);
}

TEST(FlatImage, ReferencesAreRelativeToThemselves) {
  FlatImage image;
  TableFields fields;
  fields.Reference(0);
  const Position table = image.AddTable(fields);
  const Position list = image.AddReferences(2);
  image.Point(table, 0, list);
  EXPECT_EQ(table + 4 + U32(image, table + 4), list);
  const Position text = image.AddString("x");
  image.PointElement(list, 1, text);
  EXPECT_EQ(list + 8 + U32(image, list + 8), text);
}

}  // namespace
}  // namespace smelt::tflite_export
