#include "core/import/tflite/describe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "core/import/tflite/reader.h"
#include "tests/unit/core/export/write_file.h"
#include "tests/unit/core/import_tflite/foreign_file.h"

namespace smelt::tflite_import {
namespace {

namespace schema = flat::schema;
using tflite_export::MustParse;
using tflite_export::MustWrite;

constexpr int kConv2d = 3;
constexpr int kCustom = 32;
constexpr int kUnidirectionalSequenceLstm = 44;
constexpr int kWhile = 119;

constexpr std::string_view kNet = R"(module {
  metadata "labels" "cat,dog"
  graph @main(%0 "x": f32[1,4,4,2]) {
    %1 "w" = const i8[3,1,1,2] quant(axis=0, scale=[0.5, 0.25, 1.0], zero=[0, 0, 0]) [1, 2, 3, 4, 5, 6]
    %2 "b" = const f32[3] [7, 8, 9]
    %3 "y" = CONV_2D(%0, %1, %2) {dilation_h_factor=1, dilation_w_factor=1,
        fused_activation_function="RELU", padding="SAME", stride_h=1, stride_w=2} : f32[1,4,2,3]
    return %3
  }
  signature "serving_default" @main ("image") -> ("boxes")
})";

SharedBytes OurFile() {
  ir::Module module = MustParse(kNet);
  return SharedBytes::Own(MustWrite(module).bytes);
}

ModelDescription MustDescribe(const SharedBytes& file) {
  auto description = Describe(file);
  EXPECT_TRUE(description.ok()) << description.status().ToString();
  return description.ok() ? std::move(description).value() : ModelDescription();
}

const TensorDescription& Find(const SubgraphDescription& subgraph, std::string_view name) {
  const auto found = std::ranges::find(subgraph.tensors, name, &TensorDescription::name);
  EXPECT_NE(found, subgraph.tensors.end()) << name;
  return found == subgraph.tensors.end() ? subgraph.tensors.front() : *found;
}

bool HasProblem(const ModelDescription& description, std::string_view text) {
  return std::ranges::any_of(description.problems, [&](const std::string& problem) {
    return problem.find(text) != std::string::npos;
  });
}

std::string ProblemsOf(const ModelDescription& description) {
  std::string text;
  for (const std::string& problem : description.problems) text += problem + "\n";
  return text;
}

TEST(Describe, SaysWhatOurFileHolds) {
  const SharedBytes file = OurFile();
  const ModelDescription description = MustDescribe(file);
  EXPECT_EQ(ProblemsOf(description), "");
  EXPECT_EQ(description.file_bytes, file.size());
  EXPECT_EQ(description.schema_version, 3U);
  EXPECT_NE(description.min_runtime_version, "");
  ASSERT_EQ(description.operators.size(), 1U);
  EXPECT_EQ(description.operators[0].name, "CONV_2D");
  EXPECT_EQ(description.operators[0].count, 1U);
  EXPECT_GE(description.operators[0].version, 5);  // hybrid
  ASSERT_EQ(description.subgraphs.size(), 1U);
  const SubgraphDescription& main = description.subgraphs[0];
  ASSERT_EQ(main.operators.size(), 1U);
  EXPECT_NE(main.operators[0].options.find("padding=\"SAME\""), std::string::npos)
      << main.operators[0].options;
  EXPECT_EQ(main.operators[0].inputs.size(), 3U);
  const TensorDescription& weights = Find(main, "w");
  EXPECT_EQ(weights.type, "i8");
  EXPECT_EQ(weights.shape, (std::vector<std::int32_t>{3, 1, 1, 2}));
  EXPECT_EQ(weights.quantization.scales, (std::vector<float>{0.5F, 0.25F, 1.0F}));
  EXPECT_EQ(weights.quantization.axis, 0);
  EXPECT_EQ(weights.data.bytes, 6U);
  EXPECT_FALSE(weights.data.behind_flatbuffer);
  EXPECT_EQ(file.span()[weights.data.offset], std::byte{1});
  EXPECT_EQ(file.span()[weights.data.offset + 5], std::byte{6});
  EXPECT_EQ(Find(main, "image").data.bytes, 0U);
  ASSERT_EQ(description.signatures.size(), 1U);
  EXPECT_EQ(description.signatures[0].key, "serving_default");
  EXPECT_EQ(description.signatures[0].inputs[0].name, "image");
  EXPECT_EQ(main.tensors[description.signatures[0].outputs[0].tensor].name, "boxes");
  EXPECT_TRUE(std::ranges::any_of(description.metadata, [](const MetadataDescription& entry) {
    return entry.name == "labels" && entry.data.bytes == 7;
  }));
  ASSERT_EQ(description.types.size(), 2U);
  EXPECT_EQ(description.types[0].type, "f32");
  EXPECT_EQ(description.types[0].tensors, 3U);
  EXPECT_EQ(description.types[0].bytes, 12U);
  EXPECT_EQ(description.types[1].type, "i8");
  EXPECT_EQ(description.types[1].bytes, 6U);
  EXPECT_EQ(description.unused_bytes, 0U);
}

