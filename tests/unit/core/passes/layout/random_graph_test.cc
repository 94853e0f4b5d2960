// Random small graphs compute the same before and after their layout was solved.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/interp/evaluate.h"
#include "core/ir/builder.h"
#include "core/ir/text.h"
#include "core/ir/verify.h"
#include "core/passes/layout/layout.h"

namespace smelt::passes::layout {
namespace {

using ir::OpKind;
using ir::Shape;
using ir::ValueId;

class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : random_(seed), graph_(module_.AddGraph("main")) {
    ir::Graph& graph = module_.graph(graph_);
    const int inputs = 1 + Draw(2);
    for (int i = 0; i < inputs; ++i) {
      Shape shape{1 + Draw(2), Size(), Size(), Size()};
      if (seed % 3 == 0) shape.dim(0) = module_.symbols().Named("N", {"x0", 0});
      if (i > 0 && Draw(2) == 0) shape = graph.type(values_.front()).shape;
      values_.push_back(graph.AddInput({ir::DType::kF32, shape}, "x" + std::to_string(i)));
    }
    ir::OriginTable& origins = module_.origins();
    ir::SourceNode source;
    source.op_type = "Random";
    ir::Builder builder(module_, graph_, origins.Of(origins.AddSource(source)));
    const int steps = 3 + Draw(14);
    for (int i = 0; i < steps; ++i) Step(builder);
    EXPECT_TRUE(builder.status().ok()) << builder.status().ToString();
    std::vector<ValueId> outputs = {values_.back()};
    for (const ValueId value : values_) {
      if (value != values_.back() && !graph.value(value).is_input &&
          (!graph.HasUses(value) || Draw(8) == 0)) {
        outputs.push_back(value);
      }
    }
    if (graph.value(outputs.front()).is_input) {
      outputs.front() = builder.Unary(OpKind::kNeg, outputs.front());
    }
    graph.SetOutputs(outputs);
  }

  ir::Module& module() { return module_; }
  ir::GraphId graph() const { return graph_; }
  std::vector<interp::Tensor> Inputs() {
    std::vector<interp::Tensor> inputs;
    for (const ValueId input : module_.graph(graph_).inputs()) {
      Shape shape = module_.graph(graph_).type(input).shape;
      if (!shape.dim(0).is_static()) shape.dim(0) = kBatch;
      inputs.push_back(Tensor(shape));
    }
    return inputs;
  }

 private:
  static constexpr std::int64_t kBatch = 2;
  int Draw(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::int64_t Size() {
    return std::array<std::int64_t, 5>{1, 2, 3, 4, 6}[static_cast<std::size_t>(Draw(5))];
  }
  std::vector<float> Floats(std::int64_t count) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(static_cast<float>(Draw(2001) - 1000) / 1000.0F);
    }
    return values;
  }
  interp::Tensor Tensor(const Shape& shape) {
    const std::vector<float> values = Floats(*shape.ElementCount());
    interp::Tensor tensor = interp::Tensor::Zeros(ir::DType::kF32, shape.Sizes());
    std::ranges::copy(values, tensor.mutable_values<float>().begin());
    return tensor;
  }
  ValueId Constant(ir::Builder& b, const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    const std::vector<float> values = Floats(count);
    return b.Const(
        ir::Constant::FromValues(ir::DType::kF32, shape, std::span<const float>(values)));
  }
  const Shape& ShapeOf(ValueId value) { return module_.graph(graph_).type(value).shape; }
  // With the symbolic dimension as it will be.
  std::int64_t Elements(ValueId value) {
    std::int64_t count = 1;
    for (const ir::Dim dim : ShapeOf(value)) {
      count *= module_.symbols().Evaluate(dim, {{"N", kBatch}}).value();
    }
    return count;
  }
  std::vector<int> Permutation(int rank) {
    std::vector<int> permutation(static_cast<std::size_t>(rank));
    std::iota(permutation.begin(), permutation.end(), 0);
    std::ranges::shuffle(permutation, random_);
    return permutation;
  }
  static ir::Attributes None() { return {{"fused_activation_function", std::string("NONE")}}; }

