// Scatters: Scatter, ScatterElements and ScatterND with every reduction.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr std::int64_t kMostPositions = std::int64_t{1} << 24;

std::string Reduction(const OnnxNode& node) { return node.String("reduction", "none"); }

// What is scattered: rows of updates [count, rest..] to rows of data [size, rest..].
struct Rows {
  ValueId data, updates;
  ValueId places;  // i32[count]
};

ValueId TakeRows(Builder& out, ValueId rows, ValueId places) {
  return out.Emit(OpKind::kGather, {rows, places},
                  {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
}

// The last of several updates of one row wins: the row with the highest number among data and
// updates one behind the other.
ValueId Replace(Builder& out, const Rows& rows) {
  const std::int64_t size = out.type(rows.data).shape.dim(0).value();
  const std::int64_t count = out.type(rows.updates).shape.dim(0).value();
  const ir::Attributes join = {{"axis", std::int64_t{0}}};
  const ValueId targets = out.Emit(OpKind::kConcatenation, {Iota(out, size), rows.places}, join);
  const ValueId sources =
      out.Emit(OpKind::kUnsortedSegmentMax,
               {Iota(out, size + count), targets, out.ScalarI32(static_cast<std::int32_t>(size))});
  return TakeRows(out, out.Emit(OpKind::kConcatenation, {rows.data, rows.updates}, join), sources);
}

ValueId Reduced(Builder& out, const Rows& rows, OpKind kind) {
  const auto size = static_cast<std::int32_t>(out.type(rows.data).shape.dim(0).value());
  return out.Emit(kind, {rows.updates, rows.places, out.ScalarI32(size)});
}

// A row without updates gets the least finite number from the kernel, where -inf would be neutral.
ValueId Extreme(Builder& out, const Rows& rows, bool largest) {
  const OpKind kind = largest ? OpKind::kUnsortedSegmentMax : OpKind::kUnsortedSegmentMin;
  const DType dtype = out.type(rows.data).dtype;
  const DType wide = dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype;
  const ValueId data = out.Cast(rows.data, wide);
  const Rows widened{data, out.Cast(rows.updates, wide), rows.places};
  const ValueId found = Reduced(out, widened, kind);
  const ValueId y = largest ? out.Maximum(data, found) : out.Minimum(data, found);
  if (wide != DType::kF32) return y;
  constexpr double kLimit = std::numeric_limits<float>::max();
  const ValueId nothing = out.Emit(largest ? OpKind::kLessEqual : OpKind::kGreaterEqual,
                                   {found, out.Scalar(wide, largest ? -kLimit : kLimit)});
  return out.Cast(out.Emit(OpKind::kSelectV2, {nothing, data, y}), dtype);
}

ValueId ScatterRows(const OnnxNode& node, Builder& out, const Rows& rows) {
  const std::string reduction = Reduction(node);
  if (reduction == "mul") {
    return out.Mul(rows.data, Reduced(out, rows, OpKind::kUnsortedSegmentProd));
  }
  if (reduction == "max" || reduction == "min") return Extreme(out, rows, reduction == "max");
  return Replace(out, rows);
}

// Additions, and replacements at places that only the run tells: two of them in one place are
// undefined by ONNX.
ValueId ScatterTuples(const OnnxNode& node, Builder& out, ValueId data, ValueId tuples,
                      ValueId updates, ValueId shape) {
  tuples = out.Cast(tuples, DType::kI32);
  if (Reduction(node) == "add") {
    return out.Add(data, out.Emit(OpKind::kScatterNd, {tuples, updates, shape}));
  }
  if (!out.status().ok()) return {};
  const DType dtype = out.type(data).dtype;
  const ir::Attributes bits = {{"out_data_type", std::string(ir::DTypeName(DType::kI64))}};
  const bool wide = dtype == DType::kF64 || dtype == DType::kU64;  // moved as their bits
  const ValueId moved = wide ? out.Emit(OpKind::kBitcast, {updates}, bits) : updates;
  ValueId scattered = out.Emit(OpKind::kScatterNd, {tuples, moved, shape});
  if (wide) {
    scattered = out.Emit(OpKind::kBitcast, {scattered},
                         {{"out_data_type", std::string(ir::DTypeName(dtype))}});
  }
  const ValueId yes = out.Scalar(DType::kBool, 1);
  if (!out.status().ok()) return {};
  const Shape places = out.type(updates).shape;
  const ValueId marks =
      places.IsStatic()
          ? out.Const(out.constant(yes)->BroadcastTo(places.Sizes()))
          : out.EmitTyped(
                OpKind::kFill,
                std::vector{out.Emit(OpKind::kShape, {updates}, {{"out_type", std::string("i32")}}),
                            yes},
                {}, {DType::kBool, places});
  const ValueId written = out.Emit(OpKind::kScatterNd, {tuples, marks, shape});
  return out.Emit(OpKind::kSelectV2, {written, scattered, data});
}

// The shape of `x` as i32 operand.
ValueId ShapeOperand(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  const Shape& shape = out.type(x).shape;
  if (!shape.IsStatic()) return out.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
  std::vector<std::int32_t> sizes;
  for (const std::int64_t size : shape.Sizes()) sizes.push_back(static_cast<std::int32_t>(size));
  return out.ConstI32(sizes);
}

bool UsesTuples(const OnnxNode& node) {
  const std::string reduction = Reduction(node);
  return reduction == "add" || (reduction == "none" && node.input_constant(1) == nullptr);
}

// --- ScatterElements: every element of the flattened data is a row. ---

Status TranslateScatterElements(OnnxNode& node, Builder& out) {
  const Shape& shape = node.input_shape(0);
  const int axis = *ir::NormalizeAxis(node.Int("axis", 0), shape.rank());
  const std::int64_t size = *shape.ElementCount();
  const std::int64_t count = *node.input_shape(1).ElementCount();
  if (count == 0) {
    node.SetOutput(0, node.input(0));
    return out.status();
  }
  const ValueId indices = NonNegative(node, out, 1, node.input(0), axis);
  const Rows rows{out.Reshape(node.input(0), Shape{size}), out.Reshape(node.input(2), Shape{count}),
                  ElementPositions(out, indices, shape, axis)};
  const ValueId y =
      UsesTuples(node)
          ? ScatterTuples(node, out, rows.data, out.Reshape(rows.places, Shape{count, 1}),
                          rows.updates, out.ConstI32({static_cast<std::int32_t>(size)}))
          : ScatterRows(node, out, rows);
  node.SetOutput(0, out.Reshape(y, shape));
  return out.status();
}

Verdict ElementsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1) || !node.knows_input(2)) {
    return Verdict::kNotChecked;
  }
  const Shape& data = node.input_shape(0);
  const Shape& indices = node.input_shape(1);
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), data.rank());
  bool fits = data.rank() == indices.rank() && data.rank() > 0 &&
              ir::MayAgree({DType::kF32, node.input_shape(2)}, {DType::kF32, indices});
  for (int i = 0; fits && axis && i < data.rank(); ++i) {
    if (i == *axis || !data.dim(i).is_static() || !indices.dim(i).is_static()) continue;
    fits = indices.dim(i).value() <= data.dim(i).value();
  }
  if (fits) return Verdict::kHolds;
  return Violated(node, 1,
                  node.input_text(1) + " and updates " + node.input_text(2) + " for data of " +
                      node.input_text(0),
                  finding);
}

