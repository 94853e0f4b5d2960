#include <gtest/gtest.h>

#include <limits>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

interp::Tensor Run1(OneNode node) {
  auto got = RunNode(node);
  return got.empty() ? interp::Tensor() : got[0];
}

const interp::Tensor kData = F32({4}, {1, 2, 3, 4});

TEST(ImportScatterNd, ReplacesAndReduces) {
  const interp::Tensor rows = I64({3, 1}, {-1, 0, 0});
  const interp::Tensor updates = F32({3}, {10, 20, 30});
  const auto scatter = [&](const char* reduction, bool constant) {
    return Run1({.op = "ScatterND",
                 .inputs = {kData, rows, updates},
                 .attrs = {{"reduction", reduction}},
                 .constant = {false, constant, false},
                 .opset = 18});
  };
  for (const bool constant : {true, false}) {
    SCOPED_TRACE(constant);
    ExpectTensor(scatter("add", constant), F32({4}, {51, 2, 3, 14}));
    ExpectTensor(scatter("mul", constant), F32({4}, {600, 2, 3, 40}));
    ExpectTensor(scatter("max", constant), F32({4}, {30, 2, 3, 10}));
    ExpectTensor(scatter("min", constant), F32({4}, {1, 2, 3, 4}));
  }
  ExpectTensor(scatter("none", true), F32({4}, {30, 2, 3, 10}));  // the last one wins
}

TEST(ImportScatterElements, KeepsInfinitiesThatNothingIsWrittenTo) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ExpectTensor(
      Run1({.op = "ScatterElements",
            .inputs = {F32({3}, {-kInfinity, -kInfinity, 5}), I64({1}, {1}), F32({1}, {2})},
            .attrs = {{"reduction", "max"}},
            .opset = 18}),
      F32({3}, {-kInfinity, 2, 5}));
}

TEST(ImportScatter, RefusesWhatDoesNotFit) {
  EXPECT_EQ(
      MakeModel(
          {.op = "ScatterND", .inputs = {kData, I64({1, 2}, {0, 0}), F32({1}, {1})}, .opset = 18})
          .Refusals(),
      std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(MakeModel({.op = "ScatterElements",
                       .inputs = {kData, I64({1}, {4}), F32({1}, {1})},
                       .constant = {false, true, false},
                       .opset = 18})
                .Refusals(),
            std::vector{Reason::kValueOutOfRange});
}

}  // namespace
}  // namespace smelt::testing
