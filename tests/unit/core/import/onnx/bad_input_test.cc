// Files that are damaged, hostile or contradict themselves: each is refused with its reason and
// nothing worse happens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cstring>

#include "core/import/onnx/load.h"
#include "core/import/onnx/wire_scan.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Result<onnx_import::Imported> ImportBytes(
    std::vector<std::byte> bytes, const std::map<std::string, SharedBytes>* files = nullptr) {
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(std::move(bytes));
  request.external_files = files;
  return onnx_import::Import(request, CancelToken());
}

std::vector<std::byte> Text(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

OnnxModel SmallModel() {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 3, 8, 8})
      .Init("w", RandomTensor(DType::kF32, {4, 3, 3, 3}, 1))
      .Node("Conv", {"x", "w"}, {"c"})
      .Node("Relu", {"c"}, {"y"})
      .Output("y");
  return model;
}

// --- Containers ---

TEST(BadInput, WhatIsNoModel) {
  for (const char* text : {"", "hello, world", "PK\x03\x04 a zip file", "\x1c\x00\x00\x00TFL3"}) {
    auto imported = ImportBytes(Text(text));
    ASSERT_FALSE(imported.ok()) << text;
    EXPECT_EQ(imported.status().reason(), Reason::kNotAModel) << text;
  }
}

TEST(BadInput, TruncatedAnywhere) {
  const std::vector<std::byte> whole = SmallModel().Bytes();
  ASSERT_TRUE(ImportBytes(whole).ok());
  for (std::size_t i = 1; i < 20; ++i) {
    auto part = whole;
    part.resize(whole.size() * i / 20);
    auto imported = ImportBytes(part);
    ASSERT_FALSE(imported.ok()) << part.size();
    EXPECT_EQ(imported.status().reason(), Reason::kModelTruncated) << part.size();
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto imported = ImportBytes({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    ASSERT_FALSE(imported.ok()) << size;
    EXPECT_THAT(imported.status().reason(), AnyOf(Reason::kModelTruncated, Reason::kNotAModel));
  }
}

TEST(BadInput, NestedFieldsThatContradictTheirMessageAreMalformed) {
  // A graph of two bytes whose node claims to have 100.
  const std::vector<std::byte> bytes =
      Text(std::string_view("\x08\x08\x3a\x02\x0a\x64\x42\x02\x10\x11", 10));
  auto imported = ImportBytes(bytes);
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().reason(), Reason::kModelMalformed);
}

TEST(BadInput, RandomDamageNeverCrashes) {
  const std::vector<std::byte> whole = SmallModel().Bytes();
  std::uint32_t state = 12345;
  for (int round = 0; round < 500; ++round) {
    auto bytes = whole;
    for (int k = 0; k < 3; ++k) {
      state = state * 1664525 + 1013904223;
      bytes[state / 7 % bytes.size()] = static_cast<std::byte>(state >> 24);
    }
    const auto imported = ImportBytes(bytes);
    if (!imported.ok()) {
      EXPECT_NE(imported.status().reason(), Reason::kInternalError);
      continue;
    }
    for (const auto& diagnostic : imported->diagnostics) {
      EXPECT_NE(diagnostic.reason, Reason::kInternalError) << diagnostic.message;
    }
  }
}

TEST(BadInput, NamesThatAreNotUtf8) {
  OnnxModel model = SmallModel();
  model.graph().mutable_node(1)->set_name("caf\xe9");
  auto imported = model.Import();
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().reason(), Reason::kModelMalformed);
  EXPECT_THAT(std::string(imported.status().message()), HasSubstr("node 1"));
}

// --- Graphs ---

TEST(BadInput, EmptyGraph) {
  OnnxModel model;
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kEmptyGraph));
  OnnxModel without;
  without.proto().clear_graph();
  EXPECT_THAT(without.Refusals(), ElementsAre(Reason::kEmptyGraph));
}

TEST(BadInput, GraphWithoutOutputs) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"});
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kNoOutputs));
}

TEST(BadInput, AnOutputThatIsAnInputPasses) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Output("x");
  EXPECT_THAT(model.Refusals(), IsEmpty());
}

TEST(BadInput, CycleNamesItsNodes) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2})
      .Node("Add", {"x", "c"}, {"a"})
      .Node("Relu", {"a"}, {"b"})
      .Node("Neg", {"b"}, {"c"})
      .Node("Abs", {"c"}, {"y"})
      .Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].reason, Reason::kGraphCycle);
  EXPECT_THAT(imported->diagnostics[0].message, HasSubstr("3 nodes"));
}

TEST(BadInput, NodesInAnyOrderAreSorted) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2})
      .Node("Neg", {"a"}, {"y"})
      .Node("Relu", {"x"}, {"a"})
      .Output("y");
  const auto y = model.Run({F32({2}, {1, -1})});
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], F32({2}, {-1, 0}));
}

