// What the walk does with good models: dimensions, constants in every storage, folding, names,
// notes.
#include "core/import/onnx/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "core/import/onnx/load.h"
#include "core/ir/verify.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

OnnxModel ReluModel() {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 3, ""}).Node("Relu", {"x"}, {"y"}).Output("y");
  return model;
}

TEST(Importer, SymbolicDimensionsAndTheirValues) {
  auto imported = ReluModel().Import();
  ASSERT_TRUE(imported.ok());
  const ir::Module& module = imported->module;
  EXPECT_EQ(module.symbols().Text(module.main().type(module.main().outputs()[0])),
            "f32[N,3,'x[2]']");
  auto bound = ReluModel().Import({{"N", 2}, {"x[2]", 5}});
  ASSERT_TRUE(bound.ok());
  EXPECT_EQ(
      bound->module.symbols().Text(bound->module.main().type(bound->module.main().outputs()[0])),
      "f32[2,3,5]");
}

TEST(Importer, UnknownDimensionNameListsTheKnownOnes) {
  auto imported = ReluModel().Import({{"M", 2}});
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().reason(), Reason::kUnknownDimensionName);
  EXPECT_THAT(std::string(imported.status().message()), HasSubstr("N, x[2]"));
}

TEST(Importer, SignatureKeepsNamesAndOrder) {
  OnnxModel model;
  model.Input("b", DType::kF32, {2}).Input("a", DType::kF32, {2}).Init("w", F32({2}, {1, 2}));
  model.Input("w", DType::kF32, {2});  // an initializer that is an input too is a constant
  model.Node("Add", {"a", "w"}, {"s"}).Node("Sub", {"s", "b"}, {"d"}).Output("d").Output("s");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  EXPECT_THAT(imported->module.signatures.at(0).input_names, ElementsAre("b", "a"));
  EXPECT_THAT(imported->module.signatures.at(0).output_names, ElementsAre("d", "s"));
  EXPECT_EQ(imported->facts.parameter_bytes, 8u);
  EXPECT_TRUE(ir::VerifyModule(imported->module).ok());
}

// One initializer in a typed field, added to zeros.
std::vector<double> Stored(const std::function<void(onnx::TensorProto&)>& fill, DType dtype,
                           std::int64_t count) {
  OnnxModel model;
  auto* tensor = model.graph().add_initializer();
  tensor->set_name("w");
  tensor->add_dims(count);
  tensor->set_data_type(OnnxTypeNumber(dtype));
  fill(*tensor);
  model.Node("Identity", {"w"}, {"y"}).Output("y");
  const auto y = model.Run({});
  return y.empty() ? std::vector<double>{} : ToDoubles(y[0]);
}

TEST(Importer, TypedFieldsOfEveryKind) {
  EXPECT_THAT(Stored(
                  [](auto& t) {
                    t.add_float_data(1.5F);
                    t.add_float_data(-2);
                  },
                  DType::kF32, 2),
              ElementsAre(1.5, -2));
  EXPECT_THAT(Stored([](auto& t) { t.add_double_data(1.25); }, DType::kF64, 1), ElementsAre(1.25));
  EXPECT_THAT(Stored(
                  [](auto& t) {
                    t.add_int32_data(-7);
                    t.add_int32_data(300);
                  },
                  DType::kI32, 2),
              ElementsAre(-7, 300));
  EXPECT_THAT(Stored([](auto& t) { t.add_int32_data(-7); }, DType::kI8, 1), ElementsAre(-7));
  EXPECT_THAT(Stored([](auto& t) { t.add_int32_data(250); }, DType::kU8, 1), ElementsAre(250));
  EXPECT_THAT(Stored([](auto& t) { t.add_int32_data(-700); }, DType::kI16, 1), ElementsAre(-700));
  EXPECT_THAT(Stored([](auto& t) { t.add_int32_data(0x3C00); }, DType::kF16, 1), ElementsAre(1));
  EXPECT_THAT(Stored([](auto& t) { t.add_int32_data(0xC000); }, DType::kBF16, 1), ElementsAre(-2));
  EXPECT_THAT(Stored(
                  [](auto& t) {
                    t.add_int32_data(1);
                    t.add_int32_data(0);
                  },
                  DType::kBool, 2),
              ElementsAre(1, 0));
  EXPECT_THAT(Stored([](auto& t) { t.add_int64_data(-5000000000); }, DType::kI64, 1),
              ElementsAre(-5e9));
  EXPECT_THAT(Stored([](auto& t) { t.add_uint64_data(4000000000); }, DType::kU32, 1),
              ElementsAre(4e9));
}