Verdict FewElements(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1) || !node.knows_input(2)) {
    return Verdict::kNotChecked;
  }
  const auto size = node.input_shape(0).ElementCount();
  const auto count = node.input_shape(1).ElementCount();
  const auto updates = node.input_shape(2).ElementCount();
  if (size && count && count == updates && *size <= INT32_MAX / 2 && *count <= kMostPositions)
    return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0) + " with indices " + node.input_text(1), finding);
}

// --- ScatterND ---

std::optional<int> Depth(const OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1) || node.input_rank(1) < 1) return std::nullopt;
  const Dim depth = node.input_shape(1).dim(node.input_rank(1) - 1);
  if (!depth.is_static() || depth.value() < 1 || depth.value() > node.input_rank(0)) {
    return std::nullopt;
  }
  return static_cast<int>(depth.value());
}

Status TranslateScatterNd(OnnxNode& node, Builder& out) {
  const int depth = *Depth(node);
  const Shape& shape = node.input_shape(0);
  const ValueId data = node.input(0);
  const auto count = node.input_shape(1).ElementCount();
  if (count == 0) {
    node.SetOutput(0, data);
    return out.status();
  }
  const ValueId tuples = NonNegativeRows(node, out, 1, data, 0, depth);
  const bool is_static = shape.IsStatic() && node.input_shape(1).IsStatic();
  if (UsesTuples(node) || (Reduction(node) == "none" && !is_static)) {
    node.SetOutput(0,
                   ScatterTuples(node, out, data, tuples, node.input(2), ShapeOperand(out, data)));
    return out.status();
  }
  const Shape axes(std::vector<Dim>(shape.begin(), shape.begin() + depth));
  Shape rest{*axes.ElementCount()}, updated{*count / depth};
  for (int i = depth; i < shape.rank(); ++i) {
    rest.push_back(shape.dim(i));
    updated.push_back(shape.dim(i));
  }
  const ValueId flat = out.Cast(FlattenRows(out, tuples, axes), DType::kI32);
  const Rows rows{out.Reshape(data, rest), out.Reshape(node.input(2), updated),
                  out.Reshape(flat, Shape{*count / depth})};
  node.SetOutput(0, out.Reshape(ScatterRows(node, out, rows), shape));
  return out.status();
}