TEST(BadInput, DuplicateAndUndefinedNamesAreAllSaid) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2})
      .Node("Relu", {"x"}, {"y"})
      .Node("Neg", {"x"}, {"y"})
      .Node("Add", {"nothing", "x"}, {"z"})
      .Output("y")
      .Output("nowhere");
  EXPECT_THAT(model.Refusals(),
              ElementsAre(Reason::kDuplicateName, Reason::kUndefinedName, Reason::kUndefinedName));
}

TEST(BadInput, UnknownOperatorDomainAndOpset) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2})
      .Node("NoSuchOp", {"x"}, {"a"})
      .Node("FusedThing", {"a"}, {"b"}, {}, "com.example")
      .Node("Relu", {"b"}, {"y"})
      .Output("y");
  EXPECT_THAT(model.Refusals(),
              ElementsAre(Reason::kUnsupportedOnnxOp, Reason::kCustomOpCandidateDisabled));
  EXPECT_THAT(
      OnnxModel(0).Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}).Output("y").Refusals(),
      ElementsAre(Reason::kUnsupportedOpset));
  EXPECT_THAT(
      OnnxModel(29).Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}).Output("y").Refusals(),
      ElementsAre(Reason::kUnsupportedOpset));
}

std::string Varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text.push_back(static_cast<char>((value & 0x7F) | 0x80));
  text.push_back(static_cast<char>(value));
  return text;
}
std::string FieldHead(std::uint32_t number, std::size_t size) {
  return Varint((std::uint64_t{number} << 3) | 2) + Varint(size);
}
std::string Field(std::uint32_t number, const std::string& body) {
  return FieldHead(number, body.size()) + body;
}

TEST(BadInput, DeepIfNestingIsRefused) {
  // As bytes: a message library would recurse as deeply while it writes. Every layer ends with the
  // next one, so that only what stands before it is collected, innermost first.
  const std::string node_head = Field(1, "c") + Field(2, "y") + Field(4, "If");
  const std::string attribute_head = Field(1, "then_branch");
  std::vector<std::string> layers = {Field(2, "inner")};
  std::size_t size = layers.back().size();
  for (int depth = 0; depth < 5000; ++depth) {
    const std::string in_attribute = attribute_head + FieldHead(6, size);
    const std::size_t attribute = in_attribute.size() + size;
    const std::string in_node = node_head + FieldHead(5, attribute) + in_attribute;
    const std::size_t node = in_node.size() + size;
    layers.push_back(FieldHead(1, node) + in_node);
    size += layers.back().size();
  }
  std::string model = std::string("\x08\x08", 2) + FieldHead(7, size);
  for (std::size_t i = layers.size(); i > 0; --i) model += layers[i - 1];
  model += Field(8, std::string("\x10\x11", 2));
  auto imported = ImportBytes(Text(model));
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().reason(), Reason::kNestingTooDeep);
}

TEST(BadInput, OperatorsInsideOfSubgraphsAreNamedToo) {
  OnnxModel model;
  model.Input("c", DType::kBool, {}).Node("If", {"c"}, {"y"}).Output("y");
  auto* attribute = model.graph().mutable_node(0)->add_attribute();
  attribute->set_name("then_branch");
  attribute->set_type(onnx::AttributeProto::GRAPH);
  attribute->mutable_g()->add_node()->set_op_type("NoSuchOp");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  bool found = false;
  for (const auto& d : imported->diagnostics) found = found || d.node->op_type == "NoSuchOp";
  EXPECT_TRUE(found);
}

TEST(BadInput, TooManyNodes) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2});
  std::string last = "x";
  for (int i = 0; i < 20; ++i) {
    const std::string name = "v" + std::to_string(i);
    model.Node("Relu", {last}, {name});
    last = name;
  }
  model.Output(last);
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(model.Bytes());
  request.limits.max_nodes = 19;
  auto imported = onnx_import::Import(request, CancelToken());
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().reason(), Reason::kTooManyNodes);
}

// --- Sizes ---

TEST(BadInput, DimensionsThatOverflow) {
  OnnxModel model;
  const std::int64_t large = std::int64_t{1} << 32;
  model.Input("x", DType::kF32, {large, large}).Node("Relu", {"x"}, {"y"}).Output("y");
  EXPECT_THAT(model.Refusals(), Contains(Reason::kDimensionOverflow));

  OnnxModel initializer;
  initializer.Input("x", DType::kF32, {2})
      .Init("w", F32({2}, {1, 2}))
      .Node("Add", {"x", "w"}, {"y"})
      .Output("y");
  initializer.graph().mutable_initializer(0)->set_dims(0, -2);
  EXPECT_THAT(initializer.Refusals(), Contains(Reason::kDimensionOverflow));
  initializer.graph().mutable_initializer(0)->set_dims(0, INT64_MAX);
  initializer.graph().mutable_initializer(0)->add_dims(INT64_MAX);
  EXPECT_THAT(initializer.Refusals(), Contains(Reason::kDimensionOverflow));
}

