// How many TRANSPOSEs the classic shapes of graphs are left with. Inputs and outputs keep the
// source's order (channels first), so an image costs one on its way in.
#include <gtest/gtest.h>

#include "core/ir/builder.h"
#include "core/ir/text.h"
#include "core/ir/verify.h"
#include "core/passes/layout/layout.h"

namespace smelt::passes::layout {
namespace {

using ir::OpKind;
using ir::Shape;
using ir::ValueId;

class ClassicCases : public testing::Test {
 protected:
  ValueId Input(const Shape& shape) {
    return module_.graph(graph_).AddInput({ir::DType::kF32, shape}, "x");
  }
  ValueId Weights(std::vector<std::int64_t> shape) {
    const float value = 0.5F;
    return b().Const(ir::Constant::Splat(ir::DType::kF32, std::move(shape),
                                         std::as_bytes(std::span(&value, 1))));
  }
  static ir::Attributes Plain() { return {{"fused_activation_function", std::string("NONE")}}; }
  // Channels first, as importers say it.
  ValueId Conv(ValueId x, std::int64_t out, std::int64_t kernel = 3) {
    const ValueId image = b().Transpose(x, {0, 2, 3, 1});
    ir::Attributes attrs = Plain();
    attrs.Set("padding", std::string("SAME"));
    for (const char* one : {"stride_w", "stride_h", "dilation_w_factor", "dilation_h_factor"}) {
      attrs.Set(one, std::int64_t{1});
    }
    const std::int64_t in = b().type(image).shape.dim(3).value();
    const ValueId y = b().Emit(OpKind::kConv2d,
                               {image, Weights({out, kernel, kernel, in}), Weights({out})}, attrs);
    return b().Transpose(y, {0, 3, 1, 2});
  }
  ValueId Dense(ValueId x, std::int64_t out) {
    const int rank = b().type(x).shape.rank();
    ir::Attributes attrs = Plain();
    attrs.Set("weights_format", std::string("DEFAULT"));
    attrs.Set("keep_num_dims", rank > 2);
    const std::int64_t in = b().type(x).shape.dim(rank - 1).value();
    return b().Emit(OpKind::kFullyConnected, {x, Weights({out, in}), Weights({out})}, attrs);
  }
  ValueId Mean(ValueId x, std::initializer_list<std::int32_t> axes, bool keep) {
    return b().Emit(OpKind::kMean, {x, b().ConstI32(axes)}, {{"keep_dims", keep}});
  }
  ValueId Softmax(ValueId x) { return b().Emit(OpKind::kSoftmax, {x}, {{"beta", 1.0}}); }
  ValueId MatMul(ValueId x, ValueId y) {
    return b().Emit(OpKind::kBatchMatmul, {x, y}, {{"adj_x", false}, {"adj_y", false}});
  }
  ValueId Part(ValueId x, int axis, std::int32_t from, std::int32_t size) {
    std::vector<std::int32_t> begin(static_cast<std::size_t>(b().type(x).shape.rank()), 0);
    std::vector<std::int32_t> sizes(begin.size(), -1);
    begin[static_cast<std::size_t>(axis)] = from;
    sizes[static_cast<std::size_t>(axis)] = size;
    return b().Emit(OpKind::kSlice, {x, b().ConstI32(begin), b().ConstI32(sizes)});
  }

  // Of queries, keys and values [n, length, heads * size]; `shared` heads of the latter two.
  ValueId Attention(std::span<const ValueId> parts, std::int64_t heads, std::int64_t shared) {
    const Shape shape = b().type(parts[0]).shape;
    const std::int64_t size = shape.dim(2).value() / heads;
    const auto split = [&](ValueId x, std::int64_t count) {
      return b().Transpose(b().Reshape(x, {shape.dim(0), shape.dim(1), count, size}), {0, 2, 1, 3});
    };
    const auto repeated = [&](ValueId x) {
      if (shared == heads) return x;
      const auto times = static_cast<std::int32_t>(heads / shared);
      return b().Emit(OpKind::kTile, {x, b().ConstI32({1, times, 1, 1})});
    };
    const ValueId keys = b().Transpose(repeated(split(parts[1], shared)), {0, 1, 3, 2});
    const ValueId weights = Softmax(MatMul(split(parts[0], heads), keys));
    const ValueId context = MatMul(weights, repeated(split(parts[2], shared)));
    return b().Reshape(b().Transpose(context, {0, 2, 1, 3}), shape);
  }

