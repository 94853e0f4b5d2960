#include "tests/probe/probe_case.h"

#include <algorithm>
#include <iterator>

#include "core/ir/builder.h"
#include "core/ir/op_table.h"
#include "tests/probe/probe_data.h"

namespace smelt::probe {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;
using Shape = std::vector<std::int64_t>;

// Sizes 2, 3, 1 in turn: small products at any rank, with an axis of 1 among them.
Shape ShapeOf(int rank) {
  constexpr std::int64_t kSizes[] = {2, 3, 1};
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) shape.push_back(kSizes[axis % 3]);
  return shape;
}

// Every other axis is 1, so that both sides broadcast.
Shape Broadcasting(Shape shape, int parity) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (static_cast<int>(axis % 2) == parity) shape[axis] = 1;
  }
  return shape;
}

// The module under construction.
class Draft {
 public:
  explicit Draft(const ProbeSpec& wanted)
      : spec(wanted), builder(Start(made.module), ir::GraphId{0}, ir::kNoOrigin) {}

  static ir::Module& Start(ir::Module& module) {
    module.AddGraph("main");
    return module;
  }

  // bf16 crosses the graph's border as i16: not every runtime's callers can name it.
  ValueId Input(DType dtype, Shape shape, Values values = Values::kMixed) {
    const auto index = static_cast<std::uint32_t>(made.inputs.size());
    interp::Tensor tensor = MakeTensor(dtype, shape, values, index);
    const bool hidden = dtype == DType::kBF16;
    const DType outer = hidden ? DType::kI16 : dtype;
    if (hidden) tensor = Reinterpreted(tensor, outer);
    made.inputs.push_back(std::move(tensor));
    const ValueId input =
        made.module.main().AddInput({outer, ir::Shape::Of(shape)}, "in" + std::to_string(index));
    return hidden ? As(input, dtype) : input;
  }
  static interp::Tensor Reinterpreted(const interp::Tensor& tensor, DType to) {
    auto made = ir::Constant::FromBytes(to, tensor.shape(), tensor.ToConstant().Materialize());
    SMELT_CHECK(made.ok());
    return interp::Tensor::FromConstant(*made);
  }
  ValueId As(ValueId value, DType to) {
    return builder.Emit(OpKind::kBitcast, {value},
                        {{"out_data_type", std::string(ir::DTypeName(to))}});
  }
  ValueId Data(Values values = Values::kMixed) {
    return Input(spec.dtype, ShapeOf(spec.rank), values);
  }
  ValueId Data(Shape shape, Values values = Values::kMixed) {
    return Input(spec.dtype, std::move(shape), values);
  }
  ValueId Constant(DType dtype, Shape shape, Values values = Values::kMixed) {
    return builder.Const(MakeTensor(dtype, std::move(shape), values, 17).ToConstant());
  }
  ValueId Axes(const std::vector<std::int32_t>& values) {
    return builder.ConstI32(std::span<const std::int32_t>(values));
  }
  std::vector<ValueId> Emit(std::vector<ValueId> operands, ir::Attributes attrs = {}) {
    return builder.EmitMany(spec.kind, operands, std::move(attrs));
  }

  ProbeSpec spec;
  ProbeCase made;
  Builder builder;
};

using Values1 = std::vector<ValueId>;
using Emitter = Values1 (*)(Draft&);

std::string Name(DType dtype) { return std::string(ir::DTypeName(dtype)); }
std::int64_t I(std::int64_t value) { return value; }

Values1 Unary(Draft& d) { return d.Emit({d.Data(Values::kExtreme)}); }
Values1 UnaryPositive(Draft& d) { return d.Emit({d.Data(Values::kPositive)}); }
Values1 LeakyRelu(Draft& d) { return d.Emit({d.Data()}, {{"alpha", 0.1}}); }
Values1 Softmax(Draft& d) { return d.Emit({d.Data()}, {{"beta", 1.0}}); }
Values1 Gelu(Draft& d) { return d.Emit({d.Data()}, {{"approximate", false}}); }

