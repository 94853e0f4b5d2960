// Results whose size the data decide: NonZero, Compress, Unique.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// The rows of coordinates of what is not zero; `count` of them.
ValueId Where(Builder& out, ValueId x, Dim count) {
  if (!out.status().ok()) return {};
  if (out.constant(x) != nullptr) return out.Emit(OpKind::kWhere, {x});
  return out.EmitTyped(OpKind::kWhere, std::vector{x}, {},
                       {DType::kI64, Shape{count, out.type(x).shape.rank()}});
}

Status InferNonZero(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const Dim count = node.symbols().Fresh("non-zero elements of " + node.input_name(0));
  node.SetOutputType(0, {DType::kI64, Shape{node.input_rank(0), count}});
  return Status::Ok();
}

Status TranslateNonZero(OnnxNode& node, Builder& out) {
  const ValueId rows = Where(out, node.input(0), node.output_type(0)->shape.dim(1));
  node.SetOutput(0, out.Transpose(rows, {1, 0}));
  return out.status();
}

// --- Compress: without an axis of the flattened input. ---

std::optional<int> CompressedAxis(const OnnxNode& node) {
  if (!node.has_attr("axis")) return 0;
  return ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
}

Status InferCompress(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto axis = CompressedAxis(node);
  if (!axis) return Status::Ok();
  Dim count;
  if (const auto flags = node.input_ints(1)) {
    count =
        Dim(static_cast<std::int64_t>(flags->size()) - std::count(flags->begin(), flags->end(), 0));
  } else {
    count = node.symbols().Fresh("chosen elements of " + node.input_name(0));
  }
  Shape shape = node.input_shape(0);
  if (!node.has_attr("axis")) shape = Shape{count};
  shape.dim(*axis) = count;
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateCompress(OnnxNode& node, Builder& out) {
  const int axis = *CompressedAxis(node);
  const Dim count = node.output_type(0)->shape.dim(axis);
  ValueId x = node.input(0);
  if (!node.has_attr("axis")) {
    x = out.Reshape(x, Shape{node.symbols().Product(node.input_shape(0))});
  }
  const ValueId places = out.Reshape(Where(out, node.input(1), count), Shape{count});
  node.SetOutput(0, out.Emit(OpKind::kGather, {x, places},
                             {{"axis", std::int64_t{axis}}, {"batch_dims", std::int64_t{0}}}));
  return out.status();
}

Verdict CompressAxis(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_attr("axis")) return Verdict::kHolds;
  return CheckAxisAttr(node, "axis", 0, 0, 0, finding);
}

Verdict ConditionInside(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const auto axis = CompressedAxis(node);
  const auto flags = node.input_shape(1).ElementCount();
  if (!axis || !flags) return Verdict::kHolds;
  const Dim size = node.has_attr("axis") ? node.input_shape(0).dim(*axis)
                                         : node.symbols().Product(node.input_shape(0));
  if (!size.is_static() || *flags <= size.value()) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " for data of " + node.input_text(0), finding);
}

// --- Unique: the elements in order, and where a new one begins. ---

enum Results { kValues, kFirstPlaces, kInverse, kCounts };

Status InferUnique(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const Shape found{node.symbols().Fresh("unique elements of " + node.input_name(0))};
  const Shape all{node.symbols().Product(node.input_shape(0))};
  node.SetOutputType(kValues, {node.input_dtype(0), found});
  if (node.output_count() > kFirstPlaces) node.SetOutputType(kFirstPlaces, {DType::kI64, found});
  if (node.output_count() > kInverse) node.SetOutputType(kInverse, {DType::kI64, all});
  if (node.output_count() > kCounts) node.SetOutputType(kCounts, {DType::kI64, found});
  return Status::Ok();
}

