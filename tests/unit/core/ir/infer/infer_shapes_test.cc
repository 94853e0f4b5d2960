#include "tests/unit/core/ir/infer/infer_op.h"

namespace smelt::ir::testing {
namespace {

constexpr auto kI64 = [](std::int64_t x) { return x; };

struct InferShapes : ::testing::Test {
  std::string Of(OpKind kind, const Attributes& attrs, const std::vector<Operand>& operands) {
    return Infer(symbols, kind, attrs, operands);
  }
  SymbolTable symbols;
};

TEST_F(InferShapes, Elementwise) {
  EXPECT_EQ(Of(OpKind::kAdd, {}, {F32({2, 1}), F32({3})}), "f32[2,3]");
  EXPECT_EQ(Of(OpKind::kAdd, {}, {F32({2}), F32({3})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kAdd, {}, {F32({2}), OfType(DType::kI32, {2})}), "type_mismatch");
  EXPECT_EQ(Of(OpKind::kLess, {}, {F32({2}), F32({})}), "bool[2]");
  EXPECT_EQ(Of(OpKind::kLogicalAnd, {}, {F32({2}), F32({2})}), "type_mismatch");
  EXPECT_EQ(Of(OpKind::kPrelu, {}, {F32({2, 3}), F32({3})}), "f32[2,3]");
  EXPECT_EQ(Of(OpKind::kPrelu, {}, {F32({1, 3}), F32({2, 3})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kSelectV2, {}, {OfType(DType::kBool, {2, 1}), F32({3}), F32({})}),
            "f32[2,3]");
  EXPECT_EQ(Of(OpKind::kCast, {{"out_data_type", std::string("i8")}}, {F32({2})}), "i8[2]");
  EXPECT_EQ(Of(OpKind::kCast, {{"out_data_type", std::string("int")}}, {F32({2})}),
            "type_mismatch");
  EXPECT_EQ(Of(OpKind::kBitcast, {{"out_data_type", std::string("i64")}}, {F32({3, 2})}), "i64[3]");
  EXPECT_EQ(Of(OpKind::kBitcast, {{"out_data_type", std::string("i64")}}, {F32({3})}),
            "shape_mismatch");
}

TEST_F(InferShapes, Windows) {
  const Attributes conv = {{"padding", std::string("VALID")},
                           {"stride_h", kI64(2)},
                           {"stride_w", kI64(1)},
                           {"dilation_h_factor", kI64(1)},
                           {"dilation_w_factor", kI64(2)}};
  EXPECT_EQ(Of(OpKind::kConv2d, conv, {F32({1, 8, 9, 4}), F32({6, 3, 3, 4}), F32({6})}),
            "f32[1,3,5,6]");
  EXPECT_EQ(Of(OpKind::kConv2d, conv, {F32({1, 8, 9, 4}), F32({6, 3, 3, 2}), F32({6})}),
            "f32[1,3,5,6]");
  EXPECT_EQ(Of(OpKind::kConv2d, conv, {F32({1, 8, 9, 4}), F32({6, 3, 3, 3}), F32({6})}),
            "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kConv2d, conv, {F32({1, 8, 9, 4}), F32({6, 3, 3, 4}), F32({5})}),
            "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kConv2d, conv, {F32({1, 8, 9, 0}), F32({6, 3, 3, 4}), F32({6})}),
            "shape_mismatch");  // groups of no channels
  EXPECT_EQ(Of(OpKind::kConv2d, conv, {F32({8, 9, 4}), F32({6, 3, 3, 4}), F32({6})}),
            "unsupported_rank");
  EXPECT_EQ(Of(OpKind::kDepthwiseConv2d, conv, {F32({1, 8, 9, 4}), F32({1, 3, 3, 8})}),
            "f32[1,3,5,8]");
  EXPECT_EQ(Of(OpKind::kTransposeConv, conv,
               {I32s({1, 17, 11, 6}), F32({6, 3, 3, 4}), F32({1, 8, 9, 4})}),
            "f32[1,17,11,6]");
  const Attributes volume = {{"padding", std::string("VALID")},
                             {"stride_d", kI64(1)},
                             {"stride_h", kI64(2)},
                             {"stride_w", kI64(1)},
                             {"dilation_d_factor", kI64(2)},
                             {"dilation_h_factor", kI64(1)},
                             {"dilation_w_factor", kI64(1)}};
  EXPECT_EQ(Of(OpKind::kConv3d, volume, {F32({1, 6, 8, 9, 4}), F32({3, 3, 3, 4, 5}), F32({5})}),
            "f32[1,2,3,7,5]");
  EXPECT_EQ(Of(OpKind::kConv3d, volume, {F32({1, 6, 8, 9, 4}), F32({3, 3, 3, 2, 5})}),
            "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kConv3dTranspose, volume,
               {I32s({1, 6, 17, 9, 5}), F32({3, 3, 1, 5, 4}), F32({1, 2, 8, 9, 4})}),
            "f32[1,6,17,9,5]");
  const Attributes pool = {{"padding", std::string("SAME")},
                           {"stride_h", kI64(2)},
                           {"stride_w", kI64(3)},
                           {"filter_height", kI64(2)},
                           {"filter_width", kI64(2)}};
  EXPECT_EQ(Of(OpKind::kMaxPool2d, pool, {F32({1, 7, 7, 4})}), "f32[1,4,3,4]");
  EXPECT_EQ(Of(OpKind::kResizeBilinear, {}, {F32({1, 7, 7, 4}), I32s({3, 5})}), "f32[1,3,5,4]");
}

TEST_F(InferShapes, Products) {
  EXPECT_EQ(Of(OpKind::kFullyConnected, {}, {F32({2, 3, 4}), F32({5, 4})}), "f32[6,5]");
  EXPECT_EQ(Of(OpKind::kFullyConnected, {{"keep_num_dims", true}}, {F32({2, 3, 4}), F32({5, 4})}),
            "f32[2,3,5]");
  EXPECT_EQ(Of(OpKind::kFullyConnected, {}, {F32({3}), F32({5, 4})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kBatchMatmul, {{"adj_y", true}}, {F32({7, 1, 2, 3}), F32({5, 4, 3})}),
            "f32[7,5,2,4]");
  EXPECT_EQ(Of(OpKind::kBatchMatmul, {}, {F32({2, 3}), F32({4, 5})}), "shape_mismatch");
}

TEST_F(InferShapes, Reductions) {
  EXPECT_EQ(Of(OpKind::kSum, {}, {F32({2, 3, 4}), I32s({0, -1})}), "f32[3]");
  EXPECT_EQ(Of(OpKind::kSum, {{"keep_dims", true}}, {F32({2, 3, 4}), I32s({1, 1})}), "f32[2,1,4]");
  EXPECT_EQ(Of(OpKind::kSum, {}, {F32({2}), I32s({1})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kReduceAny, {}, {F32({2}), I32s({0})}), "type_mismatch");
  EXPECT_EQ(Of(OpKind::kArgMax, {{"output_type", std::string("i64")}}, {F32({2, 3}), ScalarI32(0)}),
            "i64[3]");
  EXPECT_EQ(Of(OpKind::kTopkV2, {}, {F32({2, 3}), ScalarI32(2)}), "f32[2,2]; i32[2,2]");
  EXPECT_EQ(Of(OpKind::kTopkV2, {}, {F32({2, 3}), ScalarI32(4)}), "shape_mismatch");
}

TEST_F(InferShapes, Shapes) {
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({2, 6}), I32s({3, -1})}), "f32[3,4]");
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({2, 6}), I32s({5, -1})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({2, 6}), I32s({-1, -1})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({2, 6}), I32s({11})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({0, 6}), I32s({0, -1})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kReshape, {{"new_shape", std::vector<std::int64_t>{12}}}, {F32({2, 6})}),
            "f32[12]");
  EXPECT_EQ(Of(OpKind::kTranspose, {}, {F32({2, 3, 4}), I32s({2, 0, 1})}), "f32[4,2,3]");
  EXPECT_EQ(Of(OpKind::kTranspose, {}, {F32({2, 3}), I32s({0, 0})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kSqueeze, {}, {F32({1, 3, 1})}), "f32[3]");
  EXPECT_EQ(Of(OpKind::kExpandDims, {}, {F32({3}), ScalarI32(-1)}), "f32[3,1]");
  EXPECT_EQ(Of(OpKind::kShape, {{"out_type", std::string("i64")}}, {F32({3, 2})}), "i64[2]");
  EXPECT_EQ(Of(OpKind::kDepthToSpace, {{"block_size", kI64(2)}}, {F32({1, 2, 3, 8})}),
            "f32[1,4,6,2]");
  EXPECT_EQ(Of(OpKind::kSpaceToDepth, {{"block_size", kI64(2)}}, {F32({1, 2, 3, 8})}),
            "shape_mismatch");
}

TEST_F(InferShapes, Parts) {
  EXPECT_EQ(Of(OpKind::kConcatenation, {{"axis", kI64(-1)}}, {F32({2, 3}), F32({2, 4})}),
            "f32[2,7]");
  EXPECT_EQ(Of(OpKind::kConcatenation, {}, {F32({2, 3}), F32({2, 4})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kPack, {{"axis", kI64(1)}}, {F32({2}), F32({2})}), "f32[2,2]");
  EXPECT_EQ(Of(OpKind::kUnpack, {{"num", kI64(2)}}, {F32({2, 3})}), "f32[3]; f32[3]");
  EXPECT_EQ(Of(OpKind::kUnpack, {{"num", kI64(3)}}, {F32({2, 3})}), "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kSplit, {{"num_splits", kI64(2)}}, {ScalarI32(1), F32({3, 4})}),
            "f32[3,2]; f32[3,2]");
  EXPECT_EQ(Of(OpKind::kSplitV, {{"num_splits", kI64(2)}}, {F32({5}), I32s({-1, 2}), ScalarI32(0)}),
            "f32[3]; f32[2]");
  EXPECT_EQ(Of(OpKind::kSplitV, {{"num_splits", kI64(2)}}, {F32({5}), I32s({4, 2}), ScalarI32(0)}),
            "shape_mismatch");
  EXPECT_EQ(Of(OpKind::kPad, {}, {F32({2, 3}), I32s({1, 0, 0, 2}, {{2, 2}})}), "f32[3,5]");
  EXPECT_EQ(Of(OpKind::kGather, {{"axis", kI64(1)}}, {F32({2, 3, 4}), OfType(DType::kI32, {5, 6})}),
            "f32[2,5,6,4]");
  EXPECT_EQ(Of(OpKind::kGather, {{"axis", kI64(2)}, {"batch_dims", kI64(1)}},
               {F32({2, 3, 4}), OfType(DType::kI32, {2, 6})}),
            "f32[2,3,6]");
  EXPECT_EQ(Of(OpKind::kGatherNd, {}, {F32({2, 3, 4}), OfType(DType::kI32, {7, 2})}), "f32[7,4]");
  EXPECT_EQ(Of(OpKind::kOneHot, {{"axis", kI64(-1)}},
               {OfType(DType::kI32, {3}), ScalarI32(5), F32({}), F32({})}),
            "f32[3,5]");
}

// What is computed at run time is unknown; the rank never is.
TEST_F(InferShapes, ComputedOperands) {
  const Operand two = ComputedI32s(2);
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({2, 6}), two}), "f32[?,?]");
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({2, 6}), ComputedI32s(1)}), "f32[12]");
  EXPECT_EQ(Of(OpKind::kFill, {}, {two, F32({})}), "f32[?,?]");
  EXPECT_EQ(Of(OpKind::kBroadcastTo, {}, {F32({4}), two}), "f32[?,4]");
  EXPECT_EQ(Of(OpKind::kTile, {}, {F32({4, 0}), two}), "f32[?,0]");
  EXPECT_EQ(Of(OpKind::kTranspose, {}, {F32({4, 5}), two}), "f32[?,?]");
  EXPECT_EQ(Of(OpKind::kSum, {}, {F32({4, 5, 6}), two}), "f32[?]");
  EXPECT_EQ(Of(OpKind::kSum, {{"keep_dims", true}}, {F32({4, 1}), two}), "f32[?,1]");
  EXPECT_EQ(Of(OpKind::kSlice, {}, {F32({4, 5}), two, I32s({2, -1})}), "f32[2,?]");
  EXPECT_EQ(Of(OpKind::kResizeBilinear, {}, {F32({1, 2, 3, 4}), two}), "f32[1,?,?,4]");
  const TensorType scalar = OfType(DType::kI32, {});
  EXPECT_EQ(Of(OpKind::kRange, {}, {scalar, scalar, scalar}), "i32[?]");
  EXPECT_EQ(Of(OpKind::kTopkV2, {}, {F32({2, 3}), scalar}), "f32[2,?]; i32[2,?]");
  const Operand lengthless = OfType(DType::kI32, {symbols.Named("L", {"s", 0})});
  EXPECT_EQ(Of(OpKind::kReshape, {}, {F32({2, 6}), lengthless}), "unknown_rank");
  EXPECT_EQ(Of(OpKind::kFill, {}, {lengthless, F32({})}), "unknown_rank");
}

}  // namespace
}  // namespace smelt::ir::testing
