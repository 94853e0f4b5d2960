#include "core/import/tflite/reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/ir/verify.h"
#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_import {
namespace {

using tflite_export::MustParse;
using tflite_export::MustWrite;

SharedBytes Written(std::string_view text, std::uint64_t max_inline = UINT64_MAX) {
  ir::Module module = MustParse(text);
  return SharedBytes::Own(MustWrite(module, max_inline).bytes);
}

// What the file keeps of a module is what it was, in the text form. The text names values as the
// writer does and leaves origins out, which the format has no place for.
void ExpectRoundTrip(std::string_view text, std::uint64_t max_inline = UINT64_MAX) {
  auto read = Read(Written(text, max_inline));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  ir::Module again = std::move(read).value();
  const ir::Module module = MustParse(text);
  EXPECT_TRUE(ir::Equal(module, again)) << ir::Print(module) << ir::Print(again);
  const Status verified = ir::VerifyModule(again, {.require_origins = false});
  EXPECT_TRUE(verified.ok()) << verified.ToString();
}

constexpr std::string_view kNet = R"(module {
  metadata "labels" "cat,dog"
  graph @main(%0 "x": f32[1,4,4,2]) {
    %1 "w" = const f32[3,1,1,2] [1, 2, 3, 4, 5, 6]
    %2 "b" = const f32[3] [7, 8, 9]
    %3 "conv" = CONV_2D(%0, %1, %2) {dilation_h_factor=1, dilation_w_factor=1,
        fused_activation_function="RELU", padding="SAME", stride_h=1, stride_w=2} : f32[1,4,2,3]
    %4 "axes" = const i32[2] [1, 2]
    %5 "mean" = MEAN(%3, %4) {keep_dims=true} : f32[1,1,1,3]
    %6 "shape" = const i32[2] [1, 3]
    %7 "flat" = RESHAPE(%5, %6) {new_shape=[1, 3]} : f32[1,3]
    %8 "k" = const i32[] [2]
    %9 "values", %10 "indices" = TOPK_V2(%7, %8) : f32[1,2], i32[1,2]
    return %9, %10
  }
  signature "serving_default" @main ("x") -> ("values", "indices")
})";

TEST(Reader, GivesBackWhatWasWritten) { ExpectRoundTrip(kNet); }
TEST(Reader, ReadsPayloadsOutsideTheFlatBuffer) { ExpectRoundTrip(kNet, 1); }

TEST(Reader, GivesBackQuantization) {
  ExpectRoundTrip(R"(module {
    graph @main(%0 "q": i8[2,3] quant(axis=1, scale=[0.5, 0.25, 1.0], zero=[0, -1, 3])) {
      %1 "r" = RELU(%0) : i8[2,3] quant(axis=0, scale=[0.5], zero=[-128])
      return %1
    }
    signature "serving_default" @main ("q") -> ("r")
  })");
}

TEST(Reader, GivesBackRegionsAndTypesThatOptionsDontCarry) {
  ExpectRoundTrip(R"(module {
    graph @main(%0 "c": bool[], %1 "x": f32[2]) {
      %2 "y" = IF(%0, %1) regions(@then, @else) : i32[2]
      return %2
    }
    graph @then(%0 "a": f32[2]) {
      %1 "bits" = BITCAST(%0) {out_data_type="i32"} : i32[2]
      return %1
    }
    graph @else(%0 "b": f32[2]) {
      %1 "number" = CAST(%0) {in_data_type="f32", out_data_type="i32"} : i32[2]
      return %1
    }
    signature "serving_default" @main ("c", "x") -> ("y")
  })");
}

TEST(Reader, GivesBackOddGraphs) {
  ExpectRoundTrip(R"(module {
    graph @main(%0 "x": f32[2], %1 "unused": i64[]) {
      %2 "c" = const f32[0,2] []
      %3 "y" = CONCATENATION(%0, %0) : f32[4]
      return %3, %0, %3, %2
    }
    signature "serving_default" @main ("x", "unused") -> ("y", "same", "again", "c")
  })");
}