TEST(Importer, UnpackedTypedFields) {
  // float_data written element by element (tag 0x25): old protobuf writers do that.
  OnnxModel model;
  auto* tensor = model.graph().add_initializer();
  tensor->set_name("w");
  tensor->add_dims(2);
  tensor->set_data_type(1);
  model.Node("Identity", {"w"}, {"y"}).Output("y");
  tensor->set_raw_data("0123456789");  // 2 + 10 bytes, replaced below
  auto bytes = model.Bytes();
  const std::string needle(
      "\x4a\x0a"
      "0123456789",
      12);
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto at = text.find(needle);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 12, std::string("\x25\x00\x00\x80\x3f\x25\x00\x00\x00\x40\x60\x00", 12));
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(std::vector<char>(text.begin(), text.end()));
  auto imported = onnx_import::Import(request, CancelToken());
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  const ir::Graph& graph = imported->module.main();
  const ir::Constant* constant = graph.constant(graph.outputs().at(0));
  ASSERT_NE(constant, nullptr);
  EXPECT_THAT(*constant->AsDoubles(), ElementsAre(1, 2));
}

TEST(Importer, PayloadsAreNotCopied) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2})
      .Init("w", F32({2}, {1, 2}))
      .Node("Add", {"x", "w"}, {"y"})
      .Output("y");
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(model.Bytes());
  auto imported = onnx_import::Import(request, CancelToken());
  ASSERT_TRUE(imported.ok());
  const ir::Graph& graph = imported->module.main();
  const ir::Constant* constant = graph.constant(graph.op(graph.first()).input(1));
  ASSERT_NE(constant, nullptr);
  const std::byte* data = constant->storage().data();
  EXPECT_GE(data, request.model.data());
  EXPECT_LT(data, request.model.data() + request.model.size());
}

TEST(Importer, StringsAreRefusedOnlyWhenUsed) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1});
  auto* tensor = model.graph().add_initializer();
  tensor->set_name("s");
  tensor->add_dims(1);
  tensor->set_data_type(onnx::TensorProto::STRING);
  tensor->add_string_data("text");
  model.Node("Relu", {"x"}, {"y"}).Output("y");
  EXPECT_TRUE(model.Refusals().empty());
  model.Node("Identity", {"s"}, {"z"}).Output("z");
  EXPECT_FALSE(model.Refusals().empty());
}

TEST(Importer, SparseTensorsAreWrittenOut) {
  // 7 and 8 at two places of [2, 3], which are one number each or one row of coordinates each.
  const auto fill = [](onnx::SparseTensorProto* sparse, std::vector<std::int64_t> places) {
    sparse->add_dims(2);
    sparse->add_dims(3);
    sparse->mutable_values()->set_name("w");
    sparse->mutable_values()->set_data_type(onnx::TensorProto::FLOAT);
    sparse->mutable_values()->add_dims(2);
    sparse->mutable_values()->add_float_data(7);
    sparse->mutable_values()->add_float_data(8);
    sparse->mutable_indices()->set_data_type(onnx::TensorProto::INT64);
    sparse->mutable_indices()->add_dims(2);
    if (places.size() == 4) sparse->mutable_indices()->add_dims(2);
    for (const std::int64_t place : places) sparse->mutable_indices()->add_int64_data(place);
  };
  for (const auto& places : {std::vector<std::int64_t>{1, 5}, {0, 1, 1, 2}}) {
    OnnxModel model;
    fill(model.graph().add_sparse_initializer(), places);
    model.Node("Identity", {"w"}, {"y"}).Output("y");
    const auto y = model.Run({});
    ASSERT_EQ(y.size(), 1u);
    ExpectTensor(y[0], F32({2, 3}, {0, 7, 0, 0, 0, 8}));
  }
  for (const auto& places : {std::vector<std::int64_t>{1, 6}, {0, 1, 1, 3}, {-1, 0}, {1}}) {
    OnnxModel model;
    fill(model.graph().add_sparse_initializer(), places);
    model.Node("Identity", {"w"}, {"y"}).Output("y");
    EXPECT_THAT(model.Refusals(), ElementsAre(places.size() == 1 ? Reason::kPayloadSizeMismatch
                                                                 : Reason::kModelMalformed));
  }
}

