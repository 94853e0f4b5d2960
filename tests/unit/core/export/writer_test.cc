#include "core/export/tflite/writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_export {
namespace {

constexpr std::string_view kConv = R"(module {
  source 0 "stem/conv" Conv opset 13 path ""
  graph @main(%0 "x": f32[1,4,4,2]) {
    %1 "w" = const f32[3,1,1,2] [1, 2, 3, 4, 5, 6]
    %2 = const f32[3] [7, 8, 9]
    %3 = CONV_2D(%0, %1, %2) {padding="SAME", stride_w=2, stride_h=1,
         dilation_w_factor=1, dilation_h_factor=1} from {0}
    %4 = RELU(%3) from {0}
    return %4
  }
  signature "serving_default" @main ("x") -> ("y")
})";

TEST(Writer, FillsTheContainer) {
  ir::Module module = MustParse(kConv);
  const Written file = MustWrite(module);
  const auto& model = file.model();
  EXPECT_TRUE(flat::schema::ModelBufferHasIdentifier(file.bytes.data()));
  EXPECT_EQ(model.version(), 3U);
  EXPECT_EQ(model.description()->str(), "smelt");
  EXPECT_EQ(file.summary.file_bytes, file.bytes.size());
  EXPECT_EQ(model.buffers()->Get(0)->data(), nullptr);
  EXPECT_EQ(file.main().operators()->size(), 2U);
  EXPECT_EQ(file.summary.operators.at("CONV_2D"), 1U);
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(file.bytes.data()),
                                 file.bytes.size());
  EXPECT_TRUE(flat::schema::VerifyModelBuffer(verifier));
}

TEST(Writer, WritesBothOperatorCodesAndTheVersion) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": i64[1]) {
      %1 = const i64[2] [3, 3]
      %2 = const i32[1] [2]
      %3 = BROADCAST_TO(%0, %2)
      %4 = ADD(%3, %1)
      %5 = ADD(%4, %4)
      return %5
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const Written file = MustWrite(module);
  const auto& codes = *file.model().operator_codes();
  ASSERT_EQ(codes.size(), 2U);
  EXPECT_EQ(codes.Get(0)->builtin_code(), 130);
  EXPECT_EQ(codes.Get(0)->deprecated_builtin_code(), 127);
  EXPECT_EQ(codes.Get(0)->version(), 2);
  EXPECT_EQ(codes.Get(1)->builtin_code(), 0);
  EXPECT_EQ(codes.Get(1)->deprecated_builtin_code(), 0);
  EXPECT_EQ(codes.Get(1)->version(), 4);
  EXPECT_EQ(file.main().operators()->Get(2)->opcode_index(), 1U);
  EXPECT_EQ(file.summary.min_runtime_version, "2.6.0");
  EXPECT_EQ(file.Metadata("min_runtime_version"), "2.6.0");
}

TEST(Writer, OneCodeAnOperatorAndVersion) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": i64[1], %1 "y": f32[1]) {
      %2 = ADD(%0, %0)
      %3 = ADD(%1, %1)
      %4 = ADD(%3, %1)
      return %2, %4
    }
    signature "serving_default" @main ("x", "y") -> ("a", "b")
  })");
  const Written file = MustWrite(module);
  EXPECT_EQ(file.model().operator_codes()->size(), 2U);
}

TEST(Writer, OptionsAreTheAttributes) {
  ir::Module module = MustParse(kConv);
  const Written file = MustWrite(module);
  const auto* options = file.main().operators()->Get(0)->builtin_options_as_Conv2DOptions();
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->padding(), flat::schema::Padding::SAME);
  EXPECT_EQ(options->stride_w(), 2);
  EXPECT_EQ(options->stride_h(), 1);
  EXPECT_EQ(options->dilation_h_factor(), 1);
  EXPECT_EQ(options->fused_activation_function(), flat::schema::ActivationFunctionType::NONE);
}

TEST(Writer, PowerOfTwoScalesAreDeniedExplicitly) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[1]) { %1 = ADD(%0, %0) return %1 }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const Written file = MustWrite(module);
  EXPECT_FALSE(file.main().operators()->Get(0)->builtin_options_as_AddOptions()->pot_scale_int16());
}

TEST(Writer, StatesTypesThatTheIrLeavesOut) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": i32[1]) { %1 = CAST(%0) {out_data_type="f32"} return %1 }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const Written file = MustWrite(module);
  const auto* options = file.main().operators()->Get(0)->builtin_options_as_CastOptions();
  EXPECT_EQ(options->in_data_type(), flat::schema::TensorType::INT32);
  EXPECT_EQ(options->out_data_type(), flat::schema::TensorType::FLOAT32);
}

TEST(Writer, EqualModulesGiveEqualBytes) {
  ir::Module first = MustParse(kConv);
  ir::Module second = MustParse(kConv);
  EXPECT_EQ(MustWrite(first).bytes, MustWrite(second).bytes);
}

