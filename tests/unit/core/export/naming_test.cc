// Names, order and shapes of tensors, and the signature.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_export {
namespace {

std::vector<std::string> Names(const Written& file) {
  std::vector<std::string> names;
  for (const auto* tensor : *file.main().tensors()) names.push_back(tensor->name()->str());
  return names;
}

TEST(Naming, KeepsTheSourcesNamesAndMakesTheOthersFromNodes) {
  ir::Module module = MustParse(R"(module {
    source 0 "stem/conv" Conv opset 13 path ""
    source 1 "" Relu opset 13 path ""
    graph @main(%0 "internal": f32[2]) {
      %1 "bias" = const f32[2] [1, 2]
      %2 = const f32[2] [3, 4]
      %3 = ADD(%0, %1) from {0}
      %4 = MUL(%3, %2) from {0}
      %5 "kept" = RELU(%4) from {1}
      %6 = NEG(%5) from {1}
      %7 = NEG(%6) from {1}
      return %7
    }
    signature "serving_default" @main ("x:0") -> ("y:0")
  })");
  const Written file = MustWrite(module);
  EXPECT_EQ(Names(file), (std::vector<std::string>{"x:0", "bias", "stem/conv", "stem/conv/constant",
                                                   "stem/conv_1", "kept", "Relu_1", "y:0"}));
}

TEST(Naming, EqualNamesAreToldApart) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2]) {
      %1 "t" = NEG(%0)
      %2 "t" = NEG(%1)
      %3 "y" = NEG(%2)
      %4 "t_1" = NEG(%3)
      return %4
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const auto names = Names(MustWrite(module));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(names.back(), "y");  // the output has the first claim
  EXPECT_EQ(names[1], "t");
}

// In a part the output is found by this name.
TEST(Naming, NothingIsCalledLikeTheSecondNameOfAnOutput) {
  ir::Module module = MustParse(R"(module {
    source 0 "b" Relu opset 13 path ""
    graph @main(%0 "x": f32[2]) {
      %1 = RELU(%0) from {0}
      %2 "a" = NEG(%1)
      return %2, %2
    }
    signature "serving_default" @main ("x") -> ("a", "b")
  })");
  EXPECT_EQ(Names(MustWrite(module)), (std::vector<std::string>{"x", "b_1", "a"}));
}

TEST(Naming, OddGraphsKeepTheirSignature) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2], %1 "unused": f32[3]) {
      %2 = const f32[2] [1, 2]
      %3 = ADD(%0, %2)
      return %3, %0, %3, %2
    }
    signature "serving_default" @main ("x", "unused") -> ("sum", "same", "again", "constant")
  })");
  const Written file = MustWrite(module);
  const auto& signature = *file.model().signature_defs()->Get(0);
  EXPECT_EQ(signature.signature_key()->str(), "serving_default");
  ASSERT_EQ(signature.outputs()->size(), 4U);
  const auto& outputs = *file.main().outputs();
  const std::vector<std::string> wanted = {"sum", "same", "again", "constant"};
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(signature.outputs()->Get(i)->name()->str(), wanted[i]);
    EXPECT_EQ(static_cast<int>(signature.outputs()->Get(i)->tensor_index()), outputs.Get(i));
  }
  EXPECT_EQ(outputs.Get(0), outputs.Get(2));
  EXPECT_EQ(outputs.Get(1), file.main().inputs()->Get(0));
  EXPECT_EQ(file.tensor(outputs.Get(0)).name()->str(), "sum");
  EXPECT_EQ(file.tensor(outputs.Get(1)).name()->str(), "x");
  EXPECT_EQ(file.tensor(outputs.Get(3)).name()->str(), "constant");
  EXPECT_EQ(file.main().inputs()->size(), 2U);
}

TEST(Naming, OpenDimensionsAreOneAndMinusOne) {
  ir::Module module = MustParse(R"(module {
    symbol N "x" 0
    graph @main(%0 "x": f32[N,3]) {
      %1 = NEG(%0)
      %2 = const i32[1] [1]
      %3 = SUM(%1, %2) {keep_dims=false}
      return %3
    }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const Written file = MustWrite(module);
  const auto ints = [](const flatbuffers::Vector<int>* v) {
    return v == nullptr ? std::vector<int>{-7} : std::vector<int>(v->begin(), v->end());
  };
  for (const int tensor : {0, 1}) {
    EXPECT_EQ(ints(file.tensor(tensor).shape()), (std::vector<int>{1, 3}));
    EXPECT_EQ(ints(file.tensor(tensor).shape_signature()), (std::vector<int>{-1, 3}));
  }
  EXPECT_EQ(ints(file.tensor(3).shape_signature()), (std::vector<int>{-1}));
  EXPECT_EQ(file.tensor(2).shape_signature(), nullptr);  // the constant
}

TEST(Naming, ScalarsHaveARank) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[]) { %1 = NEG(%0) return %1 }
    signature "serving_default" @main ("x") -> ("y")
  })");
  const Written file = MustWrite(module);
  EXPECT_TRUE(file.tensor(0).has_rank());
  EXPECT_EQ(file.tensor(0).shape()->size(), 0U);
}

TEST(Naming, QuantizationIsWrittenOnlyWhereItIs) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2], %1 "q": i8[2,3]
                quant(axis=1, scale=[0.5, 0.25, 1.0], zero=[0, -1, 3])) {
      return %0, %1
    }
    signature "serving_default" @main ("x", "q") -> ("a", "b")
  })");
  const Written file = MustWrite(module);
  EXPECT_EQ(file.tensor(0).quantization(), nullptr);
  const auto* quant = file.tensor(1).quantization();
  ASSERT_NE(quant, nullptr);
  EXPECT_EQ(quant->scale()->Get(1), 0.25F);
  EXPECT_EQ(quant->zero_point()->Get(2), 3);
  EXPECT_EQ(quant->quantized_dimension(), 1);
}

}  // namespace
}  // namespace smelt::tflite_export