Values1 BinaryOf(Draft& d, Values left, Values right) {
  const Shape shape = ShapeOf(d.spec.rank);
  const ValueId a = d.Data(Broadcasting(shape, 0), left);
  const ValueId b = d.Data(Broadcasting(shape, 1), right);
  return d.Emit({a, b});
}
Values1 Binary(Draft& d) { return BinaryOf(d, Values::kMixed, Values::kMixed); }
// For kernels that don't broadcast.
Values1 BinaryEqual(Draft& d) { return d.Emit({d.Data(), d.Data()}); }
Values1 BinaryWrapping(Draft& d) { return BinaryOf(d, Values::kExtreme, Values::kExtreme); }
Values1 Division(Draft& d) { return BinaryOf(d, Values::kExtreme, Values::kNonzero); }
Values1 Power(Draft& d) { return BinaryOf(d, Values::kPositive, Values::kPositive); }

Values1 Conv(Draft& d) {
  const ValueId x = d.Data({1, 5, 5, 2});
  return d.Emit({x, d.Constant(d.spec.dtype, {3, 3, 3, 2}), d.Constant(d.spec.dtype, {3})},
                {{"padding", "SAME"},
                 {"stride_w", I(2)},
                 {"stride_h", I(1)},
                 {"dilation_w_factor", I(1)},
                 {"dilation_h_factor", I(1)}});
}
Values1 Depthwise(Draft& d) {
  const ValueId x = d.Data({1, 5, 5, 2});
  return d.Emit({x, d.Constant(d.spec.dtype, {1, 3, 3, 4}), d.Constant(d.spec.dtype, {4})},
                {{"padding", "VALID"},
                 {"stride_w", I(1)},
                 {"stride_h", I(1)},
                 {"depth_multiplier", I(2)},
                 {"dilation_w_factor", I(1)},
                 {"dilation_h_factor", I(1)}});
}
Values1 TransposeConv(Draft& d) {
  const ValueId x = d.Data({1, 3, 3, 2});
  return d.Emit({d.Axes({1, 6, 6, 3}), d.Constant(d.spec.dtype, {3, 2, 2, 2}), x},
                {{"padding", "SAME"}, {"stride_w", I(2)}, {"stride_h", I(2)}});
}
ir::Attributes VolumeAttributes(std::int64_t stride_w, std::string padding) {
  return {{"padding", std::move(padding)}, {"stride_d", I(1)},          {"stride_h", I(2)},
          {"stride_w", stride_w},          {"dilation_d_factor", I(1)}, {"dilation_h_factor", I(1)},
          {"dilation_w_factor", I(1)}};
}
Values1 Conv3d(Draft& d) {
  const ValueId x = d.Data({2, 3, 4, 5, 2});
  return d.Emit({x, d.Constant(d.spec.dtype, {2, 3, 2, 2, 3}), d.Constant(d.spec.dtype, {3})},
                VolumeAttributes(1, "SAME"));
}
Values1 Conv3dTranspose(Draft& d) {
  const ValueId x = d.Data({2, 2, 3, 3, 2});
  return d.Emit({d.Axes({2, 3, 7, 6, 3}), d.Constant(d.spec.dtype, {2, 3, 2, 3, 2}), x,
                 d.Constant(d.spec.dtype, {3})},
                VolumeAttributes(2, "VALID"));
}
Values1 FullyConnected(Draft& d) {
  Shape shape = ShapeOf(d.spec.rank);
  shape.back() = 3;
  const ValueId x = d.Data(shape);
  return d.Emit({x, d.Constant(d.spec.dtype, {4, 3}), d.Constant(d.spec.dtype, {4})},
                {{"keep_num_dims", true}, {"weights_format", "DEFAULT"}});
}
Values1 BatchMatmul(Draft& d) {
  Shape left = ShapeOf(d.spec.rank);
  Shape right = Broadcasting(left, 0);
  const auto last = left.size() - 1;
  left[last - 1] = 2;
  left[last] = 3;
  right[last - 1] = 3;
  right[last] = 4;
  return d.Emit({d.Data(left), d.Data(right)});
}
Values1 Pool(Draft& d) {
  return d.Emit({d.Data({1, 5, 5, 2})}, {{"padding", "SAME"},
                                         {"stride_w", I(2)},
                                         {"stride_h", I(2)},
                                         {"filter_width", I(3)},
                                         {"filter_height", I(2)}});
}
Values1 LocalResponse(Draft& d) {
  return d.Emit({d.Data({1, 3, 3, 5})},
                {{"radius", I(1)}, {"bias", 1.0}, {"alpha", 0.25}, {"beta", 0.75}});
}
Values1 Resize(Draft& d) {
  return d.Emit({d.Data({1, 3, 3, 2}), d.Axes({6, 5})}, {{"half_pixel_centers", true}});
}
Values1 DepthToSpace(Draft& d) { return d.Emit({d.Data({1, 2, 2, 8})}, {{"block_size", I(2)}}); }
Values1 SpaceToDepth(Draft& d) { return d.Emit({d.Data({1, 4, 4, 2})}, {{"block_size", I(2)}}); }