TEST(Reader, OpenDimensionsFollowFromTheInputs) {
  const auto read = Read(Written(R"(module {
    symbol N "x" 0
    graph @main(%0 "x": f32[N,3]) {
      %1 "n" = NEG(%0) : f32[N,3]
      %2 "y" = CONCATENATION(%1, %1) {axis=0} : f32[2*N,3]
      return %2
    }
    signature "serving_default" @main ("x") -> ("y")
  })"));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  const ir::Graph& graph = read->main();
  const ir::Dim batch = graph.type(graph.inputs()[0]).shape.dim(0);
  EXPECT_TRUE(batch.is_symbol());
  const ir::Op& neg = graph.op(graph.first());
  EXPECT_EQ(graph.type(neg.result()).shape.dim(0), batch);
  const ir::ValueId output = graph.outputs()[0];
  EXPECT_EQ(read->symbols().Text(graph.type(output).shape.dim(0)),
            "2*" + read->symbols().Text(batch));
}

// Files that went through other tools lose the alignment of their payloads.
TEST(Reader, AcceptsMemoryAndPayloadsOfAnyAlignment) {
  const SharedBytes file = Written(kNet);
  std::vector<std::byte> shifted(file.size() + 3);
  std::copy(file.span().begin(), file.span().end(), shifted.begin() + 3);
  const auto read = Read(SharedBytes::Own(shifted).Slice(3, file.size()));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE(ir::Equal(MustParse(kNet), *read));
}

TEST(Reader, ConstantsAreViewsOfTheFile) {
  const SharedBytes file = Written(kNet);
  const auto read = Read(file);
  ASSERT_TRUE(read.ok());
  const ir::Graph& graph = read->main();
  const ir::Constant* weights = graph.constant(graph.op(graph.first()).input(1));
  ASSERT_NE(weights, nullptr);
  EXPECT_GE(weights->storage().data(), file.data());
  EXPECT_LT(weights->storage().data(), file.data() + file.size());
}

TEST(Reader, RefusesOtherBytes) {
  EXPECT_EQ(Read(SharedBytes()).status().reason(), Reason::kArtifactInvalid);
  const std::string text = "not a model at all, just some text that is long enough";
  const SharedBytes bytes = SharedBytes::Own(std::vector<char>(text.begin(), text.end()));
  EXPECT_EQ(Read(bytes).status().reason(), Reason::kArtifactInvalid);
}

// Hostile bytes are refused or read; nothing else happens. Run under sanitizers in CI.
TEST(Reader, EveryTruncationIsRefused) {
  const SharedBytes file = Written(kNet);
  // The zeros behind the last payload may go.
  constexpr std::size_t kTail = 128;
  for (std::size_t size = 0; size + kTail < file.size(); ++size) {
    const SharedBytes part = SharedBytes::Own(std::vector<std::byte>(
        file.span().begin(), file.span().begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_FALSE(Read(part).ok()) << size;
  }
}

TEST(Reader, FlippedBytesNeverCrash) {
  const SharedBytes plain = Written(kNet);
  const SharedBytes outside = Written(kNet, 1);
  std::mt19937 random(20240607);
  int refused = 0;
  constexpr int kRounds = 6000;
  for (int round = 0; round < kRounds; ++round) {
    const SharedBytes& file = round % 4 == 0 ? outside : plain;
    std::vector<std::byte> bytes(file.span().begin(), file.span().end());
    const auto flips = 1 + random() % 4;
    for (unsigned i = 0; i < flips; ++i) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    refused += CheckFile(SharedBytes::Own(std::move(bytes))).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, kRounds / 10);
  EXPECT_LT(refused, kRounds);
}

TEST(Reader, CustomOperatorsKeepTheirNamesAndOptions) {
  ExpectRoundTrip(R"(module {
    graph @main(%0 "x": f32[2], %1 "s": i32[]) {
      %2 "a", %3 "b" = CUSTOM(%0, %1) {alpha=0.5, custom_code="my::A", mode="m",
          taps=[1, 2]} : f32[2], i64[3]
      %4 "c" = CUSTOM(%2, %3) {custom_code="my::B"} : f32[]
      return %4
    }
    signature "serving_default" @main ("x", "s") -> ("c")
  })");
}

}  // namespace
}  // namespace smelt::tflite_import
