// Composites in a file: written, read back, and refused where the bytes can't mean one.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "core/import/tflite/reader.h"
#include "core/interp/evaluate.h"
#include "core/ir/verify.h"
#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_import {
namespace {

using tflite_export::MustParse;
using tflite_export::MustWrite;
using tflite_export::Written;
namespace schema = flat::schema;

// Two composites of one body, between them a branch: bodies come behind all other subgraphs.
constexpr std::string_view kModule = R"(module {
  graph @main(%0 "x": f32[2,3], %1 "c": bool[]) {
    %2 "s" = const f32[3] [1, 2, 3]
    %3 "a" = STABLEHLO_COMPOSITE(%0, %2) {epsilon=0.5, name="odml.rms_norm", num=3}
        regions(@"odml.rms_norm.impl") : f32[2,3]
    %4 "b" = IF(%1, %3) regions(@then, @else) : f32[2,3]
    %5 "y" = STABLEHLO_COMPOSITE(%4, %2) {epsilon=0.5, name="odml.rms_norm", num=3}
        regions(@"odml.rms_norm.impl") : f32[2,3]
    return %5
  }
  graph @then(%0 "t": f32[2,3]) {
    %1 "n" = NEG(%0) : f32[2,3]
    return %1
  }
  graph @else(%0 "e": f32[2,3]) {
    %1 "m" = ABS(%0) : f32[2,3]
    return %1
  }
  graph @"odml.rms_norm.impl"(%0 "x0": f32[2,3], %1 "x1": f32[3]) {
    %2 "p" = MUL(%0, %1) : f32[2,3]
    return %2
  }
  signature "serving_default" @main ("x", "c") -> ("y")
})";

const schema::StableHLOCompositeOptions& OptionsOf(const Written& file, unsigned op) {
  const auto* options =
      file.main().operators()->Get(op)->builtin_options_2_as_StableHLOCompositeOptions();
  EXPECT_NE(options, nullptr);
  return *options;
}

TEST(CompositeFile, HoldsTheCodeTheOptionsAndOneBody) {
  ir::Module module = MustParse(kModule);
  const Written file = MustWrite(module);
  const auto* code = file.model().operator_codes()->Get(0);
  EXPECT_EQ(code->builtin_code(), 206);
  EXPECT_EQ(code->deprecated_builtin_code(), 127);
  EXPECT_EQ(code->version(), 1);
  EXPECT_EQ(file.summary.operators.at("STABLEHLO_COMPOSITE"), 2U);
  EXPECT_EQ(file.summary.min_runtime_version, "2.17.0");
  const auto& subgraphs = *file.model().subgraphs();
  ASSERT_EQ(subgraphs.size(), 4U);
  EXPECT_EQ(subgraphs.Get(3)->name()->str(), "odml.rms_norm.impl");
  for (const unsigned op : {0U, 2U}) {
    const auto& options = OptionsOf(file, op);
    EXPECT_EQ(options.name()->str(), "odml.rms_norm");
    EXPECT_EQ(options.decomposition_subgraph_index(), 3);
    ASSERT_NE(options.composite_attributes(), nullptr);
    EXPECT_EQ(options.composite_attributes_format(), schema::CustomOptionsFormat::FLEXBUFFERS);
    EXPECT_EQ(options.version(), 0);
  }
  ASSERT_EQ(file.model().signature_defs()->size(), 1U);
  EXPECT_EQ(file.model().signature_defs()->Get(0)->subgraph_index(), 0U);
}

TEST(CompositeFile, IsReadAsItWasWritten) {
  ir::Module module = MustParse(kModule);
  const SharedBytes bytes = SharedBytes::Own(MustWrite(module).bytes);
  auto read = Read(bytes);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE(ir::Equal(MustParse(kModule), *read)) << ir::Print(*read);
  EXPECT_TRUE(ir::VerifyModule(*read, {.require_origins = false}).ok());
  const Status checked = CheckFile(bytes);
  EXPECT_TRUE(checked.ok()) << checked.ToString();
}

// The file after an edit of its options, which the schema lets in place.
Status AfterEdit(std::string_view text, void (*edit)(schema::Model& model)) {
  ir::Module module = MustParse(text);
  std::vector<std::byte> bytes = MustWrite(module).bytes;
  edit(*flatbuffers::GetMutableRoot<schema::Model>(bytes.data()));
  return Read(SharedBytes::Own(std::move(bytes))).status();
}

flatbuffers::Table& Options(schema::Model& model, unsigned subgraph = 0, unsigned op = 0) {
  auto* graph = const_cast<schema::SubGraph*>(model.subgraphs()->Get(subgraph));
  auto* table = const_cast<schema::Operator*>(graph->operators()->Get(op));
  return *static_cast<flatbuffers::Table*>(const_cast<void*>(table->builtin_options_2()));
}
constexpr flatbuffers::voffset_t kBody = 6;        // slot 1
constexpr flatbuffers::voffset_t kAttributes = 8;  // slot 2