Values1 ReduceOf(Draft& d, Values values) {
  return d.Emit({d.Data(values), d.Axes({0, d.spec.rank - 1})}, {{"keep_dims", true}});
}
Values1 Reduce(Draft& d) { return ReduceOf(d, Values::kMixed); }
Values1 ReduceWrapping(Draft& d) { return ReduceOf(d, Values::kExtreme); }
Values1 ArgReduce(Draft& d) {
  return d.Emit({d.Data(), d.Axes({1})}, {{"output_type", Name(DType::kI32)}});
}
Values1 Cumsum(Draft& d) {
  return d.Emit({d.Data(Values::kExtreme), d.builder.ScalarI32(1)},
                {{"exclusive", true}, {"reverse", false}});
}
Values1 TopK(Draft& d) {
  Shape shape = ShapeOf(d.spec.rank);
  shape.back() = 5;
  return d.Emit({d.Data(shape), d.builder.ScalarI32(3)});
}

// From one dimension to the rank: options and operand both carry the shape.
Values1 Reshape(Draft& d) {
  const Shape shape = ShapeOf(d.spec.rank);
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  const std::vector<std::int32_t> target(shape.begin(), shape.end());
  return d.Emit({d.Data(Shape{count}), d.Axes(target)}, {{"new_shape", shape}});
}
Values1 Squeeze(Draft& d) {
  Shape shape = ShapeOf(d.spec.rank);
  shape[0] = 1;
  return d.Emit({d.Data(shape)}, {{"squeeze_dims", std::vector<std::int64_t>{0}}});
}
Values1 ExpandDims(Draft& d) { return d.Emit({d.Data(), d.builder.ScalarI32(1)}); }
Values1 ShapeOperator(Draft& d) { return d.Emit({d.Data()}, {{"out_type", Name(DType::kI32)}}); }
Values1 Plain(Draft& d) { return d.Emit({d.Data()}); }
Values1 Dequantize(Draft& d) {
  const ValueId data = d.Data();
  if (d.spec.dtype != DType::kF16) {
    d.builder.graph().value(data).quant = ir::QuantParams{{0.25F}, {-3}, 0};
  }
  return d.Emit({data});
}
// Steps that no runtime's rounding can disagree on: no quotient near a half.
Values1 Quantize(Draft& d) {
  const ValueId data = d.Data();
  if (d.spec.dtype != DType::kF32) {
    const std::int64_t zero = d.spec.dtype == DType::kI16 ? 0 : 5;
    d.builder.graph().value(data).quant = ir::QuantParams{{0.5F}, {zero}, 0};
  }
  const DType to = d.spec.dtype == DType::kU8    ? DType::kU8
                   : d.spec.dtype == DType::kI16 ? DType::kI16
                                                 : DType::kI8;
  const auto results = d.Emit({data}, {{"out_data_type", Name(to)}});
  if (!results.empty() && results[0].valid()) {
    const std::int64_t zero = to == DType::kI16 ? 0 : 3;
    d.builder.graph().value(results[0]).quant = ir::QuantParams{{0.25F}, {zero}, 0};
  }
  return results;
}
Values1 EmbeddingLookup(Draft& d) {
  const ValueId table = d.Constant(d.spec.dtype, ShapeOf(d.spec.rank), Values::kExtreme);
  if (d.spec.dtype == DType::kI8) {
    d.builder.graph().value(table).quant = ir::QuantParams{{0.25F, 0.375F}, {0, 0}, 0};
  }
  return d.Emit({d.Axes({1, 0, 1}), table}, {{"out_data_type", Name(DType::kF32)}});
}
Values1 Transpose(Draft& d) {
  std::vector<std::int32_t> perm;
  for (int axis = d.spec.rank; axis-- > 0;) perm.push_back(axis);
  return d.Emit({d.Data(), d.Axes(perm)});
}
Values1 ReverseAxis(Draft& d) { return d.Emit({d.Data(), d.Axes({1})}); }
Values1 Tile(Draft& d) {
  std::vector<std::int32_t> multiples(static_cast<std::size_t>(d.spec.rank), 1);
  multiples[0] = 2;
  multiples.back() = 2;
  return d.Emit({d.Data(), d.Axes(multiples)});
}
Values1 BroadcastTo(Draft& d) {
  const Shape shape = ShapeOf(d.spec.rank);
  const std::vector<std::int32_t> target(shape.begin(), shape.end());
  return d.Emit({d.Data(Broadcasting(shape, 0)), d.Axes(target)});
}
Values1 Slice(Draft& d) {
  const Shape shape = ShapeOf(d.spec.rank);
  std::vector<std::int32_t> begin(shape.size(), 0);
  std::vector<std::int32_t> size(shape.begin(), shape.end());
  begin[1] = 1;
  size[1] = 2;
  return d.Emit({d.Data(), d.Axes(begin), d.Axes(size)});
}
Values1 StridedSlice(Draft& d) {
  const Shape shape = ShapeOf(d.spec.rank);
  std::vector<std::int32_t> begin(shape.size(), 0);
  std::vector<std::int32_t> end(shape.begin(), shape.end());
  std::vector<std::int32_t> strides(shape.size(), 1);
  strides[1] = 2;
  return d.Emit({d.Data(), d.Axes(begin), d.Axes(end), d.Axes(strides)});
}
ValueId Paddings(Draft& d) {
  std::vector<std::int32_t> pads;
  for (int axis = 0; axis < d.spec.rank; ++axis) {
    pads.push_back(axis == 1 ? 1 : 0);
    pads.push_back(axis < 2 ? 1 : 0);
  }
  const auto constant = ir::Constant::FromValues<std::int32_t>(DType::kI32, {d.spec.rank, 2}, pads);
  return d.builder.Const(constant);
}
Values1 Pad(Draft& d) { return d.Emit({d.Data(), Paddings(d)}); }
Values1 Padv2(Draft& d) {
  return d.Emit({d.Data(), Paddings(d), d.Constant(d.spec.dtype, {}, Values::kPositive)});
}
Values1 MirrorPad(Draft& d) { return d.Emit({d.Data(), Paddings(d)}, {{"mode", "REFLECT"}}); }
Values1 Gather(Draft& d) {
  return d.Emit({d.Data(), d.Axes({2, 0})}, {{"axis", I(1)}, {"batch_dims", I(0)}});
}
Values1 GatherNd(Draft& d) {
  const std::vector<std::int32_t> indices = {1, 2, 0, 1};
  return d.Emit({d.Data(), d.builder.Const(ir::Constant::FromValues<std::int32_t>(
                               DType::kI32, {2, 2}, indices))});
}
Values1 Shift(Draft& d) { return BinaryOf(d, Values::kExtreme, Values::kPositive); }
Values1 Where(Draft& d) { return d.Emit({d.Data()}); }
Values1 ReverseSequence(Draft& d) {
  return d.Emit({d.Data(), d.Axes({1, 3})}, {{"seq_dim", I(1)}, {"batch_dim", I(0)}});
}
// Two rows of which one is written twice.
Values1 ScatterNd(Draft& d) {
  Shape rows = ShapeOf(d.spec.rank);
  rows[0] = 3;
  std::vector<std::int32_t> shape(rows.begin(), rows.end());
  shape[0] = 4;
  const std::vector<std::int32_t> places = {2, 0, 2};
  const ValueId indices =
      d.builder.Const(ir::Constant::FromValues<std::int32_t>(DType::kI32, {3, 1}, places));
  return d.Emit({indices, d.Data(rows), d.Axes(shape)});
}
Values1 Segment(Draft& d) {
  Shape rows = ShapeOf(d.spec.rank);
  rows[0] = 4;
  return d.Emit({d.Data(rows), d.Axes({2, 0, 2, 2}), d.builder.ScalarI32(4)});
}
Values1 Concatenation(Draft& d) { return d.Emit({d.Data(), d.Data(), d.Data()}, {{"axis", I(1)}}); }
Values1 Pack(Draft& d) {
  return d.Emit({d.Data(), d.Data()}, {{"values_count", I(2)}, {"axis", I(1)}});
}
Values1 Unpack(Draft& d) { return d.Emit({d.Data()}, {{"num", I(3)}, {"axis", I(1)}}); }
Values1 Split(Draft& d) {
  return d.Emit({d.builder.ScalarI32(1), d.Data()}, {{"num_splits", I(3)}});
}
Values1 SplitV(Draft& d) {
  return d.Emit({d.Data(), d.Axes({1, 2}), d.builder.ScalarI32(1)}, {{"num_splits", I(2)}});
}
Values1 Select(Draft& d) {
  const Shape shape = ShapeOf(d.spec.rank);
  return d.Emit({d.Input(DType::kBool, shape), d.Data(), d.Data()});
}
Values1 SelectV2(Draft& d) {
  const Shape shape = ShapeOf(d.spec.rank);
  return d.Emit({d.Input(DType::kBool, Broadcasting(shape, 0)), d.Data(Broadcasting(shape, 1)),
                 d.Data(shape)});
}
Values1 Fill(Draft& d) {
  const Shape shape = ShapeOf(d.spec.rank);
  const std::vector<std::int32_t> dims(shape.begin(), shape.end());
  return d.Emit({d.Axes(dims), d.Data(Shape{}, Values::kPositive)});
}
Values1 Range(Draft& d) {
  return d.Emit({d.builder.Scalar(d.spec.dtype, 1), d.builder.Scalar(d.spec.dtype, 9),
                 d.builder.Scalar(d.spec.dtype, 2)});
}
Values1 OneHot(Draft& d) {
  const std::vector<std::int32_t> indices = {0, 2, 1, 2, 1, 0};
  Shape shape(static_cast<std::size_t>(d.spec.rank) - 1, 1);
  shape[0] = 6;
  const ValueId where =
      d.builder.Const(ir::Constant::FromValues<std::int32_t>(DType::kI32, shape, indices));
  return d.Emit({where, d.builder.ScalarI32(3), d.Data(Shape{}, Values::kPositive),
                 d.builder.Scalar(d.spec.dtype, 0)},
                {{"axis", I(-1)}});
}
Values1 DynamicUpdateSlice(Draft& d) {
  Shape shape = ShapeOf(d.spec.rank);
  const ValueId operand = d.Data(shape);
  shape[0] = 1;
  std::vector<std::int32_t> start(shape.size(), 0);
  start[0] = 1;
  return d.Emit({operand, d.Data(shape), d.Axes(start)});
}
// Two boxes overlap the best one, one by more than the threshold.
Values1 NonMaxSuppression(Draft& d) {
  const std::vector<float> boxes = {0, 0, 4, 4, 0, 0, 4, 3, 3, 3, 7, 7, 9, 9, 8, 8};
  const std::vector<float> scores = {90, 80, 70, 60};
  return d.Emit({d.builder.Const(ir::Constant::FromValues<float>(DType::kF32, {4, 4}, boxes)),
                 d.builder.Const(ir::Constant::FromValues<float>(DType::kF32, {4}, scores)),
                 d.builder.ScalarI32(4), d.builder.Scalar(DType::kF32, 0.5), d.Data(Shape{})});
}
Values1 CastToF32(Draft& d) {
  const DType to = d.spec.dtype == DType::kF32 ? DType::kI32 : DType::kF32;
  return d.Emit({d.Data()}, {{"in_data_type", Name(d.spec.dtype)}, {"out_data_type", Name(to)}});
}
// To an integer of the same width.
Values1 Bitcast(Draft& d) {
  const int bits = ir::ElementBits(d.spec.dtype);
  const DType to = bits == 8    ? DType::kU8
                   : bits == 16 ? DType::kI16
                   : bits == 32 ? DType::kI32
                                : DType::kI64;
  return d.Emit({d.Data(Values::kExtreme)}, {{"out_data_type", Name(to)}});
}

