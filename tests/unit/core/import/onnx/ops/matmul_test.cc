#include <gtest/gtest.h>

#include "core/ir/graph.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ir::OpKind;

interp::Tensor Run1(OneNode node) {
  auto got = RunNode(node);
  return got.empty() ? interp::Tensor() : got[0];
}

const interp::Tensor kA = F32({2, 3}, {1, 2, 3, 4, 5, 6});
const interp::Tensor kB = F32({3, 2}, {1, 0, 0, 1, 2, 2});
const interp::Tensor kProduct = F32({2, 2}, {7, 8, 16, 17});

bool Uses(const OneNode& node, OpKind kind) {
  auto imported = MakeModel(node).Import();
  EXPECT_TRUE(imported.ok());
  if (!imported.ok()) return false;
  const ir::Graph& graph = imported->module.main();
  for (ir::OpId id : graph) {
    if (graph.op(id).kind == kind) return true;
  }
  return false;
}

TEST(ImportMatMul, ConstantRightSideBecomesFullyConnected) {
  const OneNode node{.op = "MatMul", .inputs = {kA, kB}, .constant = {false, true}};
  ExpectTensor(Run1(node), kProduct);
  EXPECT_TRUE(Uses(node, OpKind::kFullyConnected));
}

TEST(ImportMatMul, ComputedRightSideBecomesBatchMatmul) {
  const OneNode node{.op = "MatMul", .inputs = {kA, kB}};
  ExpectTensor(Run1(node), kProduct);
  EXPECT_TRUE(Uses(node, OpKind::kBatchMatmul));
}

TEST(ImportMatMul, TakesVectorsAndBatches) {
  ExpectTensor(Run1({.op = "MatMul", .inputs = {F32({3}, {1, 2, 3}), kB}}), F32({2}, {7, 8}));
  ExpectTensor(
      Run1({.op = "MatMul", .inputs = {kA, F32({3}, {1, 1, 1})}, .constant = {false, true}}),
      F32({2}, {6, 15}));
  ExpectTensor(Run1({.op = "MatMul", .inputs = {F32({3}, {1, 2, 3}), F32({3}, {1, 1, 1})}}),
               F32({}, {6}));
  ExpectTensor(Run1({.op = "MatMul", .inputs = {F32({2, 1, 1}, {2, 3}), F32({1, 2}, {1, 10})}}),
               F32({2, 1, 2}, {2, 20, 3, 30}));
}

TEST(ImportMatMul, IntegersAreExact) {
  ExpectTensor(Run1({.op = "MatMul",
                     .inputs = {MakeTensor(DType::kI32, {1, 2}, {16777217, 1}),
                                MakeTensor(DType::kI32, {2, 1}, {1, 2})}}),
               MakeTensor(DType::kI32, {1, 1}, {16777219}));
}

TEST(ImportGemm, ScalesTransposesAndAddsBias) {
  ExpectTensor(Run1({.op = "Gemm",
                     .inputs = {kA, kB, F32({2}, {1, 10})},
                     .attrs = {{"alpha", 2.0}, {"beta", 0.5}},
                     .constant = {false, true, true}}),
               F32({2, 2}, {14.5, 21, 32.5, 39}));
  ExpectTensor(Run1({.op = "Gemm",
                     .inputs = {F32({3, 2}, {1, 4, 2, 5, 3, 6}), kB},
                     .attrs = {{"transA", 1}},
                     .constant = {false, true}}),
               kProduct);
  ExpectTensor(Run1({.op = "Gemm",
                     .inputs = {kA, F32({2, 3}, {1, 0, 2, 0, 1, 2})},
                     .attrs = {{"transB", 1}}}),
               kProduct);
  ExpectTensor(Run1({.op = "Gemm",
                     .inputs = {kA, kB, F32({2, 1}, {100, 200})},
                     .constant = {false, true, true}}),
               F32({2, 2}, {107, 108, 216, 217}));  // C differs between rows: added apart
}

TEST(ImportMatMul, RefusesWhatDoesNotFit) {
  EXPECT_EQ(MakeModel({.op = "MatMul", .inputs = {kA, kA}}).Refusals(),
            std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(MakeModel({.op = "MatMul", .inputs = {F32({}, {1}), kA}}).Refusals().front(),
            Reason::kUnsupportedRank);
  EXPECT_EQ(MakeModel({.op = "Gemm", .inputs = {kA, kA}}).Refusals(),
            std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(
      MakeModel(
          {.op = "Gemm", .inputs = {I64({1, 1}, {1}), I64({1, 1}, {1})}, .attrs = {{"alpha", 0.5}}})
          .Refusals(),
      std::vector{Reason::kUnsupportedAttributeValue});
}

}  // namespace
}  // namespace smelt::testing