  void Step(ir::Builder& b);
  ValueId Reshaped(ir::Builder& b, ValueId x);
  ValueId Spatial(ir::Builder& b, ValueId x);
  ValueId AlongAxis(ir::Builder& b, ValueId x, int axis);
  ValueId Product(ir::Builder& b, ValueId x);
  ValueId Joined(ir::Builder& b, ValueId x, int axis);

  std::mt19937 random_;
  ir::Module module_;
  ir::GraphId graph_;
  std::vector<ValueId> values_;
};

ValueId RandomGraph::Reshaped(ir::Builder& b, ValueId x) {
  ir::Dims dims = ShapeOf(x).dims();
  const int at = dims.empty() ? 0 : Draw(static_cast<int>(dims.size()));
  const auto place = dims.begin() + at;
  switch (Draw(3)) {
    case 0:  // two axes become one
      if (dims.size() < 2 || at + 1 == static_cast<int>(dims.size())) break;
      if (!place->is_static() || !(place + 1)->is_static()) break;
      *place = place->value() * (place + 1)->value();
      dims.erase(place + 1);
      break;
    case 1:  // one becomes two
      if (dims.empty() || dims.size() > 4 || !place->is_static()) break;
      if (place->value() % 2 != 0) break;
      *place = place->value() / 2;
      dims.insert(place + Draw(2), ir::Dim(2));
      break;
    default:
      if (!dims.empty() && *place == ir::Dim(1)) {
        dims.erase(place);
      } else if (dims.size() < 5) {
        dims.insert(place, ir::Dim(1));
      }
  }
  return b.Reshape(x, Shape(dims));
}

// NCHW through a kernel that works on NHWC.
ValueId RandomGraph::Spatial(ir::Builder& b, ValueId x) {
  const ValueId image = b.Transpose(x, {0, 2, 3, 1});
  const std::int64_t channels = ShapeOf(image).dim(3).value();
  ValueId y;
  const int kind = Draw(4);
  if (kind == 0) {
    ir::Attributes attrs = None();
    for (const char* one : {"stride_w", "stride_h", "dilation_w_factor", "dilation_h_factor"}) {
      attrs.Set(one, std::int64_t{1});
    }
    attrs.Set("depth_multiplier", std::int64_t{1});
    attrs.Set("padding", std::string("SAME"));
    y = b.Emit(OpKind::kDepthwiseConv2d,
               {image, Constant(b, {1, 3, 3, channels}), Constant(b, {channels})}, attrs);
  } else if (kind != 1) {
    const std::int64_t out = Size();
    const std::int64_t k = 1 + 2 * Draw(2);
    ir::Attributes attrs = None();
    for (const char* one : {"stride_w", "stride_h", "dilation_w_factor", "dilation_h_factor"}) {
      attrs.Set(one, std::int64_t{1});
    }
    attrs.Set("padding", std::string("SAME"));
    y = b.Emit(OpKind::kConv2d, {image, Constant(b, {out, k, k, channels}), Constant(b, {out})},
               attrs);
  } else {
    ir::Attributes attrs = None();
    for (const char* one : {"stride_w", "stride_h"}) attrs.Set(one, std::int64_t{1});
    for (const char* one : {"filter_width", "filter_height"}) attrs.Set(one, std::int64_t{2});
    attrs.Set("padding", std::string("SAME"));
    y = b.Emit(OpKind::kMaxPool2d, {image}, attrs);
  }
  return b.Transpose(y, {0, 3, 1, 2});
}