  // TRANSPOSEs left of a graph with these outputs, each of `most_axes` at most.
  std::size_t Left(std::initializer_list<ValueId> outputs, int most_axes = 6) {
    EXPECT_TRUE(b().status().ok()) << b().status().ToString();
    module_.graph(graph_).SetOutputs(std::vector<ValueId>(outputs));
    const auto outcome = LayOut(module_, graph_);
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    const Status verified = ir::VerifyModule(module_);
    EXPECT_TRUE(verified.ok()) << verified.ToString() << ir::Print(module_);
    std::size_t count = 0;
    for (const ir::OpId id : module_.graph(graph_)) {
      const ir::Op& op = module_.graph(graph_).op(id);
      if (op.kind != OpKind::kTranspose) continue;
      ++count;
      EXPECT_LE(module_.graph(graph_).type(op.result()).shape.rank(), most_axes)
          << ir::Print(module_);
    }
    EXPECT_EQ(count, outcome->residuals.size()) << ir::Print(module_);
    return count;
  }
  int Count(OpKind kind) {
    int count = 0;
    for (const ir::OpId id : module_.graph(graph_))
      count += module_.graph(graph_).op(id).kind == kind;
    return count;
  }
  ir::Builder& b() { return *builder_; }

  ir::Module module_;
  ir::GraphId graph_ = module_.AddGraph("main");
  std::unique_ptr<ir::Builder> builder_ = std::make_unique<ir::Builder>(
      module_, graph_, module_.origins().Of(module_.origins().AddSource(ir::SourceNode())));
};

TEST_F(ClassicCases, ResidualCnnHasNoneBeyondItsInputAndOutput) {
  ValueId x = Input({1, 3, 16, 16});
  x = b().Unary(OpKind::kRelu, Conv(x, 8));
  for (int i = 0; i < 3; ++i) {
    x = b().Add(x, b().Unary(OpKind::kRelu, Conv(x, 8)));
    x = b().Mul(x, Weights({8, 1, 1}));
  }
  EXPECT_EQ(Left({x}), 2u);
}

// Of two places for the output's copy, the one that lets the kernel compute the activation.
TEST_F(ClassicCases, ActivationStaysWithItsConvolution) {
  const ValueId x = b().Unary(OpKind::kRelu, Conv(Input({1, 3, 8, 8}), 4));
  EXPECT_EQ(Left({x}), 2u);
  const ir::Graph& graph = module_.graph(graph_);
  const auto maker = [&](ValueId value) -> const ir::Op& {
    return graph.op(graph.value(value).producer);
  };
  const ir::Op& copy = maker(graph.outputs()[0]);
  ASSERT_EQ(copy.kind, OpKind::kTranspose) << ir::Print(module_);
  ASSERT_EQ(maker(copy.input(0)).kind, OpKind::kRelu) << ir::Print(module_);
  EXPECT_EQ(maker(maker(copy.input(0)).input(0)).kind, OpKind::kConv2d);
}

// A copy that leaves what is side by side together, and a SPLIT in long pieces, cost no less
// TRANSPOSEs, but less time.
TEST_F(ClassicCases, JoinedKeysAndValuesAreCopiedByHeads) {
  const ValueId queries = Input({2, 4, 7, 24});
  const ValueId memory = b().Emit(OpKind::kTanh, {Input({2, 60, 2, 4, 24})});
  const ValueId split[] = {b().ScalarI32(2), memory};
  const auto parts = b().EmitMany(OpKind::kSplit, split, {{"num_splits", std::int64_t{2}}});
  const auto heads = [&](ValueId x, std::initializer_list<int> order) {
    return b().Transpose(b().Reshape(x, {2, 60, 4, 24}), order);
  };
  const ValueId likely = Softmax(MatMul(queries, heads(parts[0], {0, 2, 3, 1})));
  EXPECT_EQ(Left({MatMul(likely, heads(parts[1], {0, 2, 1, 3}))}), 1u);
  for (const ir::OpId id : module_.graph(graph_)) {
    const ir::Op& op = module_.graph(graph_).op(id);
    if (op.kind != OpKind::kTranspose) continue;
    const Shape& shape = module_.graph(graph_).type(op.result()).shape;
    EXPECT_EQ(shape.dim(shape.rank() - 1), ir::Dim(24)) << ir::Print(module_);
  }
}

TEST_F(ClassicCases, OneChannelImageCostsNothing) {
  const ValueId x = Conv(Input({1, 1, 16, 16}), 8);
  EXPECT_EQ(Left({Mean(x, {2, 3}, false)}), 0u);
}

TEST_F(ClassicCases, SqueezeAndExciteHasNone) {
  const ValueId x = Conv(Input({1, 3, 16, 16}), 8);
  const ValueId gate = b().Unary(OpKind::kLogistic, Conv(Mean(x, {2, 3}, true), 8, 1));
  EXPECT_EQ(Left({Mean(Conv(b().Mul(x, gate), 8), {2, 3}, false)}), 1u);
}

TEST_F(ClassicCases, FlattenBeforeDenseGoesIntoTheWeights) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 4);
  EXPECT_EQ(Left({Dense(b().Reshape(x, {1, 256}), 10)}), 1u);
}