TEST(BadInput, TensorsOf2To40Elements) {
  const std::int64_t large = std::int64_t{1} << 40;
  OnnxModel fill;
  fill.Init("s", I64({1}, {large})).Node("ConstantOfShape", {"s"}, {"y"}).Output("y");
  EXPECT_THAT(fill.Refusals(), ElementsAre(Reason::kTensorTooLarge));
  OnnxModel tile;
  tile.Input("x", DType::kF32, {1})
      .Init("r", I64({1}, {large}))
      .Node("Tile", {"x", "r"}, {"y"})
      .Output("y");
  EXPECT_THAT(tile.Refusals(), ElementsAre(Reason::kTensorTooLarge));
  OnnxModel range;
  range.Init("a", I64({}, {0}))
      .Init("b", I64({}, {large}))
      .Init("c", I64({}, {1}))
      .Node("Range", {"a", "b", "c"}, {"y"})
      .Output("y");
  EXPECT_THAT(range.Refusals(), ElementsAre(Reason::kTensorTooLarge));
  OnnxModel expand;
  expand.Input("x", DType::kF32, {1})
      .Init("s", I64({1}, {large}))
      .Node("Expand", {"x", "s"}, {"y"})
      .Output("y");
  EXPECT_THAT(expand.Refusals(), ElementsAre(Reason::kTensorTooLarge));
}

TEST(BadInput, PayloadShorterThanItsShape) {
  OnnxModel model = SmallModel();
  model.graph().mutable_initializer(0)->mutable_raw_data()->resize(10);
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].reason, Reason::kPayloadSizeMismatch);
  EXPECT_EQ(imported->diagnostics[0].tensor, "w");
  EXPECT_THAT(imported->diagnostics[0].message, HasSubstr("432"));
}

// --- External data ---

OnnxModel ExternalModel(const std::string& location, const std::string& offset = "",
                        const std::string& length = "") {
  OnnxModel model;
  model.Input("x", DType::kF32, {2})
      .Init("w", F32({2}, {1, 2}))
      .Node("Add", {"x", "w"}, {"y"})
      .Output("y");
  auto* tensor = model.graph().mutable_initializer(0);
  tensor->clear_raw_data();
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    auto* entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("location", location);
  add("offset", offset);
  add("length", length);
  return model;
}

std::vector<Reason> RefusalsWith(const OnnxModel& model,
                                 const std::map<std::string, SharedBytes>& files) {
  auto imported = ImportBytes(model.Bytes(), &files);
  if (!imported.ok()) return {imported.status().reason()};
  std::vector<Reason> reasons;
  for (const auto& d : imported->diagnostics) {
    if (d.severity == ir::Severity::kError) reasons.push_back(d.reason);
  }
  return reasons;
}

TEST(ExternalData, IsFoundInTheBundle) {
  const std::vector<float> values = {9, 10, 20};
  const std::map<std::string, SharedBytes> files = {{"sub/w.bin", SharedBytes::Own(values)}};
  EXPECT_THAT(RefusalsWith(ExternalModel("sub/w.bin", "4", "8"), files), IsEmpty());
  EXPECT_THAT(RefusalsWith(ExternalModel("./sub//w.bin", "4"), files), IsEmpty());
}

TEST(ExternalData, MissingEscapingAndOutOfRange) {
  const std::vector<float> values = {1, 2};
  const std::map<std::string, SharedBytes> files = {{"w.bin", SharedBytes::Own(values)}};
  EXPECT_THAT(RefusalsWith(ExternalModel("v.bin"), files),
              ElementsAre(Reason::kExternalDataMissing));
  EXPECT_THAT(ExternalModel("v.bin").Refusals(), ElementsAre(Reason::kExternalDataMissing));
  for (const char* path : {"../w.bin", "/w.bin", "a/../../w.bin", "C:\\w.bin", "\\w.bin", "."}) {
    EXPECT_THAT(RefusalsWith(ExternalModel(path), files), ElementsAre(Reason::kExternalPathEscapes))
        << path;
  }
  EXPECT_THAT(RefusalsWith(ExternalModel("w.bin", "4"), files),
              ElementsAre(Reason::kExternalDataRange));
  EXPECT_THAT(RefusalsWith(ExternalModel("w.bin", "18446744073709551615", "8"), files),
              ElementsAre(Reason::kExternalDataRange));
  EXPECT_THAT(RefusalsWith(ExternalModel("w.bin", "0", "4"), files),
              ElementsAre(Reason::kPayloadSizeMismatch));
}

TEST(ExternalData, EveryMissingFileIsNamedOnce) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2});
  for (int i = 0; i < 4; ++i) {
    const std::string name = "w" + std::to_string(i);
    model.Init(name, F32({2}, {1, 2}))
        .Node("Add", {"x", name}, {"y" + std::to_string(i)})
        .Output("y" + std::to_string(i));
    auto* tensor = model.graph().mutable_initializer(i);
    tensor->clear_raw_data();
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    auto* entry = tensor->add_external_data();
    entry->set_key("location");
    entry->set_value(i < 2 ? "a.bin" : "b.bin");
  }
  EXPECT_THAT(model.Refusals(),
              ElementsAre(Reason::kExternalDataMissing, Reason::kExternalDataMissing));
}

}  // namespace
}  // namespace smelt::testing
