#include "core/flat/custom_options.h"

#include <flatbuffers/flexbuffers.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace smelt::flat {
namespace {

ir::Attributes Sample() {
  return {{"custom_code", std::string("x::Y")},     {"alpha", 0.25},
          {"big", std::int64_t{1} << 40},           {"flag", true},
          {"mode", std::string("a \"b\"")},         {"none", std::vector<std::int64_t>{}},
          {"scales", std::vector<double>{0.5, -2}}, {"taps", std::vector<std::int64_t>{-1, 300}}};
}

TEST(CustomOptions, AreAMapThatKernelsRead) {
  const auto bytes = EncodeCustomOptions(Sample());
  const flexbuffers::Map map = flexbuffers::GetRoot(bytes.data(), bytes.size()).AsMap();
  EXPECT_EQ(map.size(), 7u);
  EXPECT_EQ(map["alpha"].AsFloat(), 0.25F);
  EXPECT_EQ(map["big"].AsInt64(), std::int64_t{1} << 40);
  EXPECT_TRUE(map["flag"].AsBool());
  EXPECT_EQ(map["mode"].AsString().str(), "a \"b\"");
  EXPECT_EQ(map["scales"].AsTypedVector()[1].AsDouble(), -2);
  EXPECT_EQ(map["taps"].AsTypedVector()[1].AsInt32(), 300);
}

TEST(CustomOptions, AreReadAsTheyWereWritten) {
  const auto bytes = EncodeCustomOptions(Sample());
  auto read = DecodeCustomOptions(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  read->Set("custom_code", std::string("x::Y"));
  EXPECT_EQ(*read, Sample());
}

TEST(CompositeOptions, HoldFloatsThatDelegatesReadInPlace) {
  const ir::Attributes attrs{{"name", std::string("odml.rms_norm")}, {"epsilon", 0.1}};
  const auto bytes = EncodeCompositeOptions(attrs);
  const flexbuffers::Reference root = flexbuffers::GetRoot(bytes.data(), bytes.size());
  ASSERT_TRUE(root.IsMap());
  EXPECT_EQ(root.AsMap().size(), 1u);
  EXPECT_EQ(root.AsMap()["epsilon"].AsDouble(), 0.1F);
  const float stored = 0.1F;
  const auto* in_place = reinterpret_cast<const std::uint8_t*>(&stored);
  EXPECT_NE(std::search(bytes.begin(), bytes.end(), in_place, in_place + sizeof(stored)),
            bytes.end());
}

TEST(CompositeOptions, AreAMapEvenWithoutEntries) {
  const auto bytes = EncodeCompositeOptions({{"name", std::string("odml.softmax")}});
  ASSERT_FALSE(bytes.empty());
  EXPECT_TRUE(flexbuffers::GetRoot(bytes.data(), bytes.size()).IsMap());
  const auto read = DecodeCompositeOptions(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE(read->empty());
}

TEST(CompositeOptions, ANameAmongTheAttributesIsRefused) {
  const auto bytes = EncodeCustomOptions({{"name", std::string("odml.other")}});
  EXPECT_EQ(DecodeCompositeOptions(std::as_bytes(std::span(bytes))).status().reason(),
            Reason::kArtifactInvalid);
}

TEST(CustomOptions, OtherBytesAreRefused) {
  const auto bytes = EncodeCustomOptions(Sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = DecodeCustomOptions(std::as_bytes(std::span(bytes).first(size)));
    EXPECT_TRUE(read.ok() || read.status().reason() == Reason::kArtifactInvalid) << size;
  }
  flexbuffers::Builder builder;
  builder.Int(3);
  builder.Finish();
  const auto number = DecodeCustomOptions(std::as_bytes(std::span(builder.GetBuffer())));
  EXPECT_EQ(number.status().reason(), Reason::kArtifactInvalid);
}

}  // namespace
}  // namespace smelt::flat