Verdict TuplesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1) || !node.knows_input(2)) {
    return Verdict::kNotChecked;
  }
  const auto depth = Depth(node);
  if (depth) {
    const Shape& indices = node.input_shape(1);
    const Shape& data = node.input_shape(0);
    std::vector<Dim> dims(indices.begin(), indices.end() - 1);
    dims.insert(dims.end(), data.begin() + *depth, data.end());
    if (ir::MayAgree({DType::kF32, Shape(dims)}, {DType::kF32, node.input_shape(2)})) {
      return Verdict::kHolds;
    }
  }
  return Violated(node, 1,
                  node.input_text(1) + " and updates " + node.input_text(2) + " for data of " +
                      node.input_text(0),
                  finding);
}

Verdict ReductionStatic(const OnnxNode& node, Bounds, Finding& finding) {
  const auto depth = Depth(node);
  if (!depth) return Verdict::kNotChecked;
  const std::string reduction = Reduction(node);
  if (reduction == "none" || reduction == "add") return Verdict::kHolds;
  const auto size = node.input_shape(0).ElementCount();
  if (size && *size <= INT32_MAX && node.input_shape(1).IsStatic()) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0) + " with indices " + node.input_text(1), finding);
}

Verdict PlacesInside(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto indices = node.input_ints(1);
  if (!indices) return Verdict::kHolds;
  const bool tuples = node.op_type() == "ScatterND";
  const auto depth = tuples ? Depth(node) : std::optional<int>(1);
  const auto first = ir::NormalizeAxis(tuples ? 0 : node.Int("axis", 0), node.input_rank(0));
  if (!depth || !first) return Verdict::kNotChecked;
  for (std::size_t i = 0; i < indices->size(); ++i) {
    const int axis = *first + static_cast<int>(i % static_cast<std::size_t>(*depth));
    const Dim size = node.input_shape(0).dim(axis);
    const std::int64_t index = (*indices)[i];
    if (!size.is_static() || (index >= -size.value() && index < size.value())) continue;
    return Violated(node, 1, "index " + std::to_string(index), finding);
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kData = {
    Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the data are numbers or booleans"};
constexpr OnnxConstraint kTypes = {
    Reason::kTypeMismatch, SameType<0, 2>, {}, "data and updates have one element type"};
constexpr OnnxConstraint kReduction = {
    Reason::kUnsupportedAttributeValue,
    StringAttrIn<"reduction", "none", "add", "mul", "max", "min">,
    {},
    "reduction none, add, mul, max or min"};
constexpr OnnxConstraint kInside = {
    Reason::kValueOutOfRange, PlacesInside, {}, "constant indices lie inside their axes"};

constexpr OnnxConstraint kScatterElements[] = {
    kData,
    kTypes,
    kReduction,
    {Reason::kUnsupportedAttributeValue, AxisAttr<"axis", 0>, {}, "axis is an axis of the data"},
    {Reason::kShapeMismatch,
     ElementsFit,
     {},
     "indices and updates have one shape of the data's rank, 1 or more, no larger than the data "
     "but in the indexed axis"},
    {Reason::kDynamicDimensionUnsupported,
     FewElements,
     {},
     "data, indices and updates have static shapes of at most 2^30 and 2^24 elements"},
    kInside,
};
constexpr OnnxConstraint kScatterNd[] = {
    kData,
    kTypes,
    kReduction,
    {Reason::kShapeMismatch,
     TuplesFit,
     {},
     "the last axis of the indices is static, 1 to the data's rank, and the updates have the shape "
     "that the indices name"},
    {Reason::kDynamicDimensionUnsupported,
     ReductionStatic,
     {},
     "reductions mul, max and min need static shapes of data and indices"},
    kInside,
};

constexpr OnnxRule kRules[] = {
    {"", "Scatter", 9, 9, kScatterElements, SameAsFirst, TranslateScatterElements},
    {"", "ScatterElements", 11, 18, kScatterElements, SameAsFirst, TranslateScatterElements},
    {"", "ScatterND", 11, 18, kScatterNd, SameAsFirst, TranslateScatterNd},
};

}  // namespace

std::span<const OnnxRule> ScatterRules() { return kRules; }

}  // namespace smelt::onnx_import