TEST(Importer, ConstantSubgraphsFold) {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 4})
      .Node("Shape", {"x"}, {"s"})
      .Init("one", I64({}, {1}))
      .Node("Gather", {"s", "one"}, {"c"})
      .Init("half", I64({}, {2}))
      .Node("Div", {"c", "half"}, {"d"})
      .Init("axes", I64({1}, {0}))
      .Node("Unsqueeze", {"d", "axes"}, {"u"})
      .Init("minus", I64({1}, {-1}))
      .Node("Concat", {"minus", "u"}, {"shape"}, {{"axis", 0}})
      .Node("Reshape", {"x", "shape"}, {"y"})
      .Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& graph = imported->module.main();
  EXPECT_EQ(imported->module.symbols().Text(graph.type(graph.outputs()[0])), "f32[2*N,2]");
  ExpectTensor(model.Run({F32({1, 4}, {1, 2, 3, 4})}).at(0), F32({2, 2}, {1, 2, 3, 4}));
}

TEST(Importer, WhatAViolationHidesIsNotedNotRefused) {
  OnnxModel model;
  model.Input("x", DType::kF32, {4})
      .Node("NoSuchOp", {"x"}, {"a"})
      .Node("Softmax", {"a"}, {"y"}, {{"axis", 5}})
      .Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  int errors = 0, notes = 0;
  for (const auto& diagnostic : imported->diagnostics) {
    errors += diagnostic.severity == ir::Severity::kError;
    notes += diagnostic.reason == Reason::kNotChecked;
  }
  EXPECT_EQ(errors, 1);
  EXPECT_GE(notes, 1);
}

TEST(Importer, DeclaredTypesLetTheWalkSeeBehindAViolation) {
  OnnxModel model;
  model.Input("x", DType::kF32, {4})
      .Node("NoSuchOp", {"x"}, {"a"})
      .Node("Softmax", {"a"}, {"y"}, {{"axis", 5}})
      .Output("y");
  auto* info = model.graph().add_value_info();
  info->set_name("a");
  info->mutable_type()->mutable_tensor_type()->set_elem_type(1);
  info->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(4);
  EXPECT_EQ(model.Refusals().size(), 2u);
}

TEST(Importer, DiagnosticsSayEverything) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 3, 8, 8, 8, 8})
      .Init("w", RandomTensor(DType::kF32, {4, 3, 3, 3, 3, 3}, 1))
      .Node("Conv", {"x", "w"}, {"y"})
      .Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_FALSE(imported->diagnostics.empty());
  const ir::Diagnostic& diagnostic = imported->diagnostics[0];
  EXPECT_EQ(diagnostic.reason, Reason::kUnsupportedRank);
  ASSERT_TRUE(diagnostic.node.has_value());
  EXPECT_EQ(diagnostic.node->name, "n0");
  EXPECT_EQ(diagnostic.tensor, "x");
  EXPECT_EQ(diagnostic.tensor_type, "f32[1,3,8,8,8,8]");
  EXPECT_EQ(diagnostic.found, "rank 6");
  EXPECT_THAT(diagnostic.allowed, HasSubstr("rank 3 to 5"));
  EXPECT_EQ(diagnostic.stage, "import");
}

TEST(Importer, UnknownAttributesWarn) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}, {{"colour", 3}}).Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].severity, ir::Severity::kWarning);
  EXPECT_EQ(imported->diagnostics[0].reason, Reason::kUnknownAttribute);
}