template <int kIndex>
void PointBodyTo(schema::Model& model) {
  ASSERT_TRUE(Options(model).SetField<std::int32_t>(kBody, kIndex, 0));
}

// The field's place in the vtable becomes "absent".
void Drop(flatbuffers::Table& table, flatbuffers::voffset_t field) {
  auto* vtable = const_cast<std::uint8_t*>(table.GetVTable());
  const flatbuffers::voffset_t absent = 0;
  std::memcpy(vtable + field, &absent, sizeof(absent));
}

TEST(CompositeFile, RefusesBodiesThatAreNotThere) {
  for (const auto edit : {PointBodyTo<99>, PointBodyTo<-1>, PointBodyTo<INT32_MIN>}) {
    EXPECT_EQ(AfterEdit(kModule, edit).reason(), Reason::kArtifactInvalid);
  }
}

TEST(CompositeFile, RefusesRecursion) {
  // Itself; and two bodies that call each other.
  EXPECT_EQ(AfterEdit(kModule, PointBodyTo<0>).reason(), Reason::kArtifactInvalid);
  constexpr std::string_view kNested = R"(module {
    graph @main(%0 "x": f32[2]) {
      %1 "y" = STABLEHLO_COMPOSITE(%0) {name="a"} regions(@a) : f32[2]
      return %1
    }
    graph @a(%0 "x": f32[2]) {
      %1 "y" = STABLEHLO_COMPOSITE(%0) {name="b"} regions(@b) : f32[2]
      return %1
    }
    graph @b(%0 "x": f32[2]) {
      %1 "n" = NEG(%0) : f32[2]
      return %1
    }
    signature "serving_default" @main ("x") -> ("y")
  })";
  EXPECT_TRUE(AfterEdit(kNested, [](schema::Model&) {}).ok());
  EXPECT_EQ(
      AfterEdit(kNested,
                [](schema::Model& model) { Options(model, 1).SetField<std::int32_t>(kBody, 1, 0); })
          .reason(),
      Reason::kArtifactInvalid);
}

TEST(CompositeFile, RefusesBodiesThatDoNotFit) {
  // Of fewer operands.
  EXPECT_EQ(AfterEdit(kModule, PointBodyTo<1>).reason(), Reason::kArtifactInvalid);
  // Of another shape, and of another element type.
  for (const char* type : {"f32[2,4]", "i32[2,3]"}) {
    const std::string text = std::string(R"(module {
      graph @main(%0 "x": f32[2,3], %1 "z": )") +
                             type + R"() {
        %2 "y" = STABLEHLO_COMPOSITE(%0) {name="a"} regions(@a) : f32[2,3]
        %3 "w" = STABLEHLO_COMPOSITE(%1) {name="b"} regions(@b) : )" +
                             type + R"(
        return %2, %3
      }
      graph @a(%0 "p": f32[2,3]) {
        %1 "q" = NEG(%0) : f32[2,3]
        return %1
      }
      graph @b(%0 "p": )" + type +
                             R"() {
        %1 "q" = NEG(%0) : )" +
                             type + R"(
        return %1
      }
      signature "serving_default" @main ("x", "z") -> ("y", "w")
    })";
    EXPECT_TRUE(AfterEdit(text, [](schema::Model&) {}).ok());
    EXPECT_EQ(AfterEdit(text, PointBodyTo<2>).reason(), Reason::kArtifactInvalid) << type;
  }
}

// Hostile bytes are refused or read; nothing else happens. Run under sanitizers in CI.
TEST(CompositeFile, FlippedBytesNeverCrash) {
  ir::Module module = MustParse(kModule);
  const std::vector<std::byte> file = MustWrite(module).bytes;
  std::mt19937 random(20260722);
  int refused = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::byte> bytes = file;
    const auto flips = 1 + random() % 4;
    for (unsigned i = 0; i < flips; ++i) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    refused += CheckFile(SharedBytes::Own(std::move(bytes))).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, kRounds / 10);
  EXPECT_LT(refused, kRounds);
}

TEST(CompositeFile, RefusesMissingParts) {
  EXPECT_EQ(
      AfterEdit(kModule, [](schema::Model& model) { Drop(Options(model), kAttributes); }).reason(),
      Reason::kArtifactInvalid);
  EXPECT_EQ(AfterEdit(kModule, [](schema::Model& model) { Drop(Options(model), 4); }).reason(),
            Reason::kArtifactInvalid);
  // Without an index the body would be the graph itself.
  EXPECT_EQ(AfterEdit(kModule, [](schema::Model& model) { Drop(Options(model), kBody); }).reason(),
            Reason::kArtifactInvalid);
}

}  // namespace
}  // namespace smelt::tflite_import
