#include "core/calibrate/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "core/calibrate/array_reader.h"
#include "core/ir/half.h"
#include "tests/unit/core/calibrate/npy_bytes.h"

namespace smelt::calibrate::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ArrayReader Opened(const std::string& text) {
  auto reader = ArrayReader::OpenNpy(Bytes(text));
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  return std::move(reader).value();
}

template <class T>
std::vector<T> All(ArrayReader reader) {
  const auto tensor = reader.Read(reader.header().element_count());
  EXPECT_TRUE(tensor.ok()) << tensor.status().ToString();
  return {tensor->values<T>().begin(), tensor->values<T>().end()};
}

Status WhyNot(const std::string& text) { return ArrayReader::OpenNpy(Bytes(text)).status(); }

TEST(Npy, ReadsEachElementType) {
  const auto type_of = [](const std::string& descr, const std::string& data) {
    ArrayReader reader = Opened(
        NpyText(1, "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (1,)}", data));
    EXPECT_TRUE(reader.Read(1).ok());
    return reader.header().dtype;
  };
  using ir::DType;
  const std::string zeros(8, '\0');
  EXPECT_EQ(type_of("|b1", zeros.substr(0, 1)), DType::kBool);
  EXPECT_EQ(type_of("?", zeros.substr(0, 1)), DType::kBool);
  EXPECT_EQ(type_of("|i1", zeros.substr(0, 1)), DType::kI8);
  EXPECT_EQ(type_of("<i2", zeros.substr(0, 2)), DType::kI16);
  EXPECT_EQ(type_of("<i4", zeros.substr(0, 4)), DType::kI32);
  EXPECT_EQ(type_of("<i8", zeros), DType::kI64);
  EXPECT_EQ(type_of("|u1", zeros.substr(0, 1)), DType::kU8);
  EXPECT_EQ(type_of("<u2", zeros.substr(0, 2)), DType::kU16);
  EXPECT_EQ(type_of("=u4", zeros.substr(0, 4)), DType::kU32);
  EXPECT_EQ(type_of("<u8", zeros), DType::kU64);
  EXPECT_EQ(type_of("<f2", zeros.substr(0, 2)), DType::kF16);
  EXPECT_EQ(type_of("<f4", zeros.substr(0, 4)), DType::kF32);
  EXPECT_EQ(type_of("f8", zeros), DType::kF64);
}

TEST(Npy, ReadsAllVersionsAndPartByPart) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  const std::string data = RawText<float>({1, 2, 3, 4, 5, 6});
  for (const int version : {1, 2, 3}) {
    ArrayReader reader = Opened(NpyText(version, header, data));
    EXPECT_THAT(reader.header().shape, ElementsAre(2, 3));
    EXPECT_EQ(reader.Read(2)->values<float>()[1], 2);
    EXPECT_EQ(reader.Read(0)->element_count(), 0);
    EXPECT_EQ(reader.Read(4)->values<float>()[3], 6);
  }
}

TEST(Npy, ReadsBigEndianElements) {
  EXPECT_THAT(
      All<std::int16_t>(Opened(NpyText(1, "{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}",
                                       {"\1\2\xFF\xFE", 4}))),
      ElementsAre(258, -2));
  EXPECT_THAT(All<float>(Opened(NpyText(1, "{'descr': '>f4', 'fortran_order': False, 'shape': ()}",
                                        {"\x3F\xC0\0\0", 4}))),
              ElementsAre(1.5F));
}

// numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]) holds 1 4 2 5 3 6.
TEST(Npy, TurnsFortranOrder) {
  const std::string header = "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3)}";
  ArrayReader reader = Opened(NpyText(1, header, RawText<std::int32_t>({1, 4, 2, 5, 3, 6})));
  EXPECT_THAT(reader.header().shape, ElementsAre(2, 3));
  EXPECT_EQ(reader.Read(3)->values<std::int32_t>()[1], 2);
  EXPECT_EQ(reader.Read(3)->values<std::int32_t>()[2], 6);
  const std::string big = "{'descr': '>i2', 'fortran_order': True, 'shape': (1, 2)}";
  EXPECT_THAT(All<std::int16_t>(Opened(NpyText(1, big, {"\0\1\0\2", 4}))), ElementsAre(1, 2));
  const std::string cube = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 2)}";
  EXPECT_THAT(All<std::uint8_t>(Opened(NpyText(1, cube, {"\0\4\2\6\1\5\3\7", 8}))),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(Npy, BoolsAreZeroOrOne) {
  ArrayReader copy = Opened(
      NpyText(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", {"\0\1\xFF", 3}));
  const auto tensor = copy.Read(3);
  EXPECT_THAT(tensor->bytes(), ElementsAre(std::byte{0}, std::byte{1}, std::byte{1}));
}

TEST(Npy, ReadsEmptyAndOddlyWrittenArrays) {
  EXPECT_EQ(Opened(Npy<float>("<f4", "0, 4", {})).header().element_count(), 0);
  EXPECT_THAT(All<float>(Opened(
                  NpyText(1, "{\"shape\":(2L,),\"fortran_order\":False , \"descr\":\"<f4\"}   ",
                          RawText<float>({7, 8})))),
              ElementsAre(7, 8));
}

TEST(Npy, RefusesWhatIsBroken) {
  const std::string good = Npy<float>("<f4", "2,", {1, 2});
  ASSERT_TRUE(WhyNot(good).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(WhyNot(good.substr(0, size)).reason(), Reason::kCalibrationDataInvalid) << size;
  }
  EXPECT_THAT(WhyNot(good + "x").ToString(), HasSubstr("9 follow it"));
  for (const std::string header :
       {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': No, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 0)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"}) {
    const Status status = WhyNot(NpyText(1, header, RawText<float>({1, 2})));
    EXPECT_EQ(status.reason(), Reason::kCalibrationDataInvalid) << header;
  }
  for (const std::string descr : {"'<c8'", "'<U3'", "'O'", "'<f16'", "''", "[('a', '<f4')]"}) {
    const std::string header = "{'descr': " + descr + ", 'fortran_order': False, 'shape': (2,)}";
    const Status status = WhyNot(NpyText(1, header, RawText<float>({1, 2})));
    EXPECT_EQ(status.reason(), Reason::kUnsupportedType) << descr;
  }
  std::string axes = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < 33; ++i) axes += "1,";
  EXPECT_THAT(WhyNot(NpyText(1, axes + ")}", RawText<float>({1}))).ToString(),
              HasSubstr("32 axes"));
  EXPECT_THAT(WhyNot(NpyText(4, "{}", "")).ToString(), HasSubstr("version is 4.0"));
  EXPECT_THAT(WhyNot(NpyText(2, std::string(70'000, ' '), "")).ToString(), HasSubstr("65,536"));
}

TEST(Raw, HoldsWholeElements) {
  auto reader = ArrayReader::OpenRaw(Bytes(RawText<std::int16_t>({1, -2})), ir::DType::kI16);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->Read(2)->values<std::int16_t>()[1], -2);
  EXPECT_EQ(ArrayReader::OpenRaw(Bytes("abc"), ir::DType::kI16).status().reason(),
            Reason::kCalibrationDataInvalid);
  for (const ir::DType dtype : {ir::DType::kString, ir::DType::kI4, ir::DType::kC64}) {
    EXPECT_EQ(ArrayReader::OpenRaw(Bytes("abcd"), dtype).status().reason(),
              Reason::kUnsupportedType);
  }
}

}  // namespace
}  // namespace smelt::calibrate::testing