ValueId Take(Builder& out, ValueId x, ValueId places) {
  return out.Emit(OpKind::kGather, {x, places},
                  {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
}

// A change of the values that reverses their order and is its own inverse.
ValueId Reversed(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  const DType dtype = out.type(x).dtype;
  if (ir::IsFloat(dtype)) return out.Unary(OpKind::kNeg, x);
  return out.Sub(out.Cast(out.Scalar(DType::kI32, -1), dtype), x);
}

// Elements in ascending order and where they were, equal ones in their old order.
struct Sorted {
  ValueId values, places;
};
Sorted Ascending(Builder& out, ValueId x, ValueId count, Dim size) {
  const auto found = out.EmitMany(OpKind::kTopkV2, std::vector{Reversed(out, x), count});
  if (!out.status().ok()) return {};
  for (const ValueId value : found) out.graph().value(value).type.shape = Shape{size};
  return {Reversed(out, found[0]), found[1]};
}

ValueId Part(Builder& out, ValueId x, std::int32_t begin, std::int32_t size, Dim length) {
  if (!out.status().ok()) return {};
  return out.EmitTyped(OpKind::kSlice, std::vector{x, out.ConstI32({begin}), out.ConstI32({size})},
                       {}, {out.type(x).dtype, Shape{length}});
}

ValueId Behind(Builder& out, ValueId a, ValueId b, Dim length) {
  if (!out.status().ok()) return {};
  return out.EmitTyped(OpKind::kConcatenation, std::vector{a, b}, {{"axis", std::int64_t{0}}},
                       {out.type(a).dtype, Shape{length}});
}

// result[places[i]] = values[i], for places that are a permutation.
ValueId Scattered(Builder& out, ValueId places, ValueId values, ValueId shape, Dim length) {
  const ValueId rows = out.Reshape(places, Shape{length, 1});
  return out.EmitTyped(OpKind::kScatterNd, std::vector{rows, values, shape}, {},
                       {DType::kI32, Shape{length}});
}

Status TranslateUnique(OnnxNode& node, Builder& out) {
  const std::int64_t size = *node.input_shape(0).ElementCount();
  const auto narrow = static_cast<std::int32_t>(size);
  const Dim found = node.output_type(kValues)->shape.dim(0);
  const ValueId x = out.Reshape(node.input(0), Shape{size});
  const Sorted sorted = Ascending(out, x, out.ScalarI32(narrow), Dim(size));
  const ValueId first = out.Reshape(out.Scalar(DType::kBool, 1), Shape{1});
  ValueId begins = first;
  if (size > 1) {
    const ValueId changes =
        out.Emit(OpKind::kNotEqual, {Part(out, sorted.values, 1, narrow - 1, Dim(size - 1)),
                                     Part(out, sorted.values, 0, narrow - 1, Dim(size - 1))});
    begins = Behind(out, first, changes, Dim(size));
  }
  SMELT_RETURN_IF_ERROR(out.status());
  const ValueId starts = out.Reshape(Where(out, begins, found), Shape{found});
  const ValueId end = out.ConstI64(std::vector<std::int64_t>{size});
  const Dim others = node.symbols().Fresh("further unique elements of " + node.input_name(0));
  ValueId counts = out.Sub(Behind(out, Part(out, starts, 1, -1, others), end, found), starts);
  ValueId values = Take(out, sorted.values, starts);
  ValueId places = Take(out, sorted.places, starts);
  ValueId groups =
      out.Sub(out.Emit(OpKind::kCumsum, {out.Cast(begins, DType::kI32), out.ScalarI32(0)}),
              out.ScalarI32(1));
  if (node.Int("sorted", 1) == 0) {  // by first occurrence
    const ValueId shape = out.Emit(OpKind::kShape, {places}, {{"out_type", std::string("i32")}});
    const ValueId count = out.Reshape(shape, Shape{});
    const ValueId order = Ascending(out, places, count, found).places;
    const std::vector<ValueId> range = {out.ScalarI32(0), count, out.ScalarI32(1)};
    const ValueId numbers = out.EmitTyped(OpKind::kRange, range, {}, {DType::kI32, Shape{found}});
    groups = Take(out, Scattered(out, order, numbers, shape, found), groups);
    values = Take(out, values, order);
    places = Take(out, places, order);
    counts = Take(out, counts, order);
  }
  const ValueId inverse = Scattered(out, sorted.places, groups, out.ConstI32({narrow}), Dim(size));
  const ValueId all[] = {values, out.Cast(places, DType::kI64), out.Cast(inverse, DType::kI64),
                         counts};
  for (int i = 0; i < node.output_count(); ++i) {
    if (node.has_output(i)) node.SetOutput(i, all[i]);
  }
  return out.status();
}

Verdict Flattened(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_attr("axis")) return Verdict::kHolds;
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (node.input_rank(0) == 1) return Verdict::kHolds;
  return Violated(node, 0, "axis = " + std::to_string(node.Int("axis", 0)), finding);
}

Verdict SomeElements(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto count = node.input_shape(0).ElementCount();
  if (count && *count >= bounds.lo && *count <= bounds.hi) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kNonZero[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
};
constexpr OnnxConstraint kCompress[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    {Reason::kUnsupportedRank, RankWithin<1>, {1, 1}, "the condition has rank {lo}"},
    {Reason::kValueOutOfRange, CompressAxis, {}, "axis is an axis of the input"},
    {Reason::kShapeMismatch,
     ConditionInside,
     {},
     "the condition is not longer than the axis that it chooses from"},
};

constexpr OnnxConstraint kUnique[] = {
    {Reason::kUnsupportedType, TypeIn<0, kNumericTypes>, {}, "the input is numbers"},
    {Reason::kUnsupportedAttributeValue,
     Flattened,
     {},
     "no axis: the elements of the flattened input"},
    {Reason::kDynamicDimensionUnsupported,
     SomeElements,
     {1, 1 << 24},
     "a static number of {lo} to {hi} elements"},
};

constexpr OnnxRule kRules[] = {
    {"", "NonZero", 9, 13, kNonZero, InferNonZero, TranslateNonZero},
    {"", "Compress", 9, 28, kCompress, InferCompress, TranslateCompress},
    {"", "Unique", 11, 28, kUnique, InferUnique, TranslateUnique},
};

}  // namespace

std::span<const OnnxRule> NonZeroRules() { return kRules; }

}  // namespace smelt::onnx_import