// What no delegate knows: the runtime runs the body.
Values1 Composite(Draft& d) {
  const ValueId x = d.Data();
  const ir::TensorType type = d.builder.type(x);
  const ir::GraphId id = d.made.module.AddGraph("smelt.probe.impl");
  Builder body(d.made.module, id, ir::kNoOrigin);
  const ValueId inner = body.graph().AddInput(type, "x");
  body.graph().SetOutputs(std::vector{body.Unary(OpKind::kRelu, inner)});
  const ValueId operands[] = {x};
  const ValueId y =
      d.builder.EmitTyped(d.spec.kind, operands, {{"name", "smelt.probe"}, {"scale", 0.5}}, type);
  d.builder.graph().op(d.builder.graph().value(y).producer).regions = {id};
  return {y};
}

struct Row {
  OpKind kind;
  Emitter emit;
  int plain_rank;  // at which types are probed
};

// clang-format off
constexpr Row kRows[] = {
    {OpKind::kAdd, BinaryWrapping, 3}, {OpKind::kSub, BinaryWrapping, 3},
    {OpKind::kMul, BinaryWrapping, 3}, {OpKind::kDiv, Division, 3},
    {OpKind::kFloorDiv, Division, 3}, {OpKind::kFloorMod, Division, 3},
    {OpKind::kMaximum, BinaryWrapping, 3}, {OpKind::kMinimum, BinaryWrapping, 3},
    {OpKind::kPow, Power, 3}, {OpKind::kSquaredDifference, BinaryWrapping, 3},
    {OpKind::kAtan2, BinaryEqual, 3}, {OpKind::kLess, BinaryWrapping, 3},
    {OpKind::kGreater, BinaryWrapping, 3}, {OpKind::kLessEqual, BinaryWrapping, 3},
    {OpKind::kGreaterEqual, BinaryWrapping, 3}, {OpKind::kEqual, Binary, 3},
    {OpKind::kNotEqual, Binary, 3}, {OpKind::kLogicalAnd, Binary, 3},
    {OpKind::kLogicalOr, Binary, 3}, {OpKind::kLogicalNot, Plain, 3},
    {OpKind::kAbs, Plain, 3}, {OpKind::kNeg, Unary, 3}, {OpKind::kFloor, Plain, 3},
    {OpKind::kDequantize, Dequantize, 3}, {OpKind::kQuantize, Quantize, 3},
    {OpKind::kEmbeddingLookup, EmbeddingLookup, 3}, {OpKind::kRound, Plain, 3},
    {OpKind::kCeil, Plain, 3}, {OpKind::kSin, Plain, 3},
    {OpKind::kCos, Plain, 3}, {OpKind::kSquare, Unary, 3}, {OpKind::kSqrt, UnaryPositive, 3},
    {OpKind::kRsqrt, UnaryPositive, 3}, {OpKind::kLog, UnaryPositive, 3}, {OpKind::kExp, Plain, 3},
    {OpKind::kRelu, Plain, 3}, {OpKind::kRelu6, Plain, 3}, {OpKind::kReluN1To1, Plain, 3},
    {OpKind::kRelu0To1, Plain, 3}, {OpKind::kTanh, Plain, 3}, {OpKind::kLogistic, Plain, 3},
    {OpKind::kElu, Plain, 3}, {OpKind::kHardSwish, Plain, 3}, {OpKind::kGelu, Gelu, 3},
    {OpKind::kLeakyRelu, LeakyRelu, 3}, {OpKind::kSign, Plain, 3}, {OpKind::kSoftmax, Softmax, 3},
    {OpKind::kLogSoftmax, Plain, 3}, {OpKind::kL2Normalization, UnaryPositive, 3},
    {OpKind::kPrelu, [](Draft& d) {
       const Shape shape = ShapeOf(d.spec.rank);
       return d.Emit({d.Data(shape), d.Constant(d.spec.dtype, Broadcasting(shape, 0))});
     }, 3},
    {OpKind::kConv2d, Conv, 4}, {OpKind::kDepthwiseConv2d, Depthwise, 4},
    {OpKind::kConv3d, Conv3d, 5}, {OpKind::kConv3dTranspose, Conv3dTranspose, 5},
    {OpKind::kTransposeConv, TransposeConv, 4}, {OpKind::kFullyConnected, FullyConnected, 3},
    {OpKind::kBatchMatmul, BatchMatmul, 3}, {OpKind::kAveragePool2d, Pool, 4},
    {OpKind::kMaxPool2d, Pool, 4}, {OpKind::kLocalResponseNormalization, LocalResponse, 4},
    {OpKind::kResizeBilinear, Resize, 4}, {OpKind::kResizeNearestNeighbor, Resize, 4},
    {OpKind::kDepthToSpace, DepthToSpace, 4}, {OpKind::kSpaceToDepth, SpaceToDepth, 4},
    {OpKind::kSum, ReduceWrapping, 3}, {OpKind::kMean, Reduce, 3},
    {OpKind::kReduceMax, ReduceWrapping, 3}, {OpKind::kReduceMin, ReduceWrapping, 3},
    {OpKind::kReduceProd, ReduceWrapping, 3}, {OpKind::kReduceAny, Reduce, 3},
    {OpKind::kReduceAll, Reduce, 3}, {OpKind::kArgMax, ArgReduce, 3},
    {OpKind::kArgMin, ArgReduce, 3}, {OpKind::kCumsum, Cumsum, 3}, {OpKind::kTopkV2, TopK, 3},
    {OpKind::kReshape, Reshape, 3}, {OpKind::kSqueeze, Squeeze, 3},
    {OpKind::kExpandDims, ExpandDims, 3}, {OpKind::kShape, ShapeOperator, 3},
    {OpKind::kRank, Plain, 3}, {OpKind::kTranspose, Transpose, 3},
    {OpKind::kReverseV2, ReverseAxis, 3}, {OpKind::kTile, Tile, 3},
    {OpKind::kBroadcastTo, BroadcastTo, 3}, {OpKind::kSlice, Slice, 3},
    {OpKind::kStridedSlice, StridedSlice, 3}, {OpKind::kPad, Pad, 3}, {OpKind::kPadv2, Padv2, 3},
    {OpKind::kMirrorPad, MirrorPad, 3}, {OpKind::kGather, Gather, 3},
    {OpKind::kDynamicUpdateSlice, DynamicUpdateSlice, 3},
    {OpKind::kNonMaxSuppressionV4, NonMaxSuppression, 2},
    {OpKind::kGatherNd, GatherNd, 3}, {OpKind::kConcatenation, Concatenation, 3},
    {OpKind::kPack, Pack, 3}, {OpKind::kUnpack, Unpack, 3}, {OpKind::kSplit, Split, 3},
    {OpKind::kSplitV, SplitV, 3}, {OpKind::kSelect, Select, 3}, {OpKind::kSelectV2, SelectV2, 3},
    {OpKind::kFill, Fill, 3}, {OpKind::kRange, Range, 1}, {OpKind::kOneHot, OneHot, 3},
    {OpKind::kCast, CastToF32, 3}, {OpKind::kBitcast, Bitcast, 3},
    {OpKind::kWhere, Where, 3}, {OpKind::kReverseSequence, ReverseSequence, 3},
    {OpKind::kScatterNd, ScatterNd, 3}, {OpKind::kUnsortedSegmentProd, Segment, 3},
    {OpKind::kUnsortedSegmentMax, Segment, 3}, {OpKind::kUnsortedSegmentSum, Segment, 3},
    {OpKind::kUnsortedSegmentMin, Segment, 3}, {OpKind::kBitwiseXor, BinaryWrapping, 3},
    {OpKind::kRightShift, Shift, 3}, {OpKind::kStablehloAnd, BinaryEqual, 3},
    {OpKind::kStablehloComposite, Composite, 3},
};
// clang-format on

