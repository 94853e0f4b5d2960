// Reading what other converters write: what smelt itself never does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/import/tflite/reader.h"
#include "core/ir/text.h"
#include "core/ir/verify.h"
#include "tests/unit/core/export/write_file.h"
#include "tests/unit/core/import_tflite/foreign_file.h"

namespace smelt::tflite_import {
namespace {

namespace schema = flat::schema;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kAdd = 0;
constexpr int kSoftmax = 25;
constexpr int kCustom = 32;
constexpr int kCast = 53;
constexpr int kIf = 118;

ForeignOperator::Options AddOptions(ForeignOperator::Builder& builder) {
  return {schema::BuiltinOptions::AddOptions, schema::CreateAddOptions(builder).Union()};
}

// y = x + c
ForeignFile Sum() {
  ForeignFile file;
  file.codes = {{.builtin = kAdd}};
  file.buffers = {{}, DataOf({0, 0, 128, 63, 0, 0, 0, 64}), DataOf({}), DataOf({})};
  ForeignSubgraph main;
  main.name = "main";
  main.tensors = {{.name = "x", .shape = {1, 2}, .buffer = 2},
                  {.name = "c", .shape = {2}, .buffer = 1},
                  {.name = "y", .shape = {1, 2}, .buffer = 3}};
  main.inputs = {0};
  main.outputs = {2};
  main.operators = {{.code = 0, .inputs = {0, 1}, .outputs = {2}, .options = AddOptions}};
  file.subgraphs = {main};
  file.signatures = {
      {.key = "serving_default", .subgraph = 0, .inputs = {{"x", 0}}, .outputs = {{"y", 2}}}};
  return file;
}

ir::Module MustRead(const ForeignFile& file) {
  auto module = Read(file.Build());
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  if (!module.ok()) return ir::Module();
  const Status verified = ir::VerifyModule(*module, {.require_origins = false});
  EXPECT_TRUE(verified.ok()) << verified.ToString();
  return std::move(module).value();
}

std::string Refusal(const ForeignFile& file) {
  const auto module = Read(file.Build());
  EXPECT_FALSE(module.ok());
  return module.ok() ? "" : module.status().ToString();
}

const ir::Op& FirstOp(const ir::Module& module) { return module.main().op(module.main().first()); }

// What was read is written and read once more, and is the same.
void ExpectSameAgain(ir::Module module) {
  const std::string text = ir::Print(module);
  auto again = Read(SharedBytes::Own(tflite_export::MustWrite(module).bytes));
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(ir::Equal(module, *again)) << text << ir::Print(*again);
}

TEST(Foreign, BuffersOfNoBytesAreNoData) {
  ir::Module module = MustRead(Sum());
  const ir::Graph& graph = module.main();
  EXPECT_EQ(graph.inputs().size(), 1U);
  EXPECT_NE(graph.constant(FirstOp(module).input(1)), nullptr);
  EXPECT_EQ(graph.constant(FirstOp(module).input(0)), nullptr);
  ExpectSameAgain(std::move(module));
}

TEST(Foreign, ATensorWithoutDataThatNobodyComputesIsRefused) {
  ForeignFile file = Sum();
  file.buffers[1] = DataOf({});
  EXPECT_THAT(Refusal(file), HasSubstr("tensor 1: is used before it is computed"));
}

TEST(Foreign, ConstantsWithoutElementsNeedNoBytes) {
  ForeignFile file = Sum();
  file.subgraphs[0].tensors[0].shape = {1, 0};
  file.subgraphs[0].tensors[1].shape = {1, 0};
  file.subgraphs[0].tensors[2].shape = {1, 0};
  file.buffers[1] = DataOf({});
  const ir::Module module = MustRead(file);
  const ir::Constant* constant = module.main().constant(FirstOp(module).input(1));
  ASSERT_NE(constant, nullptr);
  EXPECT_EQ(constant->element_count(), 0);
}

TEST(Foreign, SignaturesBindByNameInAnyOrder) {
  ForeignFile file = Sum();
  ForeignSubgraph& main = file.subgraphs[0];
  main.tensors[1].buffer = 0;
  main.inputs = {0, 1};
  main.outputs = {2, 2};
  file.signatures[0].inputs = {{"second", 1}, {"first", 0}};
  file.signatures[0].outputs = {{"a", 2}, {"b", 2}};
  const ir::Module module = MustRead(file);
  ASSERT_EQ(module.signatures.size(), 1U);
  EXPECT_THAT(module.signatures[0].input_names, ElementsAre("first", "second"));
  EXPECT_THAT(module.signatures[0].output_names, ElementsAre("a", "b"));
}

TEST(Foreign, WhatASignatureLeavesOutIsCalledAsItsTensor) {
  ForeignFile file = Sum();
  ForeignSubgraph& main = file.subgraphs[0];
  main.tensors[1] = {.name = "x", .shape = {2}};
  main.inputs = {0, 1};
  const ir::Module module = MustRead(file);
  // The signature has the tensor's name already.
  EXPECT_THAT(module.signatures[0].input_names, ElementsAre("x", "x_1"));
}

TEST(Foreign, ASignatureOfOtherTensorsIsRefused) {
  ForeignFile file = Sum();
  file.signatures[0].inputs = {{"in", 1}};
  EXPECT_THAT(Refusal(file), HasSubstr("no input of its subgraph"));
  file.signatures[0].inputs = {{"in", 0}, {"again", 0}};
  EXPECT_THAT(Refusal(file), HasSubstr("names one too often"));
}

TEST(Foreign, AModelWithoutSignaturesGetsOne) {
  ForeignFile file = Sum();
  file.signatures.clear();
  file.subgraphs[0].tensors[2].name = "";
  file.subgraphs[0].outputs = {2, 2};
  ir::Module module = MustRead(file);
  ASSERT_EQ(module.signatures.size(), 1U);
  EXPECT_EQ(module.signatures[0].key, "serving_default");
  EXPECT_THAT(module.signatures[0].input_names, ElementsAre("x"));
  EXPECT_THAT(module.signatures[0].output_names, ElementsAre("output", "output_1"));
}

TEST(Foreign, AbsentOptionsAreZeros) {
  ForeignFile file = Sum();
  ForeignOperator& add = file.subgraphs[0].operators[0];
  // The schema's default of pot_scale_int16 is true, an absent table's field is false.
  EXPECT_TRUE(FirstOp(MustRead(file)).attrs.Bool("pot_scale_int16"));
  add.options = nullptr;
  const ir::Module sum = MustRead(file);
  EXPECT_FALSE(FirstOp(sum).attrs.Bool("pot_scale_int16"));
  EXPECT_EQ(FirstOp(sum).attrs.String("fused_activation_function", "NONE"), "NONE");

  file.codes = {{.builtin = kSoftmax}};
  add.inputs = {0};
  EXPECT_EQ(FirstOp(MustRead(file)).attrs.Float("beta", 1), 0);

  file.codes = {{.builtin = kCast}};
  file.subgraphs[0].tensors[2].type = schema::TensorType::INT32;
  const ir::Module cast = MustRead(file);
  EXPECT_EQ(FirstOp(cast).attrs.String("in_data_type"), "f32");
  EXPECT_EQ(FirstOp(cast).attrs.String("out_data_type"), "i32");
}

TEST(Foreign, ControlFlowWithoutOptionsIsRefused) {
  ForeignFile file = Sum();
  file.codes = {{.builtin = kIf}};
  file.subgraphs[0].operators[0].options = nullptr;
  EXPECT_THAT(Refusal(file), HasSubstr("IF carries no IfOptions"));
}

// Subgraph 1 calls two others; the first and the last are such.
ForeignFile Branches(std::int32_t then_graph, std::int32_t else_graph) {
  ForeignFile file;
  file.codes = {{.builtin = kIf}};
  file.buffers = {{}};
  ForeignSubgraph same;
  same.tensors = {{.name = "b", .shape = {1}}};
  same.inputs = {0};
  same.outputs = {0};
  ForeignSubgraph choose;
  choose.tensors = {{.name = "c", .shape = {}, .type = schema::TensorType::BOOL},
                    {.name = "x", .shape = {1}},
                    {.name = "y", .shape = {1}}};
  choose.inputs = {0, 1};
  choose.outputs = {2};
  choose.operators = {{.code = 0,
                       .inputs = {0, 1},
                       .outputs = {2},
                       .options = [=](ForeignOperator::Builder& builder) {
                         return ForeignOperator::Options{
                             schema::BuiltinOptions::IfOptions,
                             schema::CreateIfOptions(builder, then_graph, else_graph).Union()};
                       }}};
  file.subgraphs = {same, choose, same};
  return file;
}

TEST(Foreign, RegionsMayStandBeforeTheirOwner) {
  const ir::Module module = MustRead(Branches(2, 0));
  const ir::Graph& graph = module.graph(ir::GraphId{1});
  EXPECT_THAT(graph.op(graph.first()).regions, ElementsAre(ir::GraphId{2}, ir::GraphId{0}));
}

TEST(Foreign, RegionsThatCallThemselvesAreRefused) {
  EXPECT_THAT(Refusal(Branches(1, 0)), HasSubstr("subgraph 1 calls itself"));
  EXPECT_THAT(Refusal(Branches(-1, 0)), HasSubstr("calls subgraph -1"));
  EXPECT_THAT(Refusal(Branches(0, 3)), HasSubstr("calls subgraph 3"));
}

TEST(Foreign, QuantizationOfOneScaleHasNoAxis) {
  ForeignFile file = Sum();
  ForeignTensor& constant = file.subgraphs[0].tensors[1];
  constant.scales = {0.5F};
  constant.zero_points = {3};
  constant.axis = 7;
  constant.min = {-1};
  constant.max = {1};
  const ir::Module module = MustRead(file);
  const ir::Quant& quant = module.main().value(FirstOp(module).input(1)).quant;
  EXPECT_THAT(quant->scale, ElementsAre(0.5F));
  EXPECT_EQ(quant->axis, 0);
  // The result has seen ranges and no scales: not quantized.
  file.subgraphs[0].tensors[2].min = {-6};
  file.subgraphs[0].tensors[2].max = {6};
  const ir::Module ranged = MustRead(file);
  EXPECT_TRUE(ranged.main().value(ranged.main().outputs()[0]).quant.empty());
}

TEST(Foreign, NotesSayWhatIsNotKept) {
  ForeignFile file = Sum();
  ReadNotes notes;
  ASSERT_TRUE(Read(file.Build(), &notes).ok());
  EXPECT_EQ(notes.ranges, 0U);
  EXPECT_EQ(notes.rankless, 0U);
  file.subgraphs[0].tensors[0].min = {-1};
  file.subgraphs[0].tensors[0].max = {1};
  file.subgraphs[0].tensors[2].min = {-2};
  file.subgraphs[0].tensors[2].max = {2};
  ASSERT_TRUE(Read(file.Build(), &notes).ok());
  EXPECT_EQ(notes.ranges, 2U);
}

TEST(Foreign, BlockwiseQuantizationIsRefusedAndNotDropped) {
  ForeignFile file = Sum();
  file.subgraphs[0].tensors[1].block_size = 32;
  EXPECT_THAT(Refusal(file), HasSubstr("blockwise"));
}

TEST(Foreign, CustomOperatorsMayHaveNoOptions) {
  ForeignFile file = Sum();
  file.codes = {{.builtin = kCustom, .version = 1, .custom = "My"}};
  file.subgraphs[0].operators[0].options = nullptr;
  const ir::Module module = MustRead(file);
  EXPECT_EQ(FirstOp(module).attrs.String("custom_code"), "My");
}

}  // namespace
}  // namespace smelt::tflite_import