ValueId RandomGraph::AlongAxis(ir::Builder& b, ValueId x, int axis) {
  const int rank = ShapeOf(x).rank();
  const auto size = static_cast<std::int32_t>(ShapeOf(x).dim(axis).value());
  std::vector<std::int32_t> first(static_cast<std::size_t>(rank), 0);
  std::vector<std::int32_t> second(static_cast<std::size_t>(rank), -1);
  const auto at = static_cast<std::size_t>(axis);
  switch (Draw(8)) {
    case 6:
      if (ShapeOf(x).IsStatic()) {  // reduced to one and spread again
        std::vector<std::int32_t> sizes;
        for (const std::int64_t dim : ShapeOf(x).Sizes()) {
          sizes.push_back(static_cast<std::int32_t>(dim));
        }
        const ValueId one = b.Emit(OpKind::kMean, {x, b.ConstI32({axis})}, {{"keep_dims", true}});
        return b.Emit(OpKind::kBroadcastTo, {one, b.ConstI32(sizes)});
      }
      [[fallthrough]];
    case 0:
      first[at] = size / 2;
      return b.Emit(OpKind::kSlice, {x, b.ConstI32(first), b.ConstI32(second)});
    case 1: {
      std::vector<std::int32_t> pads(2 * static_cast<std::size_t>(rank), 0);
      pads[2 * at] = 1;
      const std::vector<std::int64_t> shape = {rank, 2};
      return b.Emit(OpKind::kPad,
                    {x, b.Const(ir::Constant::FromValues(ir::DType::kI32, shape,
                                                         std::span<const std::int32_t>(pads)))});
    }
    case 2:
      std::ranges::fill(second, 1);
      second[at] = 2;
      return b.Emit(OpKind::kTile, {x, b.ConstI32(second)});
    case 3:
      if (Draw(2) == 0) {
        std::vector<std::int32_t> picked(static_cast<std::size_t>(1 + Draw(4)));
        for (std::int32_t& index : picked) index = Draw(static_cast<int>(size));
        return b.Emit(OpKind::kGather, {x, b.ConstI32(picked)},
                      {{"axis", std::int64_t{axis}}, {"batch_dims", std::int64_t{0}}});
      }
      return b.Emit(OpKind::kReverseV2, {x, b.ConstI32({axis})});
    case 4:
      return b.Emit(OpKind::kCumsum, {x, b.ScalarI32(axis)},
                    {{"exclusive", Draw(2) == 0}, {"reverse", Draw(2) == 0}});
    case 5: {
      std::vector<std::int32_t> stride(static_cast<std::size_t>(rank), 1);
      std::vector<std::int32_t> end;
      for (const ir::Dim dim : ShapeOf(x)) {
        end.push_back(dim.is_static() ? static_cast<std::int32_t>(dim.value()) : INT32_MAX);
      }
      stride[at] = -1;
      first[at] = -1;
      end[at] = -size - 1;
      return b.Emit(OpKind::kStridedSlice,
                    {x, b.ConstI32(first), b.ConstI32(end), b.ConstI32(stride)},
                    {{"begin_mask", std::int64_t{0}},
                     {"end_mask", std::int64_t{1} << axis},
                     {"ellipsis_mask", std::int64_t{0}},
                     {"new_axis_mask", std::int64_t{0}},
                     {"shrink_axis_mask", std::int64_t{0}}});
    }
    default: {
      const OpKind kinds[] = {OpKind::kMean, OpKind::kSum, OpKind::kReduceMax};
      std::vector<std::int32_t> axes = {axis};
      if (rank > 1 && Draw(2) == 0) axes.push_back((axis + 1) % rank);
      return b.Emit(kinds[Draw(3)], {x, b.ConstI32(axes)}, {{"keep_dims", Draw(2) == 0}});
    }
  }
}

