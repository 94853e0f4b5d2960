// Scatters: Scatter, ScatterElements and ScatterND with every reduction.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/indices.h"
#include "core/import/onnx/ops/repeated_indices.h"
#include "core/import/onnx/ops/scattered_slice.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

constexpr std::int64_t kMostElements = std::int64_t{1} << 30;

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

ValueId CountOf(Builder& out, ValueId rows) { return SizeOf(out, rows, 0, DType::kI32); }

// The last of several updates of one row wins: the row with the highest number among data and
// updates one behind the other.
ValueId Replace(Builder& out, const Rows& rows) {
  const ir::Attributes join = {{"axis", std::int64_t{0}}};
  const ValueId all = out.Emit(OpKind::kConcatenation, {rows.data, rows.updates}, join);
  const ValueId targets =
      out.Emit(OpKind::kConcatenation, {PlacesAlong(out, rows.data, 0), rows.places}, join);
  const ValueId sources = out.Emit(OpKind::kUnsortedSegmentMax,
                                   {PlacesAlong(out, all, 0), targets, CountOf(out, rows.data)});
  return TakeRows(out, all, sources);
}

ValueId Reduced(Builder& out, const Rows& rows, OpKind kind) {
  if (!out.status().ok()) return {};
  const ValueId operands[] = {rows.updates, rows.places, CountOf(out, rows.data)};
  return out.EmitTyped(kind, operands, {},
                       {out.type(rows.updates).dtype, out.type(rows.data).shape});
}

// The updates, but zeros for those that a later one of the same place overwrites: sums of what is
// left then replace. Models come with several in one place, which ONNX leaves undefined; engines
// take the last.
ValueId LastOnes(Builder& out, const Rows& rows) {
  if (!out.status().ok()) return {};
  const ValueId numbers = PlacesAlong(out, rows.places, 0);
  const ValueId operands[] = {numbers, rows.places, CountOf(out, rows.data)};
  const ValueId last = out.EmitTyped(OpKind::kUnsortedSegmentMax, operands, {},
                                     {DType::kI32, {out.type(rows.data).shape.dim(0)}});
  const ValueId stays = out.Emit(OpKind::kEqual, {TakeRows(out, last, rows.places), numbers});
  if (!out.status().ok()) return {};
  const TensorType type = out.type(rows.updates);
  Shape column{type.shape.dim(0)};
  for (int i = 1; i < type.shape.rank(); ++i) column.push_back(Dim(1));
  return out.Emit(OpKind::kSelectV2,
                  {out.Reshape(stays, column), rows.updates, out.Scalar(type.dtype, 0)});
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
                      ValueId updates) {
  tuples = out.Cast(tuples, DType::kI32);
  const ValueId shape = SizesOf(out, data);
  if (!out.status().ok()) return {};
  const TensorType type = out.type(data);
  const auto scatter = [&](ValueId rows) {
    if (!out.status().ok()) return ValueId{};
    return out.EmitTyped(OpKind::kScatterNd, std::vector{tuples, rows, shape}, {},
                         {out.type(rows).dtype, type.shape});
  };
  if (Reduction(node) == "add") return out.Add(data, scatter(updates));
  const DType dtype = type.dtype;
  const ir::Attributes bits = {{"out_data_type", std::string(ir::DTypeName(DType::kI64))}};
  const bool wide = dtype == DType::kF64 || dtype == DType::kU64;  // moved as their bits
  const ValueId moved = wide ? out.Emit(OpKind::kBitcast, {updates}, bits) : updates;
  ValueId scattered = scatter(moved);
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
  const ValueId written = scatter(marks);
  return out.Emit(OpKind::kSelectV2, {written, scattered, data});
}

bool UsesTuples(const OnnxNode& node) {
  const std::string reduction = Reduction(node);
  return reduction == "add" || (reduction == "none" && node.input_constant(1) == nullptr);
}

// --- ScatterElements ---

// Every element of the flattened data is a row.
Rows SingleElements(OnnxNode& node, Builder& out, int axis) {
  const ValueId data = node.input(0);
  const int rank = node.input_rank(0);
  const ValueId indices = NonNegative(out, node.input(1), data, axis);
  return {MergeAxes(out, data, 0, rank), MergeAxes(out, node.input(2), 0, rank),
          ElementPositions(out, indices, data, axis)};
}

// Rows of the data as they are, where one index serves a whole row of the updates.
std::optional<Rows> WholeRows(OnnxNode& node, Builder& out, int axis) {
  const Shape& data = node.input_shape(0);
  const Shape& updates = node.input_shape(2);
  const bool same = std::equal(data.begin() + 1, data.end(), updates.begin() + 1, updates.end());
  if (axis != 0 || data.rank() == 1 || !same) return std::nullopt;
  const auto indices = RepeatedRows(node.graph(), node.input(1), updates.dim(0));
  if (!indices) return std::nullopt;
  const ValueId places = out.Cast(NonNegative(out, *indices, node.input(0), 0), DType::kI32);
  return Rows{node.input(0), node.input(2), out.Reshape(places, Shape{updates.dim(0)})};
}

Status TranslateScatterElements(OnnxNode& node, Builder& out) {
  const int axis = *ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  const ValueId data = node.input(0);
  if (node.input_shape(1).ElementCount() == 0) {
    node.SetOutput(0, data);
    return out.status();
  }
  if (const auto slice = FindScatteredSlice(node, axis)) {
    node.SetOutput(0, ScatterSlice(out, *slice, Reduction(node)));
    return out.status();
  }
  const auto whole = WholeRows(node, out, axis);
  const Rows rows = whole ? *whole : SingleElements(node, out, axis);
  if (!out.status().ok()) return out.status();
  const std::string reduction = Reduction(node);
  const bool known = node.input_constant(1) != nullptr && out.type(rows.data).shape.IsStatic();
  const bool adds = reduction == "add";
  const ValueId y = adds || (reduction == "none" && !known)
                        ? ScatterTuples(node, out, rows.data, MergeAxes(out, rows.places, 1, 0),
                                        adds ? rows.updates : LastOnes(out, rows))
                        : ScatterRows(node, out, rows);
  node.SetOutput(0, ReshapeLike(out, y, data));
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
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const auto size = node.input_shape(0).ElementCount().value_or(0);
  const auto count = node.input_shape(1).ElementCount().value_or(0);
  if (size <= kMostElements && count <= kMostElements) return Verdict::kHolds;
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
  const ValueId data = node.input(0);
  if (node.input_shape(1).ElementCount() == 0) {
    node.SetOutput(0, data);
    return out.status();
  }
  const ValueId tuples = NonNegativeRows(node, out, 1, data, 0, depth);
  const bool is_static = node.input_shape(0).IsStatic() && node.input_shape(1).IsStatic();
  if (UsesTuples(node) || (Reduction(node) == "none" && !is_static)) {
    node.SetOutput(0, ScatterTuples(node, out, data, tuples, node.input(2)));
    return out.status();
  }
  const int outer = node.input_rank(1) - 1;
  const ValueId places = out.Cast(FlattenRows(out, tuples, data, 0, depth), DType::kI32);
  const Rows rows{MergeAxes(out, data, 0, depth), MergeAxes(out, node.input(2), 0, outer),
                  MergeAxes(out, places, 0, outer)};
  node.SetOutput(0, ReshapeLike(out, ScatterRows(node, out, rows), data));
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
    Dims dims(indices.begin(), indices.end() - 1);
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

constexpr OnnxConstraint kFew = {
    Reason::kTensorTooLarge, FewElements, {}, "data and indices of at most 2^30 elements"};

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
    kFew,
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
    kFew,
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