TEST_F(ClassicCases, GroupNormHasNone) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 8);
  const ValueId groups = b().Reshape(x, {1, 4, 2, 8, 8});
  const ValueId centred = b().Sub(groups, Mean(groups, {2, 3, 4}, true));
  EXPECT_EQ(Left({Mean(Conv(b().Reshape(centred, {1, 8, 8, 8}), 8), {2, 3}, false)}), 1u);
}

// Channels are normalized last, as the source says by a Transpose there and back.
TEST_F(ClassicCases, NormalizedChannelsNeedNone) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 8);
  const ValueId last = b().Transpose(x, {0, 2, 3, 1});
  const ValueId centred = b().Sub(last, Mean(last, {3}, true));
  const ValueId y = b().Transpose(b().Mul(centred, Weights({8})), {0, 3, 1, 2});
  EXPECT_EQ(Left({Mean(Conv(y, 8), {2, 3}, false)}), 1u);
}

TEST_F(ClassicCases, PixelShuffleGoesIntoTheWeights) {
  const ValueId x = b().Transpose(Conv(Input({1, 3, 8, 8}), 12), {0, 2, 3, 1});
  const ValueId apart = b().Reshape(x, {1, 8, 8, 3, 4});
  const ValueId turned = b().Reshape(b().Transpose(apart, {0, 1, 2, 4, 3}), {1, 8, 8, 12});
  const ValueId y = b().Emit(OpKind::kDepthToSpace, {turned}, {{"block_size", std::int64_t{2}}});
  EXPECT_EQ(Left({Mean(Conv(b().Transpose(y, {0, 3, 1, 2}), 4), {2, 3}, false)}), 1u);
}

// A detector's head keeps its source's order of boxes: one TRANSPOSE beyond the image's.
TEST_F(ClassicCases, DetectorHeadMovesItsBoxesOnce) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 3 * 7);
  const ValueId boxes = b().Transpose(b().Reshape(x, {1, 3, 7, 8, 8}), {0, 1, 3, 4, 2});
  EXPECT_EQ(Left({b().Reshape(b().Unary(OpKind::kLogistic, boxes), {1, 192, 7})}), 2u);
}