ValueId RandomGraph::Product(ir::Builder& b, ValueId x) {
  const int rank = ShapeOf(x).rank();
  if (Draw(2) == 0) {
    ir::Attributes attrs = None();
    attrs.Set("weights_format", std::string("DEFAULT"));
    attrs.Set("keep_num_dims", rank > 2);
    if (Draw(4) == 0 && rank == 2) {  // computed weights, from a tensor that is laid out, too
      const ValueId weights = b.Transpose(b.Unary(OpKind::kTanh, b.Transpose(x, {1, 0})), {1, 0});
      return b.Emit(OpKind::kFullyConnected, {x, weights, ValueId()}, attrs);
    }
    const std::int64_t out = 2 * Size();
    return b.Emit(OpKind::kFullyConnected,
                  {x, Constant(b, {out, ShapeOf(x).dim(rank - 1).value()}), Constant(b, {out})},
                  attrs);
  }
  if (Draw(2) == 0) {
    return b.Emit(OpKind::kBatchMatmul, {x, b.Unary(OpKind::kTanh, x)},
                  {{"adj_x", false}, {"adj_y", true}});
  }
  std::vector<int> swap(static_cast<std::size_t>(rank));
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[swap.size() - 1], swap[swap.size() - 2]);
  return b.Emit(OpKind::kBatchMatmul, {b.Transpose(x, swap), x},
                {{"adj_x", false}, {"adj_y", false}});
}

ValueId RandomGraph::Joined(ir::Builder& b, ValueId x, int axis) {
  const Shape shape = ShapeOf(x);
  switch (Draw(4)) {
    case 0: {
      ir::Attributes attrs = None();
      attrs.Set("axis", std::int64_t{axis});
      const bool constant = shape.IsStatic() && Draw(2) == 0;
      const ValueId other = constant ? Constant(b, shape.Sizes()) : b.Unary(OpKind::kAbs, x);
      return b.Emit(OpKind::kConcatenation, {x, other}, attrs);
    }
    case 1: {  // a constant that has some of the axes
      std::vector<std::int64_t> sizes;
      for (const ir::Dim dim : shape) {
        sizes.push_back(Draw(2) == 0 || !dim.is_static() ? 1 : dim.value());
      }
      sizes.erase(sizes.begin(), sizes.begin() + Draw(static_cast<int>(sizes.size())));
      return Draw(2) == 0 ? b.Mul(x, Constant(b, sizes)) : b.Add(Constant(b, sizes), x);
    }
    case 2: {  // itself, reduced
      const ValueId mean = b.Emit(OpKind::kMean, {x, b.ConstI32({axis})}, {{"keep_dims", true}});
      return b.Sub(x, mean);
    }
    default: {
      std::vector<ValueId> fitting;
      for (const ValueId value : values_) {
        if (ShapeOf(value) == shape) fitting.push_back(value);
      }
      return b.Add(x, fitting[static_cast<std::size_t>(Draw(static_cast<int>(fitting.size())))]);
    }
  }
}

