#include <gtest/gtest.h>

#include <limits>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

interp::Tensor Run1(OneNode node) {
  auto got = RunNode(node);
  return got.empty() ? interp::Tensor() : got[0];
}

using ir::DType;

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

// ScatterElements along the last axis; every size is told by the run.
interp::Tensor ScatterOpen(const char* reduction, const interp::Tensor& indices,
                           const interp::Tensor& updates) {
  OnnxModel model(18);
  model.Input("x", DType::kF32, {"rows", "columns"})
      .Input("indices", DType::kI64, {"some", "places"})
      .Input("updates", DType::kF32, {"some", "places"})
      .Node("ScatterElements", {"x", "indices", "updates"}, {"y"},
            {{"axis", -1}, {"reduction", reduction}})
      .Output("y");
  const auto got = model.Run({F32({2, 3}, {1, 2, 3, 4, 5, 6}), indices, updates});
  return got.empty() ? interp::Tensor() : got[0];
}

TEST(ImportScatterElements, ComputesPlacesFromSizesOfTheRun) {
  const interp::Tensor indices = I64({2, 2}, {-1, 0, 1, 1});
  const interp::Tensor updates = F32({2, 2}, {10, 20, 30, 0.5});
  ExpectTensor(ScatterOpen("add", indices, updates), F32({2, 3}, {21, 2, 13, 4, 35.5, 6}));
  ExpectTensor(ScatterOpen("mul", indices, updates), F32({2, 3}, {20, 2, 30, 4, 75, 6}));
  ExpectTensor(ScatterOpen("max", indices, updates), F32({2, 3}, {20, 2, 10, 4, 30, 6}));
  ExpectTensor(ScatterOpen("min", indices, updates), F32({2, 3}, {1, 2, 3, 4, 0.5, 6}));
  // Of two updates of one place the last one stays, as engines do it.
  ExpectTensor(ScatterOpen("none", indices, updates), F32({2, 3}, {20, 2, 10, 4, 0.5, 6}));
  ExpectTensor(ScatterOpen("none", I64({1, 1}, {1}), F32({1, 1}, {7})),
               F32({2, 3}, {1, 7, 3, 4, 5, 6}));
}

TEST(ImportScatterElements, ScattersWholeRowsOfRepeatedIndices) {
  const auto run = [](const char* reduction) {
    OnnxModel model(18);
    model.Input("x", DType::kF32, {"rows", 2})
        .Input("column", DType::kI64, {"some", 1})
        .Input("updates", DType::kF32, {"some", 2})
        .Node("Shape", {"updates"}, {"shape"})
        .Node("Expand", {"column", "shape"}, {"indices"})
        .Node("ScatterElements", {"x", "indices", "updates"}, {"y"}, {{"reduction", reduction}})
        .Output("y");
    const auto got = model.Run({F32({3, 2}, {1, 2, 3, 4, 5, 6}), I64({3, 1}, {-1, 0, 2}),
                                F32({3, 2}, {10, 20, 30, 40, 50, 1})});
    return got.empty() ? interp::Tensor() : got[0];
  };
  ExpectTensor(run("add"), F32({3, 2}, {31, 42, 3, 4, 65, 27}));
  ExpectTensor(run("max"), F32({3, 2}, {30, 40, 3, 4, 50, 20}));
  ExpectTensor(run("none"), F32({3, 2}, {30, 40, 3, 4, 50, 1}));
}

// Updates of one column, for which exporters expand one index.
OnnxModel OneColumn(std::int64_t index, const char* reduction) {
  OnnxModel model(18);
  model.Input("x", DType::kF32, {"rows", "columns"})
      .Input("updates", DType::kF32, {"rows", 1})
      .Init("index", I64({}, {index}))
      .Node("Shape", {"updates"}, {"shape"})
      .Node("Expand", {"index", "shape"}, {"indices"})
      .Node("ScatterElements", {"x", "indices", "updates"}, {"y"},
            {{"axis", 1}, {"reduction", reduction}})
      .Output("y");
  return model;
}

TEST(ImportScatterElements, JoinsThePartsAroundOneSlice) {
  const interp::Tensor x = F32({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto run = [&](std::int64_t index, const char* reduction) {
    const auto got = OneColumn(index, reduction).Run({x, F32({2, 1}, {7, 3})});
    return got.empty() ? interp::Tensor() : got[0];
  };
  ExpectTensor(run(0, "none"), F32({2, 3}, {7, 2, 3, 3, 5, 6}));
  ExpectTensor(run(-1, "none"), F32({2, 3}, {1, 2, 7, 4, 5, 3}));
  ExpectTensor(run(-2, "add"), F32({2, 3}, {1, 9, 3, 4, 8, 6}));
  ExpectTensor(run(1, "max"), F32({2, 3}, {1, 7, 3, 4, 5, 6}));

  auto imported = OneColumn(-2, "none").Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& graph = imported->module.main();
  for (const ir::OpId op : graph) {
    EXPECT_NE(graph.op(op).kind, ir::OpKind::kScatterNd);
    EXPECT_NE(graph.op(op).kind, ir::OpKind::kUnsortedSegmentMax);
  }
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