// A constant of 100 bytes, all 7, which the writer puts behind the FlatBuffer.
SharedBytes FileInTwo() {
  std::string values = "7";
  for (int i = 1; i < 100; ++i) values += ", 7";
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": i8[100]) {
      %1 "c" = const i8[100] [)" +
                                values + R"(]
      %2 "y" = ADD(%0, %1) : i8[100]
      return %2
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  return SharedBytes::Own(MustWrite(module, 1).bytes);
}

TEST(Describe, SaysWhereDataBehindTheFlatBufferLies) {
  const SharedBytes file = FileInTwo();
  const ModelDescription description = MustDescribe(file);
  EXPECT_EQ(ProblemsOf(description), "");
  const DataDescription& data = Find(description.subgraphs[0], "c").data;
  EXPECT_TRUE(data.behind_flatbuffer);
  ASSERT_EQ(data.bytes, 100U);
  EXPECT_EQ(file.span()[data.offset], std::byte{7});
  EXPECT_EQ(file.span()[data.offset + 99], std::byte{7});
}

// A file with all that the reader refuses.
ForeignFile Strange() {
  ForeignFile file;
  file.description = "TOCO Converted.";
  file.codes = {{.builtin = kUnidirectionalSequenceLstm, .version = 2, .custom = ""},
                {.builtin = kCustom, .version = 1, .custom = "Mfcc"},
                {.builtin = 700, .version = 9, .custom = ""}};
  file.buffers = {{}, DataOf({1, 2, 3, 4}), DataOf({}), DataOf({9, 9})};
  ForeignSubgraph main;
  main.name = "main";
  main.tensors = {
      {.name = "x", .shape = {1, 2}, .min = {-1}, .max = {1}, .signature = {-1, 2}},
      {.name = "state", .shape = {1, 2}, .is_variable = true},
      {.name = "blocks",
       .shape = {4},
       .type = schema::TensorType::INT8,
       .buffer = 1,
       .block_size = 32},
      {.name = "sparse",
       .shape = {4},
       .type = schema::TensorType::INT8,
       .buffer = 1,
       .is_sparse = true},
      {.name = "elsewhere", .shape = {4}, .external_buffer = 0x80000001U},
      {.name = "words", .shape = {2}, .type = schema::TensorType::STRING},
      {.name = "y", .shape = {1, 2}, .buffer = 2},
  };
  main.inputs = {0};
  main.outputs = {6};
  main.operators = {{.code = 0, .inputs = {0, -1, 2}, .outputs = {6}, .intermediates = {1}},
                    {.code = 1, .inputs = {3}, .outputs = {5}, .custom_options = {7, 7, 7}},
                    {.code = 2, .inputs = {4}, .outputs = {5}}};
  file.subgraphs = {main};
  return file;
}