TEST_F(ClassicCases, StatisticsSpreadOverPixelsNeedNone) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 4);
  const ValueId spread =
      b().Emit(OpKind::kBroadcastTo, {Mean(x, {2, 3}, true), b().ConstI32({1, 4, 8, 8})});
  const ValueId both =
      b().Emit(OpKind::kConcatenation, {x, spread},
               {{"axis", std::int64_t{1}}, {"fused_activation_function", std::string("NONE")}});
  EXPECT_EQ(Left({Mean(Conv(both, 4), {2, 3}, false)}), 1u);
}

TEST_F(ClassicCases, LargestChannelIsFoundInTheLastAxis) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 5);
  const ValueId index =
      b().Emit(OpKind::kArgMax, {x, b().ScalarI32(1)}, {{"output_type", std::string("i32")}});
  EXPECT_EQ(Left({index}), 1u);
}

// [n, channels, length] through convolutions of one row.
TEST_F(ClassicCases, SequenceOfChannelsNeedsNoneBetweenItsConvolutions) {
  ValueId x = b().Reshape(Input({2, 4, 1, 9}), {2, 4, 9});
  for (int i = 0; i < 3; ++i) {
    const ValueId y = Conv(b().Reshape(x, {2, 4, 1, 9}), 4, 1);
    x = b().Unary(OpKind::kTanh, b().Reshape(y, {2, 4, 9}));
  }
  EXPECT_EQ(Left({Mean(x, {2}, false)}), 1u);
}

// A mixer's tokens are multiplied with weights, in place of channels: in and out.
TEST_F(ClassicCases, MixedTokensTurnTwice) {
  const ValueId x = b().Unary(OpKind::kTanh, Input({2, 10, 6}));
  const ValueId mixed = b().Transpose(Dense(b().Transpose(x, {0, 2, 1}), 10), {0, 2, 1});
  EXPECT_EQ(Left({Dense(b().Add(x, mixed), 6)}), 2u);
}

// Pixels that are gathered by their place: rows of channels.
TEST_F(ClassicCases, GatheredPixelsAreRows) {
  const ValueId x = b().Transpose(Conv(Input({1, 3, 8, 8}), 4), {0, 2, 3, 1});
  const ValueId rows = b().Reshape(x, {64, 4});
  const ValueId picked = b().Emit(OpKind::kGather, {rows, b().ConstI32({5, 3, 60, 9})},
                                  {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
  EXPECT_EQ(Left({Dense(picked, 3)}), 1u);
}

// A pad of repeated or wrapped pixels is gathered along one axis after the other.
TEST_F(ClassicCases, GatheredRowsAndColumnsNeedNone) {
  ValueId x = Conv(Input({1, 3, 8, 8}), 4);
  for (const std::int64_t axis : {2, 3}) {
    x = b().Emit(OpKind::kGather, {x, b().ConstI32({0, 0, 1, 2, 3, 4, 5, 6, 7, 7})},
                 {{"axis", axis}, {"batch_dims", std::int64_t{0}}});
  }
  EXPECT_EQ(Left({Mean(Conv(x, 4), {2, 3}, false)}), 1u);
}

TEST_F(ClassicCases, ChannelSoftmaxBecomesTheLastAxis) {
  const ValueId x = b().Transpose(Conv(Input({1, 3, 8, 8}), 5), {0, 2, 3, 1});
  const ValueId y = b().Transpose(Softmax(x), {0, 3, 1, 2});
  EXPECT_EQ(Left({Mean(Conv(y, 4), {2, 3}, false)}), 1u);
}

TEST_F(ClassicCases, PatchEmbeddingHasNoneBehindTheImage) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 16);
  const ValueId tokens = b().Transpose(b().Reshape(x, {1, 16, 64}), {0, 2, 1});
  EXPECT_EQ(Left({Dense(tokens, 12)}), 1u);
}