TEST(Importer, DeclaredOutputsAreCompared) {
  OnnxModel type;
  type.Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}).Output("y", DType::kF16, {2});
  EXPECT_THAT(type.Refusals(), ElementsAre(Reason::kTypeMismatch));
  OnnxModel shape;
  shape.Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}).Output("y", DType::kF32, {3});
  auto imported = shape.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].severity, ir::Severity::kWarning);
}

TEST(Importer, AnOutputThatIsDeclaredTwiceIsGivenOnce) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}).Output("y").Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].reason, Reason::kDuplicateName);
  EXPECT_EQ(imported->diagnostics[0].severity, ir::Severity::kWarning);
  EXPECT_THAT(imported->module.signatures.front().output_names, ElementsAre("y"));
}

TEST(Importer, SequencesOfUnknownFeaturesAreRefusedByName) {
  OnnxModel model;
  model.Input("x", DType::kF32, {"T", 1, "D"})
      .Init("w", RandomTensor(DType::kF32, {1, 8, 3}, 1))
      .Init("r", RandomTensor(DType::kF32, {1, 8, 2}, 2))
      .Node("LSTM", {"x", "w", "r"}, {"y"})
      .Output("y");
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kDynamicDimensionUnsupported));
}

TEST(Importer, InputsWithoutTypeAreRefused) {
  OnnxModel model;
  model.graph().add_input()->set_name("x");
  model.Node("Relu", {"x"}, {"y"}).Output("y");
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kMissingTypeInformation));
}

TEST(Importer, NodesWhoseOperatorSetIsNotImportedAreResolvedByName) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Node("Relu", {"x"}, {"y"}).Output("y");
  model.proto().mutable_opset_import(0)->set_domain("com.example");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].severity, ir::Severity::kNote);
}

// One node of a domain, and the version of it that the model imports; 0: none.
OnnxModel ContribModel(const char* op, int version) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Node(op, {"x"}, {"y"}, {}, "com.microsoft").Output("y");
  if (version > 0) {
    auto* import = model.proto().add_opset_import();
    import->set_domain("com.microsoft");
    import->set_version(version);
  }
  return model;
}

TEST(Importer, ReadsTheDomainOfOnnxRuntime) {
  EXPECT_THAT(ContribModel("QuickGelu", 1).Refusals(), ElementsAre());
  EXPECT_THAT(ContribModel("QuickGelu", 2).Refusals(), ElementsAre(Reason::kUnsupportedOpset));
  EXPECT_THAT(ContribModel("Relu", 1).Refusals(), ElementsAre(Reason::kCustomOpCandidateDisabled));
  auto unimported = ContribModel("QuickGelu", 0).Import();
  ASSERT_TRUE(unimported.ok());
  ASSERT_EQ(unimported->diagnostics.size(), 1u);
  EXPECT_EQ(unimported->diagnostics[0].severity, ir::Severity::kNote);
}

TEST(Importer, SaysWhyRandomOperatorsAreRefused) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Node("RandomNormalLike", {"x"}, {"y"}).Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_FALSE(imported->diagnostics.empty());
  EXPECT_EQ(imported->diagnostics[0].reason, Reason::kCustomOpCandidateDisabled);
  EXPECT_THAT(imported->diagnostics[0].message, HasSubstr("random"));
}

TEST(Importer, ModulePathsComeFromNodeMetadata) {
  OnnxModel model = ReluModel();
  const std::string key = "pkg.torch.onnx.name_scopes",
                    value = "['', 'blocks.0', \"blocks.0.act\", 'relu']";
  std::string entry;
  for (const auto& [tag, text] : {std::pair{'\x0a', key}, std::pair{'\x12', value}}) {
    entry += tag;
    entry += static_cast<char>(text.size());
    entry += text;
  }
  model.graph().mutable_node(0)->mutable_unknown_fields()->AddLengthDelimited(9, entry);
  EXPECT_EQ(onnx_import::ModulePath(model.graph().node(0)), "blocks.0.act");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  EXPECT_EQ(imported->module.origins().sources().at(0).module_path, "blocks.0.act");
}

TEST(Importer, Cancels) {
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(ReluModel().Bytes());
  CancelToken cancel;
  cancel.Cancel();
  auto imported = onnx_import::Import(request, cancel);
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().reason(), Reason::kCancelled);
}

}  // namespace
}  // namespace smelt::testing
