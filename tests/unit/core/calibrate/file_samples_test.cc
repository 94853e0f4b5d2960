#include "core/calibrate/file_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/ir/text.h"
#include "tests/unit/core/calibrate/npy_bytes.h"
#include "tests/unit/core/calibrate/zip_bytes.h"

namespace smelt::calibrate::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Sizes = std::vector<std::int64_t>;

// A module whose inputs are these.
ir::Module WithInputs(const std::string& inputs, const std::string& names) {
  auto module = ir::Parse("module {\n  symbol N \"x\" 0\n  graph @main(" + inputs +
                          ") {\n    return %0\n  }\n  signature \"serving_default\" @main (" +
                          names + ") -> (\"y\")\n}");
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return std::move(module).value();
}
ir::Module OneInput(const std::string& type) { return WithInputs("%0 \"x\": " + type, "\"x\""); }

DataFile File(const std::string& text, const std::string& input = "") {
  return {.name = "data.npy", .input = input, .bytes = Bytes(text), .raw = std::nullopt};
}

Result<std::vector<Sample>> Read(const ir::Module& module, const DataFiles& data) {
  SMELT_ASSIGN_OR_RETURN(const auto stream, OpenFileSamples(module, module.signatures[0], data));
  std::vector<Sample> samples;
  while (true) {
    SMELT_ASSIGN_OR_RETURN(std::optional<Sample> sample, stream->Next());
    if (!sample) break;
    samples.push_back(std::move(*sample));
  }
  EXPECT_EQ(samples.size(), stream->total());
  return samples;
}
Result<std::vector<Sample>> Read(const ir::Module& module, std::vector<DataFile> files) {
  DataFiles data;
  data.files = std::move(files);
  return Read(module, data);
}