TEST(Describe, SaysWhatTheReaderRefuses) {
  const SharedBytes file = Strange().Build();
  EXPECT_FALSE(Read(file).ok());
  const ModelDescription description = MustDescribe(file);
  EXPECT_EQ(description.description, "TOCO Converted.");
  ASSERT_EQ(description.operators.size(), 3U);
  EXPECT_EQ(description.operators[0].name, "UNIDIRECTIONAL_SEQUENCE_LSTM");
  EXPECT_EQ(description.operators[0].version, 2);
  EXPECT_EQ(description.operators[1].name, "Mfcc");
  EXPECT_TRUE(description.operators[1].is_custom);
  EXPECT_EQ(description.operators[2].name, "BUILTIN 700");
  EXPECT_TRUE(HasProblem(description, "operator code 2 is the unknown builtin 700"))
      << ProblemsOf(description);
  const SubgraphDescription& main = description.subgraphs[0];
  EXPECT_EQ(main.operators[0].inputs, (std::vector<std::int32_t>{0, -1, 2}));
  EXPECT_EQ(main.operators[0].intermediates, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(main.operators[1].custom_bytes, 3U);
  EXPECT_EQ(Find(main, "x").shape_signature, (std::vector<std::int32_t>{-1, 2}));
  EXPECT_TRUE(Find(main, "x").quantization.present);
  EXPECT_EQ(Find(main, "x").quantization.max, (std::vector<float>{1}));
  EXPECT_TRUE(Find(main, "state").is_variable);
  EXPECT_EQ(Find(main, "blocks").quantization.details, "blockwise");
  EXPECT_EQ(Find(main, "blocks").quantization.block_size, 32);
  EXPECT_EQ(Find(main, "blocks").quantization.zero_points_tensor, -1);
  const SparsityDescription& sparsity = Find(main, "sparse").sparsity;
  ASSERT_EQ(sparsity.dimensions.size(), 1U);
  EXPECT_TRUE(sparsity.dimensions[0].is_csr);
  EXPECT_EQ(sparsity.dimensions[0].indices, 2U);
  EXPECT_EQ(Find(main, "elsewhere").external_buffer, 0x80000001U);
  EXPECT_EQ(Find(main, "words").type, "string");
  EXPECT_EQ(Find(main, "y").data.bytes, 0U);
  // Two tensors share buffer 1; nothing uses buffer 3.
  EXPECT_EQ(description.data_bytes, 6U);
  EXPECT_EQ(description.unused_bytes, 2U);
  const auto bytes = std::ranges::find(description.types, "i8", &TypeDescription::type);
  ASSERT_NE(bytes, description.types.end());
  EXPECT_EQ(bytes->tensors, 2U);
  EXPECT_EQ(bytes->bytes, 4U);
  EXPECT_EQ(description.problem_count, 1U) << ProblemsOf(description);
}

TEST(Describe, ListsWhatContradictsTheFormat) {
  ForeignFile file = Strange();
  file.version = 2;
  file.buffers.push_back({.has_vector = false, .data = {}, .offset = 1 << 20, .size = 8});
  ForeignSubgraph& main = file.subgraphs[0];
  main.tensors[0].buffer = 99;
  main.tensors[1].buffer = 1;                        // a variable with data
  main.tensors[2].type = schema::TensorType::INT32;  // 16 bytes
  main.tensors[4].shape = {-3};
  main.tensors[5].type = static_cast<schema::TensorType>(77);
  main.tensors[6].scales = {1, 2, 3};
  main.tensors[6].zero_points = {0, 0, 0};
  main.outputs = {44};
  main.operators[0].inputs = {-2};
  main.operators[2].code = 8;
  file.signatures = {{.key = "k", .subgraph = 5, .inputs = {{"a", 1}}, .outputs = {}}};
  file.metadata = {{"m", 66}};
  const ModelDescription description = MustDescribe(file.Build());
  for (const char* text :
       {"schema version 2", "buffer 4 lies outside the file", "buffer 99 is out of range",
        "is a variable and has data", "holds 4 bytes where its type and shape need 16",
        "has a shape that no tensor can have", "element type 77", "has 3 scales along axis 0",
        "an output is tensor 44", "an input of operator 0 is tensor -2", "operator code 8",
        "signature 0 is of subgraph 5", "signature 0 names tensor 1",
        "metadata entry 0: buffer 66"}) {
    EXPECT_TRUE(HasProblem(description, text)) << text << " in\n" << ProblemsOf(description);
  }
  EXPECT_EQ(description.subgraphs[0].tensors[5].type, "type 77");
}

TEST(Describe, SaysWhichSubgraphsAnOperatorCalls) {
  ForeignFile file;
  file.codes = {{.builtin = kWhile, .version = 1, .custom = ""}};
  file.buffers = {{}};
  ForeignSubgraph loop;
  loop.tensors = {{.name = "i", .shape = {}}, {.name = "o", .shape = {}}};
  loop.inputs = {0};
  loop.outputs = {1};
  loop.operators = {
      {.code = 0, .inputs = {0}, .outputs = {1}, .options = [](ForeignOperator::Builder& builder) {
         return ForeignOperator::Options{schema::BuiltinOptions::WhileOptions,
                                         schema::CreateWhileOptions(builder, 2, 1).Union()};
       }}};
  file.subgraphs = {loop, ForeignSubgraph(), ForeignSubgraph()};
  const ModelDescription description = MustDescribe(file.Build());
  EXPECT_EQ(description.subgraphs[0].operators[0].subgraphs, (std::vector<std::int32_t>{2, 1}));
}

// The union's tag says RESHAPE where the operator is another: nobody may follow the reference.
TEST(Describe, DoesNotReadOptionsOfAnotherOperator) {
  ForeignFile file;
  file.codes = {{.builtin = kConv2d, .version = 1, .custom = ""}};
  file.buffers = {{}};
  ForeignSubgraph main;
  main.tensors = {{.name = "x", .shape = {1}}, {.name = "y", .shape = {1}}};
  main.operators = {{.code = 0,
                     .inputs = {0, 0},
                     .outputs = {1},
                     .options = [](ForeignOperator::Builder& builder) {
                       const std::vector<std::int32_t> shape = {1};
                       return ForeignOperator::Options{
                           schema::BuiltinOptions::ReshapeOptions,
                           schema::CreateReshapeOptionsDirect(builder, &shape).Union()};
                     }}};
  file.subgraphs = {main};
  EXPECT_EQ(MustDescribe(file.Build()).subgraphs[0].operators[0].options, "");
}

// One subgraph of many tensors, listed often: the description stays as small as the file.
TEST(Describe, CopiesNoMoreThanTheFileHolds) {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<std::int32_t> shape(20'000, 1);
  const auto tensor = schema::CreateTensorDirect(builder, &shape);
  const std::vector<flatbuffers::Offset<schema::Tensor>> tensors(1'000, tensor);
  const auto subgraph = schema::CreateSubGraphDirect(builder, &tensors);
  const std::vector<flatbuffers::Offset<schema::SubGraph>> subgraphs(20, subgraph);
  schema::FinishModelBuffer(builder, schema::CreateModelDirect(builder, 3, nullptr, &subgraphs));
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  const SharedBytes file = SharedBytes::Own(std::vector<std::byte>(bytes.begin(), bytes.end()));
  const ModelDescription description = MustDescribe(file);
  EXPECT_TRUE(HasProblem(description, "leaves some out")) << ProblemsOf(description);
  std::uint64_t copied = 0;
  for (const SubgraphDescription& part : description.subgraphs) {
    for (const TensorDescription& each : part.tensors) copied += each.shape.size() * 4;
  }
  EXPECT_GT(copied, 0U);
  EXPECT_LE(copied, file.size() + (1U << 16));
}

TEST(Describe, RefusesOtherBytes) {
  EXPECT_EQ(Describe(SharedBytes()).status().reason(), Reason::kNotAModel);
  const std::string text = "not a model at all, just some text that is long enough";
  const SharedBytes bytes = SharedBytes::Own(std::vector<char>(text.begin(), text.end()));
  EXPECT_EQ(Describe(bytes).status().reason(), Reason::kNotAModel);
  const SharedBytes file = OurFile();
  EXPECT_EQ(Describe(file.Slice(0, 100)).status().reason(), Reason::kModelMalformed);
}

// Memory that is not aligned is copied.
TEST(Describe, AcceptsMemoryOfAnyAlignment) {
  const SharedBytes file = OurFile();
  std::vector<std::byte> shifted(file.size() + 3);
  std::copy(file.span().begin(), file.span().end(), shifted.begin() + 3);
  const ModelDescription description =
      MustDescribe(SharedBytes::Own(shifted).Slice(3, file.size()));
  EXPECT_EQ(Find(description.subgraphs[0], "w").data.bytes, 6U);
}

TEST(Describe, FlippedBytesNeverCrash) {
  const SharedBytes files[] = {OurFile(), FileInTwo(), Strange().Build()};
  std::mt19937 random(20261123);
  int refused = 0;
  constexpr int kRounds = 6000;
  for (int round = 0; round < kRounds; ++round) {
    const SharedBytes& file = files[round % 3];
    std::vector<std::byte> bytes(file.span().begin(), file.span().end());
    const auto flips = 1 + random() % 4;
    for (unsigned i = 0; i < flips; ++i) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    refused += Describe(SharedBytes::Own(std::move(bytes))).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, kRounds / 100);
  EXPECT_LT(refused, kRounds);
}

}  // namespace
}  // namespace smelt::tflite_import