TEST_F(ClassicCases, AttentionWithPackedProjectionHasTwo) {
  const ValueId x = Input({2, 10, 16});
  ValueId qkv = b().Reshape(Dense(x, 48), {2, 10, 3, 4, 4});
  qkv = b().Transpose(qkv, {2, 0, 3, 1, 4});
  const auto part = [&](std::int32_t i) { return b().Reshape(Part(qkv, 0, i, 1), {2, 4, 10, 4}); };
  const ValueId scores = MatMul(part(0), b().Transpose(part(1), {0, 1, 3, 2}));
  const ValueId context = MatMul(Softmax(scores), part(2));
  const ValueId merged = b().Reshape(b().Transpose(context, {0, 2, 1, 3}), {2, 10, 16});
  EXPECT_EQ(Left({b().Add(x, Dense(merged, 16))}), 2u);
}

TEST_F(ClassicCases, AttentionWithProjectionsOfItsOwnHasFour) {
  const ValueId x = Input({2, 16, 384});
  const ValueId parts[] = {Dense(x, 384), Dense(x, 384), Dense(x, 384)};
  EXPECT_EQ(Left({b().Add(x, Dense(Attention(parts, 6, 6), 384))}), 4u);
}

// The same where the parts are cut off first: each into heads of its own.
TEST_F(ClassicCases, AttentionWithSplitProjectionHasTwo) {
  const ValueId x = Input({2, 16, 384});
  const ValueId operands[] = {b().ScalarI32(2), Dense(x, 3 * 384)};
  const auto parts = b().EmitMany(OpKind::kSplit, operands, {{"num_splits", std::int64_t{3}}});
  EXPECT_EQ(Left({b().Add(x, Dense(Attention(parts, 6, 6), 384))}), 2u);
}

// Fewer heads of keys and values than of queries: the parts differ in size.
TEST_F(ClassicCases, AttentionWithUnevenSplitHasTwo) {
  const ValueId x = Input({2, 16, 384});
  const ValueId operands[] = {Dense(x, 384 + 128 + 128), b().ConstI32({384, 128, 128}),
                              b().ScalarI32(2)};
  const auto parts = b().EmitMany(OpKind::kSplitV, operands, {{"num_splits", std::int64_t{3}}});
  EXPECT_EQ(Left({b().Add(x, Dense(Attention(parts, 6, 2), 384))}), 2u);
}

TEST_F(ClassicCases, AttentionWithSlicedProjectionHasTwo) {
  const ValueId x = Input({2, 16, 384});
  const ValueId packed = Dense(x, 3 * 384);
  const ValueId parts[] = {Part(packed, 2, 0, 384), Part(packed, 2, 384, 384),
                           Part(packed, 2, 768, 384)};
  EXPECT_EQ(Left({b().Add(x, Dense(Attention(parts, 6, 6), 384))}), 2u);
}

// Groups that another size cuts askew: nothing comes apart, and nothing gets worse.
TEST_F(ClassicCases, GroupsOfSizesThatShareNothingStayWhole) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 12);
  const ValueId threes = b().Reshape(Mean(x, {2, 3}, true), {1, 4, 3, 1, 1});
  const ValueId gate = b().Reshape(Softmax(b().Reshape(threes, {1, 4, 3})), {1, 12, 1, 1});
  const ValueId y = Conv(x, 12);
  const ValueId joined[] = {Part(y, 1, 0, 6), Part(x, 1, 6, 6)};
  const ValueId both =
      b().Emit(OpKind::kConcatenation, joined,
               {{"axis", std::int64_t{1}}, {"fused_activation_function", std::string("NONE")}});
  EXPECT_EQ(Left({Mean(b().Mul(both, gate), {2, 3}, false)}), 1u);
}

// The order that the reader of a product's result wants reaches the product's operand.
TEST_F(ClassicCases, RowsOfAProductTurnBeforeOrBehindIt) {
  const ValueId x = b().Unary(OpKind::kRelu, Input({2, 4, 6, 8}));
  const ValueId rows = b().Reshape(b().Transpose(x, {2, 0, 1, 3}), {6, 2, 32});
  const ValueId y = b().Transpose(Dense(rows, 16), {1, 0, 2});
  EXPECT_EQ(Left({b().Unary(OpKind::kRelu, y)}), 1u);
}