const Row* FindRow(OpKind kind) {
  const auto* row = std::ranges::find(kRows, kind, &Row::kind);
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace

std::vector<ProbeSpec> SpecsOf(const target::Profile& profile) {
  std::vector<ProbeSpec> specs;
  for (const target::OperatorSupport& support : profile.operators) {
    const Row* row = FindRow(support.kind);
    if (row == nullptr) continue;
    bool first = true;
    for (int i = 0; i < ir::kDTypeCount; ++i) {
      const auto dtype = static_cast<DType>(i);
      if ((support.types & target::Bit(dtype)) == 0 || dtype == DType::kC64) continue;
      specs.push_back({support.kind, dtype, row->plain_rank});
      // Kernels choose their path by rank.
      for (int rank = row->plain_rank + 1; first && rank <= support.max_rank; ++rank) {
        specs.push_back({support.kind, dtype, rank});
      }
      first = false;
    }
  }
  return specs;
}

Result<ProbeCase> MakeCase(const ProbeSpec& spec) {
  const Row* row = FindRow(spec.kind);
  if (row == nullptr) return Status(Reason::kInvalidArgument, "this operator has no probe");
  Draft draft(spec);
  Values1 results = row->emit(draft);
  for (ValueId& result : results) {
    if (draft.builder.type(result).dtype == DType::kBF16) result = draft.As(result, DType::kI16);
  }
  SMELT_RETURN_IF_ERROR(draft.builder.status());
  draft.made.module.main().SetOutputs(results);
  ir::Signature signature;
  signature.graph = draft.made.module.main_id();
  for (std::size_t i = 0; i < draft.made.inputs.size(); ++i) {
    signature.input_names.push_back("in" + std::to_string(i));
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    signature.output_names.push_back("out" + std::to_string(i));
  }
  draft.made.module.signatures.push_back(std::move(signature));
  return std::move(draft.made);
}

}  // namespace smelt::probe