std::vector<float> Floats(const interp::Tensor& tensor) {
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

TEST(FileSamples, ComeFirstOrAlongTheFirstAxis) {
  for (const auto& [type, shape] :
       std::vector<std::pair<std::string, std::string>>{{"f32[1,2]", "3, 2"},
                                                        {"f32[N,2]", "3, 2"},
                                                        {"f32[1,2]", "3, 1, 2"},
                                                        {"f32[N,2]", "3, 1, 2"},
                                                        {"f32[1,N]", "3, 2"}}) {
    const auto samples = Read(OneInput(type), {File(Npy("<f4", shape, kSix))});
    ASSERT_TRUE(samples.ok()) << samples.status().ToString();
    ASSERT_EQ(samples->size(), 3U) << type << shape;
    EXPECT_EQ((*samples)[1][0].shape(), (Sizes{1, 2}));
    EXPECT_THAT(Floats((*samples)[1][0]), ElementsAre(3, 4));
  }
  // As many indices a sample as the input has.
  const auto pairs = Read(OneInput("f32[2,1]"), {File(Npy("<f4", "6, 1", kSix))});
  ASSERT_TRUE(pairs.ok());
  EXPECT_EQ(pairs->size(), 3U);
  EXPECT_EQ((*pairs)[2][0].shape(), (Sizes{2, 1}));
  EXPECT_THAT(Floats((*pairs)[2][0]), ElementsAre(5, 6));
  // An axis of their own leaves a symbolic one whole.
  const auto rows = Read(OneInput("f32[N,2]"), {File(Npy("<f4", "1, 3, 2", kSix))});
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ((*rows)[0][0].shape(), (Sizes{3, 2}));
  // A scalar input.
  EXPECT_EQ(Read(OneInput("f32[]"), {File(Npy("<f4", "6,", kSix))})->size(), 6U);
  EXPECT_EQ(Read(OneInput("f32[]"), {File(Npy<float>("<f4", "", {3}))})->size(), 1U);
}

TEST(FileSamples, ThatDoNotFitAreRefused) {
  for (const auto& [type, shape] :
       std::vector<std::pair<std::string, std::string>>{{"f32[1,3]", "3, 2"},
                                                        {"f32[4,1]", "6, 1"},
                                                        {"f32[1,2]", "6,"},
                                                        {"f32[2]", "1, 3, 2"},
                                                        {"f32[0,2]", "3, 2"},
                                                        {"f32[]", "3, 2"}}) {
    const Status status = Read(OneInput(type), {File(Npy("<f4", shape, kSix))}).status();
    EXPECT_EQ(status.reason(), Reason::kCalibrationDataInvalid) << type << " " << shape;
    EXPECT_THAT(status.ToString(), HasSubstr("data.npy")) << type;
  }
}

TEST(FileSamples, ManyFilesAreOneAfterAnother) {
  const ir::Module module = OneInput("f32[1,2]");
  const DataFile one = File(Npy<float>("<f4", "1, 2", {1, 2}));
  const DataFile none = File(Npy<float>("<f4", "0, 2", {}));
  const DataFile two = File(Npy<float>("<f4", "2, 2", {3, 4, 5, 6}));
  DataFiles data;
  data.files = {none, one, none, two, none};
  const auto samples = Read(module, data);
  ASSERT_TRUE(samples.ok()) << samples.status().ToString();
  ASSERT_EQ(samples->size(), 3U);
  EXPECT_THAT(Floats((*samples)[2][0]), ElementsAre(5, 6));
  data.most_samples = 2;
  EXPECT_EQ(Read(module, data)->size(), 2U);
  data.most_samples = 9;
  EXPECT_EQ(Read(module, data)->size(), 3U);
}

TEST(FileSamples, ArchivesNameTheInputs) {
  const ir::Module module =
      WithInputs("%0 \"x\": f32[1,2], %1 \"ids\": i32[1,1]", "\"x\", \"ids\"");
  const std::string x = Npy("<f4", "3, 2", kSix);
  const std::string ids = Npy<std::int64_t>("<i8", "3, 1", {7, 8, 9});
  for (const bool deflated : {false, true}) {
    const std::string zip =
        Zip({{"ids.npy", ids}, {"labels.npy", ids}, {"x.npy", x}, {"note.txt", "a"}}, deflated);
    const auto samples = Read(module, {File(zip), File(zip)});
    ASSERT_TRUE(samples.ok()) << samples.status().ToString();
    ASSERT_EQ(samples->size(), 6U);
    EXPECT_THAT(Floats((*samples)[4][0]), ElementsAre(3, 4));
    EXPECT_EQ((*samples)[5][1].values<std::int32_t>()[0], 9);
    EXPECT_EQ((*samples)[5][1].dtype(), ir::DType::kI32);
  }
  const auto named = Read(module, {File(ids, "ids"), File(x, "x")});
  ASSERT_TRUE(named.ok()) << named.status().ToString();
  EXPECT_EQ(named->size(), 3U);
}

TEST(FileSamples, EachInputNeedsAsMany) {
  const ir::Module module =
      WithInputs("%0 \"x\": f32[1,2], %1 \"ids\": i32[1,1]", "\"x\", \"ids\"");
  const std::string x = Npy("<f4", "3, 2", kSix);
  const std::string ids = Npy<std::int64_t>("<i8", "2, 1", {7, 8});
  const auto why = [&](std::vector<DataFile> files) {
    return Read(module, std::move(files)).status().ToString();
  };
  EXPECT_THAT(why({File(x, "x"), File(ids, "ids")}), HasSubstr("3 samples of input \"x\" and 2"));
  EXPECT_THAT(why({File(x, "x")}), HasSubstr("no calibration data for input \"ids\""));
  EXPECT_THAT(why({}), HasSubstr("no calibration data for input \"x\""));
  EXPECT_THAT(why({File(x)}), HasSubstr("holds one array"));
  EXPECT_THAT(why({File(Zip({{"y.npy", x}}))}), HasSubstr("keys are \"y\""));
  EXPECT_THAT(why({File(Zip({{"x.npy", x}}), "x")}), HasSubstr("names the inputs itself"));
  EXPECT_THAT(why({File("hello", "x")}), HasSubstr("neither an NPY nor an NPZ"));
  EXPECT_EQ(Read(module, {File(x, "z")}).status().reason(), Reason::kUnknownTensorName);
}

TEST(FileSamples, ElementsKeepTheirValues) {
  const auto type = [](const std::string& input, const std::string& file) {
    return Read(OneInput(input), {File(file)});
  };
  EXPECT_THAT(Floats((*type("f32[1,2]", Npy<double>("<f8", "1, 2", {0.5, -3})))[0][0]),
              ElementsAre(0.5, -3));
  EXPECT_THAT(Floats((*type("f32[1,2]", Npy<std::uint8_t>("|u1", "1, 2", {0, 255})))[0][0]),
              ElementsAre(0, 255));
  EXPECT_TRUE(type("i8[1,2]", Npy<std::uint64_t>("<u8", "1, 2", {0, 127})).ok());
  EXPECT_TRUE(type("i32[1,2]", Npy<std::uint8_t>("|b1", "1, 2", {0, 1})).ok());
  EXPECT_TRUE(type("bool[1,2]", Npy<std::uint8_t>("|b1", "1, 2", {0, 1})).ok());
  const auto why = [&](const std::string& input, const std::string& file) {
    return type(input, file).status().ToString();
  };
  EXPECT_THAT(why("i8[1,2]", Npy<std::uint64_t>("<u8", "1, 2", {0, 128})), HasSubstr("is 128"));
  EXPECT_THAT(why("u64[1,2]", Npy<std::int64_t>("<i8", "1, 2", {3, -1})), HasSubstr("is -1"));
  EXPECT_THAT(why("i64[1,2]", Npy<std::uint64_t>("<u8", "1, 2", {3, 1ULL << 63})),
              HasSubstr("is 9223372036854775808"));
  EXPECT_THAT(why("i32[1,2]", Npy<float>("<f4", "1, 2", {0, 1})), HasSubstr("no samples"));
  EXPECT_THAT(why("bool[1,2]", Npy<std::int8_t>("|i1", "1, 2", {0, 1})), HasSubstr("no samples"));
}

TEST(FileSamples, RawFilesHoldWholeSamples) {
  DataFile file{
      .name = "a.bin", .input = "", .bytes = Bytes(RawText(kSix)), .raw = ir::DType::kF32};
  const auto samples = Read(OneInput("f32[N,2]"), {file});
  ASSERT_TRUE(samples.ok()) << samples.status().ToString();
  ASSERT_EQ(samples->size(), 3U);
  EXPECT_THAT(Floats((*samples)[2][0]), ElementsAre(5, 6));
  for (const std::string type :
       {"f32[1,4]", "f32[1,N]", "f32[1,0]", "f32[4611686018427387904,4]"}) {
    EXPECT_EQ(Read(OneInput(type), {file}).status().reason(), Reason::kCalibrationDataInvalid)
        << type;
  }
}

TEST(FileSamples, AreTurnedToTheInputsOrder) {
  // Two channels of a row of three.
  const std::string last = Npy<float>("<f4", "1, 1, 3, 2", {1, 10, 2, 20, 3, 30});
  const std::string first = Npy<float>("<f4", "1, 2, 1, 3", {1, 2, 3, 10, 20, 30});
  const auto read = [](const std::string& type, const std::string& file, ChannelOrder order,
                       bool input_is_last) {
    DataFiles data;
    data.files = {File(file)};
    data.orders["x"] = order;
    if (input_is_last) data.channels_last_inputs = {"x"};
    return Read(OneInput(type), data);
  };
  const std::string as_first = "f32[1,2,1,3]";
  const std::string as_last = "f32[1,1,3,2]";
  const std::vector<float> firsts = {1, 2, 3, 10, 20, 30};
  const std::vector<float> lasts = {1, 10, 2, 20, 3, 30};
  using enum ChannelOrder;
  EXPECT_EQ(Floats((*read(as_first, first, kFirst, false))[0][0]), firsts);
  EXPECT_EQ(Floats((*read(as_first, last, kLast, false))[0][0]), firsts);
  EXPECT_EQ(Floats((*read(as_last, first, kFirst, true))[0][0]), lasts);
  EXPECT_EQ(Floats((*read(as_last, last, kLast, true))[0][0]), lasts);
  EXPECT_EQ((*read(as_last, first, kFirst, true))[0][0].shape(), (Sizes{1, 1, 3, 2}));
  // The sizes are those of the data's order.
  EXPECT_THAT(read(as_first, first, kLast, false).status().ToString(), HasSubstr("f32[1,1,3,2]"));
  EXPECT_THAT(read("f32[1,2]", Npy("<f4", "3, 2", kSix), kLast, false).status().ToString(),
              HasSubstr("3 to 5"));
  DataFiles unknown;
  unknown.files = {File(first)};
  unknown.orders["z"] = kLast;
  EXPECT_EQ(Read(OneInput(as_first), unknown).status().reason(), Reason::kUnknownTensorName);
}

TEST(Zip, RefusesWhatIsBroken) {
  const std::string x = Npy("<f4", "3, 2", kSix);
  const ir::Module module = OneInput("f32[1,2]");
  for (const bool deflated : {false, true}) {
    const std::string good = Zip({{"x.npy", x}}, deflated);
    ASSERT_TRUE(Read(module, {File(good)}).ok());
    for (std::size_t size = 4; size < good.size(); ++size) {
      EXPECT_EQ(Read(module, {File(good.substr(0, size))}).status().reason(),
                Reason::kCalibrationDataInvalid)
          << size;
    }
  }
  // An element that is not the one that was packed.
  std::string other = Zip({{"x.npy", x}});
  const std::size_t at = other.find(RawText(kSix));
  ASSERT_NE(at, std::string::npos);
  other[at] = static_cast<char>(other[at] + 1);
  EXPECT_EQ(Read(module, {File(other)}).status().reason(), Reason::kCalibrationDataInvalid);
  EXPECT_EQ(Read(module, {File(Zip({{"x.npy", x + "more"}}))}).status().reason(),
            Reason::kCalibrationDataInvalid);
}

}  // namespace
}  // namespace smelt::calibrate::testing