TEST_F(ClassicCases, DecodingOneTokenHasNone) {
  const ValueId x = Input({1, 1, 16});
  const auto heads = [&](ValueId y) {
    return b().Transpose(b().Reshape(y, {1, 1, 4, 4}), {0, 2, 1, 3});
  };
  const ValueId scores =
      MatMul(heads(Dense(x, 16)), b().Transpose(heads(Dense(x, 16)), {0, 1, 3, 2}));
  const ValueId context = MatMul(Softmax(scores), heads(Dense(x, 16)));
  EXPECT_EQ(Left({Dense(b().Reshape(b().Transpose(context, {0, 2, 1, 3}), {1, 1, 16}), 16)}), 0u);
}

TEST_F(ClassicCases, WindowPartitionMovesDataOnceEachWay) {
  const ValueId x = Input({1, 8, 8, 6});
  const ValueId windows = b().Reshape(
      b().Transpose(b().Reshape(x, {1, 2, 4, 2, 4, 6}), {0, 1, 3, 2, 4, 5}), {4, 16, 6});
  const ValueId scores = MatMul(windows, b().Transpose(windows, {0, 2, 1}));
  const ValueId y = MatMul(Softmax(scores), windows);
  const ValueId back = b().Reshape(
      b().Transpose(b().Reshape(y, {1, 2, 2, 4, 4, 6}), {0, 1, 3, 2, 4, 5}), {1, 8, 8, 6});
  EXPECT_EQ(Left({back}), 2u);
}

// Windows and heads at once would be a TRANSPOSE of seven axes, which no fast kernel has: windows
// first, in long runs, then heads.
TEST_F(ClassicCases, WindowsOfHeadsMoveInTwoSteps) {
  const ValueId x = b().Unary(OpKind::kTanh, Input({1, 20, 15, 24}));
  const ValueId windows =
      b().Transpose(b().Reshape(Dense(x, 72), {4, 5, 3, 5, 72}), {0, 2, 1, 3, 4});
  const ValueId heads = b().Transpose(b().Reshape(windows, {12, 25, 3, 4, 6}), {2, 0, 3, 1, 4});
  const ValueId keys = b().Transpose(b().Reshape(heads, {144, 25, 6}), {0, 2, 1});
  EXPECT_EQ(Left({MatMul(b().Reshape(heads, {144, 25, 6}), keys)}), 2u);
}

// No step on the way has as few axes as fast kernels take, but two of eight (once legalization has
// merged neighbours) are better than one of nine, which no kernel takes.
TEST_F(ClassicCases, NineReversedAxesMoveInTwoSteps) {
  const ValueId x = b().Unary(OpKind::kTanh, Input({2, 3, 2, 3, 2, 3, 2, 3, 2}));
  EXPECT_EQ(Left({b().Transpose(x, {8, 7, 6, 5, 4, 3, 2, 1, 0})}, 9), 2u);
}

// Windows of 2 and then a grid of 2 over the same 6 pixels a side: 3 of 2, and 2 of 3.
TEST_F(ClassicCases, WindowsAndGridOfOneTensorAreBothViews) {
  const ValueId x = Conv(Input({1, 3, 6, 6}), 8);
  const ValueId windows = b().Transpose(b().Reshape(x, {1, 8, 3, 2, 3, 2}), {0, 2, 4, 3, 5, 1});
  const ValueId mixed = Softmax(b().Reshape(windows, {9, 4, 8}));
  const ValueId back = b().Reshape(
      b().Transpose(b().Reshape(mixed, {1, 3, 3, 2, 2, 8}), {0, 5, 1, 3, 2, 4}), {1, 8, 6, 6});
  const ValueId y = b().Add(x, back);
  const ValueId grid = b().Transpose(b().Reshape(y, {1, 8, 2, 3, 2, 3}), {0, 3, 5, 2, 4, 1});
  EXPECT_EQ(Left({Mean(Dense(b().Reshape(grid, {9, 4, 8}), 8), {1, 2}, false)}), 1u);
}