void RandomGraph::Step(ir::Builder& b) {
  const ValueId x = values_[values_.size() - 1 -
                            static_cast<std::size_t>(
                                Draw(static_cast<int>(std::min<std::size_t>(values_.size(), 4))))];
  const int rank = ShapeOf(x).rank();
  if (rank == 0 || Elements(x) > 4000) return;
  // What is done along an axis needs its size, and kernels take the symbolic one first.
  const Shape shape = ShapeOf(x);
  const auto is_symbol = [&](int a) { return !shape.dim(a).is_static(); };
  const int axis = Draw(rank);
  const bool is_static = !is_symbol(axis);
  const auto size = is_static ? shape.dim(axis).value() : 1;
  const bool ends_static = !is_symbol(rank - 1) && (rank < 2 || !is_symbol(rank - 2));
  const bool is_image = rank == 4 && !is_symbol(1) && !is_symbol(2) && !is_symbol(3);
  ValueId y;
  switch (Draw(10)) {
    case 0:
      if (Draw(4) == 0) {  // its shape, sliced and computed with
        const ValueId sizes = b.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
        const ValueId last = b.Emit(OpKind::kSlice, {sizes, b.ConstI32({axis}), b.ConstI32({1})});
        y = b.Mul(x, b.Cast(last, ir::DType::kF32));
      } else {
        y = b.Unary(Draw(2) == 0 ? OpKind::kRelu : OpKind::kTanh, x);
      }
      break;
    case 1:
    case 2:
      y = b.Transpose(x, Permutation(rank));
      break;
    case 3:
      y = Reshaped(b, x);
      break;
    case 4:
    case 5:
      y = is_image ? Spatial(b, x) : Reshaped(b, x);
      break;
    case 6:
      y = is_static ? AlongAxis(b, x, axis) : Reshaped(b, x);
      break;
    case 7:
      y = rank >= 2 && ends_static ? Product(b, x) : b.Unary(OpKind::kNeg, x);
      break;
    case 8:
      if (Draw(3) == 0 && size % 2 == 0) {
        const ValueId operands[] = {b.ScalarI32(axis), x};
        const auto parts = b.EmitMany(OpKind::kSplit, operands, {{"num_splits", std::int64_t{2}}});
        values_.push_back(parts[1]);
        y = parts[0];
      } else if (Draw(3) == 0 && size >= 3) {  // uneven parts, of 2 at a time where that fits
        const auto first = static_cast<std::int32_t>(size % 2 == 0 ? 2 : 1);
        const ValueId sizes = b.ConstI32({first, static_cast<std::int32_t>(size) - first});
        const ValueId operands[] = {x, sizes, b.ScalarI32(axis)};
        const auto parts = b.EmitMany(OpKind::kSplitV, operands, {{"num_splits", std::int64_t{2}}});
        values_.push_back(parts[0]);
        y = parts[1];
      } else {
        y = b.Emit(OpKind::kSoftmax, {x}, {{"beta", 1.0}});
      }
      break;
    default:
      y = is_static ? Joined(b, x, axis) : b.Unary(OpKind::kAbs, x);
  }
  if (y.valid()) values_.push_back(y);
}

// Largest difference in units of the largest element.
double Difference(const interp::Tensor& a, const interp::Tensor& b) {
  const std::span<const float> x = a.values<float>();
  const std::span<const float> y = b.values<float>();
  double largest = 1e-3;
  double difference = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(x[i])));
    difference = std::max(difference, std::abs(static_cast<double>(x[i]) - y[i]));
  }
  return difference / largest;
}

class RandomGraphTest : public testing::TestWithParam<unsigned> {};

TEST_P(RandomGraphTest, ComputesTheSame) {
  for (unsigned i = 0; i < 50; ++i) {
    RandomGraph random(GetParam() * 1000 + i);
    const std::string before = ir::Print(random.module());
    const std::vector<interp::Tensor> inputs = random.Inputs();
    const auto expected = interp::Evaluate(random.module(), random.graph(), inputs);
    ASSERT_TRUE(expected.ok()) << expected.status().ToString() << "\n" << before;
    const auto outcome = LayOut(random.module(), random.graph());
    ASSERT_TRUE(outcome.ok()) << outcome.status().ToString() << "\n" << before;
    EXPECT_LE(outcome->cost_after, outcome->cost_before);
    const std::string after = ir::Print(random.module());
    const Status verified = ir::VerifyModule(random.module());
    ASSERT_TRUE(verified.ok()) << verified.ToString() << "\n" << before << "\n" << after;
    const auto actual = interp::Evaluate(random.module(), random.graph(), inputs);
    ASSERT_TRUE(actual.ok()) << actual.status().ToString() << "\n" << before << "\n" << after;
    ASSERT_EQ(actual->size(), expected->size());
    for (std::size_t k = 0; k < actual->size(); ++k) {
      ASSERT_EQ((*actual)[k].shape(), (*expected)[k].shape()) << before << "\n" << after;
      ASSERT_LE(Difference((*expected)[k], (*actual)[k]), 1e-4) << "output " << k << "\n"
                                                                << before << "\n"
                                                                << after;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphTest, testing::Range(0U, 40U));

}  // namespace
}  // namespace smelt::passes::layout