TEST(Writer, UnusedConstantsAreNotWritten) {
  ir::Module module = MustParse(kConv);
  const Written before = MustWrite(module);
  module.main().AddConstant(
      ir::Constant::FromValues<float>(ir::DType::kF32, {2}, std::vector<float>{1, 2}), "unused");
  EXPECT_EQ(MustWrite(module).bytes, before.bytes);
}

TEST(Writer, RefusesWhatIsNotLegal) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[1]) { %1 = core.ERF(%0) return %1 }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const auto written = TryWrite(module);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.status().reason(), Reason::kInternalError);
  EXPECT_NE(written.status().message().find("core.ERF"), std::string_view::npos);
}

TEST(Writer, RefusesAnAttributeThatTheFieldCantHold) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[1]) { %1 = LEAKY_RELU(%0) {alpha=0.5} return %1 }
    signature "serving_default" @main ("x") -> ("y")
  })");
  ir::Graph& graph = module.main();
  ir::Op& op = graph.op(graph.first());
  op.kind = ir::OpKind::kPack;
  op.attrs = {{"axis", std::int64_t{1} << 40}, {"values_count", std::int64_t{1}}};
  EXPECT_EQ(TryWrite(module).status().reason(), Reason::kInternalError);
}

TEST(Writer, RefusesTensorsThatRuntimesCantCount) {
  for (const std::string shape : {"65536,32768", "2147483648,0"}) {
    ir::Module module = MustParse("module { graph @main(%0 \"x\": f32[" + shape +
                                  "]) { %1 = NEG(%0) return %1 } "
                                  "signature \"serving_default\" @main (\"x\") -> (\"y\") }");
    const auto written = TryWrite(module);
    EXPECT_EQ(written.status().reason(), Reason::kArtifactTooLarge) << shape;
    EXPECT_NE(written.status().message().find("tensor x"), std::string_view::npos);
  }
}

TEST(Writer, StopsWhenCancelledOrTheSinkFails) {
  ir::Module module = MustParse(kConv);
  CancelToken cancel;
  WriteOptions options;
  options.append = [](ByteSpan) { return Status(Reason::kIoError, "disk full"); };
  const target::Profile& profile = *target::AllProfiles().front();
  EXPECT_EQ(Write(module, profile, options, cancel).status().reason(), Reason::kIoError);
  cancel.Cancel();
  options.append = [](ByteSpan) { return Status::Ok(); };
  EXPECT_EQ(Write(module, profile, options, cancel).status().reason(), Reason::kCancelled);
}

TEST(Writer, ProgressEndsAtTheFilesSize) {
  ir::Module module = MustParse(kConv);
  WriteOptions options;
  options.append = [](ByteSpan) { return Status::Ok(); };
  std::uint64_t last = 0;
  bool steady = true;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    steady = steady && done > last && done <= total;
    last = done;
  };
  const CancelToken cancel;
  const auto summary = Write(module, *target::AllProfiles().front(), options, cancel);
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(steady);
  EXPECT_EQ(last, summary->file_bytes);
}

TEST(Writer, RegionsBecomeSubgraphs) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "c": bool[], %1 "x": f32[2]) {
      %2 = IF(%0, %1) {} regions(@then, @else) : f32[2]
      return %2
    }
    graph @unused(%0: f32[2]) { return %0 }
    graph @then(%0: f32[2]) { %1 = NEG(%0) return %1 }
    graph @else(%0: f32[2]) { return %0 }
    signature "serving_default" @main ("c", "x") -> ("y")
  })");
  const Written file = MustWrite(module);
  ASSERT_EQ(file.model().subgraphs()->size(), 3U);
  const auto* options = file.main().operators()->Get(0)->builtin_options_as_IfOptions();
  ASSERT_NE(options, nullptr);
  const auto name = [&](int i) {
    return file.model().subgraphs()->Get(static_cast<unsigned>(i))->name()->str();
  };
  EXPECT_EQ(name(options->then_subgraph_index()), "then");
  EXPECT_EQ(name(options->else_subgraph_index()), "else");
}

TEST(Writer, CustomOperatorsHaveACodeEach) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2]) {
      %1 = CUSTOM(%0) {alpha=0.5, custom_code="my::A"} : f32[2]
      %2 = CUSTOM(%1, _) {custom_code="my::B"} : f32[2]
      %3 = CUSTOM(%2) {custom_code="my::A"} : f32[2]
      return %3
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const Written file = MustWrite(module);
  const auto& codes = *file.model().operator_codes();
  ASSERT_EQ(codes.size(), 2U);
  EXPECT_EQ(codes.Get(0)->builtin_code(), 32);
  EXPECT_EQ(codes.Get(0)->custom_code()->str(), "my::A");
  EXPECT_EQ(codes.Get(1)->custom_code()->str(), "my::B");
  EXPECT_NE(file.main().operators()->Get(0)->custom_options(), nullptr);
  EXPECT_EQ(file.summary.custom_codes, (std::vector<std::string>{"my::A", "my::B"}));
  EXPECT_EQ(file.summary.operators.at("CUSTOM"), 3U);
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(file.bytes.data()),
                                 file.bytes.size());
  EXPECT_TRUE(flat::schema::VerifyModelBuffer(verifier));
}

}  // namespace
}  // namespace smelt::tflite_export