TEST_F(ClassicCases, ChannelShuffleBetweenConvolutionsGoesIntoTheWeights) {
  const ValueId x = Conv(Input({1, 3, 8, 8}), 8);
  ValueId shuffled = b().Transpose(b().Reshape(x, {1, 2, 4, 8, 8}), {0, 2, 1, 3, 4});
  shuffled = b().Unary(OpKind::kRelu, b().Reshape(shuffled, {1, 8, 8, 8}));
  EXPECT_EQ(Left({Mean(Conv(shuffled, 8), {2, 3}, false)}), 1u);
}

TEST_F(ClassicCases, SumWithItsOwnTransposeNeedsOne) {
  const ValueId x = b().Unary(OpKind::kTanh, Input({6, 6}));
  EXPECT_EQ(Left({b().Add(x, b().Transpose(x, {1, 0}))}), 1u);
}

// Of sizes that only the operand of a RESHAPE tells, none could be written anew.
TEST_F(ClassicCases, SizesThatOnlyAnOperandTellsStayWithIt) {
  const ir::Dim rows = module_.symbols().Fresh("rows"),
                columns = module_.symbols().Fresh("columns");
  const Shape apart{rows, columns, ir::Dim(4)};
  const ValueId x = Input({module_.symbols().Product(apart)});
  const ValueId sizes = module_.graph(graph_).AddInput({ir::DType::kI32, {3}}, "sizes");
  const ValueId operands[] = {b().Unary(OpKind::kRelu, x), sizes};
  const ValueId y = b().EmitTyped(OpKind::kReshape, operands, {}, {ir::DType::kF32, apart});
  EXPECT_EQ(Left({b().Unary(OpKind::kTanh, y)}), 0u);
}

// Numbers are worked on in the shape that they have; a kernel spreads them by itself.
TEST_F(ClassicCases, SingleNumbersAreNotReshaped) {
  const ValueId x = Input({6, 2}), limit = Input({1});
  const ValueId scalar = b().Scalar(ir::DType::kF32, 3);
  const ValueId last = b().Unary(OpKind::kFloor, b().Sub(limit, scalar));
  const ValueId y = b().Minimum(b().Unary(OpKind::kTanh, x), last);
  EXPECT_EQ(Left({b().Unary(OpKind::kRelu, y)}), 0u);
  EXPECT_EQ(Count(OpKind::kReshape), 0) << ir::Print(module_);
}

// A view that the source spells out is needless where the kernel spreads the operand.
TEST_F(ClassicCases, LeadingOnesOfAnOperandAreLeftOut) {
  const ValueId x = Input({5, 4, 3}), row = b().Unary(OpKind::kTanh, Input({3}));
  const ValueId y = b().Mul(b().Unary(OpKind::kTanh, x), b().Reshape(row, {1, 1, 3}));
  EXPECT_EQ(Left({y}), 0u);
  EXPECT_EQ(Count(OpKind::kReshape), 0) << ir::Print(module_);
}

// LOGICAL_AND is not among the operators that are known to spread their operands.
TEST_F(ClassicCases, OtherOperatorsGetTheirOperandsInFull) {
  const ir::DType boolean = ir::DType::kBool;
  const ValueId x = module_.graph(graph_).AddInput({boolean, {4, 3}}, "x");
  const ValueId row = module_.graph(graph_).AddInput({boolean, {3}}, "row");
  const ValueId operands[] = {x, b().Reshape(row, {1, 3})};
  EXPECT_EQ(Left({b().Emit(OpKind::kLogicalAnd, operands)}), 0u);
  EXPECT_EQ(Count(OpKind::kReshape), 1) << ir::Print(module_);
}

}  // namespace
}  // namespace smelt::passes::layout
