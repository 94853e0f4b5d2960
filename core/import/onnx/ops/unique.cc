// Unique: rows in ascending order, and where a new one begins. Without an axis the rows are single
// elements; else what stands at each place of the axis, compared element by element: the rows are
// sorted by each of their elements from the last to the first, equal ones in their old order.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/found_rows.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

enum Results { kValues, kFirstPlaces, kInverse, kCounts };

// The axis whose places are compared; nothing when they are the elements.
std::optional<int> ComparedAxis(const OnnxNode& node) {
  if (!node.has_attr("axis") || node.input_rank(0) == 1) return std::nullopt;
  return ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
}

Status InferUnique(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const Dim found = node.symbols().Fresh("unique elements of " + node.input_name(0));
  Shape values{found};
  Dim all = node.symbols().Product(node.input_shape(0));
  if (const auto axis = ComparedAxis(node)) {
    values = node.input_shape(0);
    all = std::exchange(values.dim(*axis), found);
  }
  node.SetOutputType(kValues, {node.input_dtype(0), std::move(values)});
  for (const auto& [output, size] :
       {std::pair{kFirstPlaces, found}, {kInverse, all}, {kCounts, found}}) {
    if (node.output_count() > output) node.SetOutputType(output, {DType::kI64, Shape{size}});
  }
  return Status::Ok();
}

ValueId Take(Builder& out, ValueId x, ValueId places) { return TakeAlong(out, x, places, 0); }

// A change of the values that reverses their order and is its own inverse.
ValueId Reversed(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  const DType dtype = out.type(x).dtype;
  if (ir::IsFloat(dtype)) return out.Unary(OpKind::kNeg, x);
  return out.Sub(out.Cast(out.Scalar(DType::kI32, -1), dtype), x);
}

// Where the elements of x in ascending order were, equal ones in their old order: i32[size].
ValueId Ascending(Builder& out, ValueId x, ValueId count, Dim size) {
  const auto found = out.EmitMany(OpKind::kTopkV2, std::vector{Reversed(out, x), count});
  if (!out.status().ok()) return {};
  for (const ValueId value : found) out.graph().value(value).type.shape = Shape{size};
  return found[1];
}

// `length` rows of x from `begin` on; -1 as `size`: all that are left.
ValueId Rows(Builder& out, ValueId x, std::int64_t begin, std::int64_t size, Dim length) {
  if (!out.status().ok()) return {};
  Shape shape = out.type(x).shape;
  std::vector<std::int32_t> from(static_cast<std::size_t>(shape.rank()), 0);
  std::vector<std::int32_t> sizes(from.size(), -1);
  from[0] = static_cast<std::int32_t>(begin);
  sizes[0] = static_cast<std::int32_t>(size);
  shape.dim(0) = length;
  return out.EmitTyped(OpKind::kSlice, std::vector{x, out.ConstI32(from), out.ConstI32(sizes)}, {},
                       {out.type(x).dtype, shape});
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

class Uniques {
 public:
  Uniques(OnnxNode& node, Builder& out)
      : node_(node), out_(out), axis_(ComparedAxis(node)), shape_(node.input_shape(0)) {
    const std::int64_t all = *shape_.ElementCount();
    size_ = axis_ ? shape_.dim(*axis_).value() : all;
    width_ = all / size_;
  }

  Status Run() {
    const Dim found = node_.output_type(kValues)->shape.dim(axis_.value_or(0));
    const ValueId count = out_.ScalarI32(static_cast<std::int32_t>(size_));
    const ValueId rows = AsRows();
    const ValueId order = OrderOf(rows, count);
    const ValueId sorted = Take(out_, rows, order);
    const ValueId begins = Begins(sorted);
    SMELT_RETURN_IF_ERROR(out_.status());
    const ValueId starts = out_.Reshape(FoundRows(out_, begins, found), Shape{found});
    const ValueId end = out_.ConstI64(std::vector<std::int64_t>{size_});
    const Dim others = node_.symbols().Fresh("further unique elements of " + node_.input_name(0));
    ValueId counts = out_.Sub(Behind(out_, Rows(out_, starts, 1, -1, others), end, found), starts);
    ValueId values = Take(out_, sorted, starts);
    ValueId places = Take(out_, order, starts);
    ValueId groups =
        out_.Sub(out_.Emit(OpKind::kCumsum, {out_.Cast(begins, DType::kI32), out_.ScalarI32(0)}),
                 out_.ScalarI32(1));
    if (node_.Int("sorted", 1) == 0) {  // by first occurrence
      const ValueId shape = out_.Emit(OpKind::kShape, {places}, {{"out_type", std::string("i32")}});
      const ValueId number = out_.Reshape(shape, Shape{});
      const ValueId first = Ascending(out_, places, number, found);
      const std::vector<ValueId> range = {out_.ScalarI32(0), number, out_.ScalarI32(1)};
      const ValueId numbers =
          out_.EmitTyped(OpKind::kRange, range, {}, {DType::kI32, Shape{found}});
      groups = Take(out_, Scattered(out_, first, numbers, shape, found), groups);
      values = Take(out_, values, first);
      places = Take(out_, places, first);
      counts = Take(out_, counts, first);
    }
    const ValueId inverse =
        Scattered(out_, order, groups, out_.Reshape(count, Shape{1}), Dim(size_));
    const ValueId all[] = {FromRows(values), out_.Cast(places, DType::kI64),
                           out_.Cast(inverse, DType::kI64), counts};
    for (int i = 0; i < node_.output_count(); ++i) {
      if (node_.has_output(i)) node_.SetOutput(i, all[i]);
    }
    return out_.status();
  }

 private:
  // The compared axis first: [axis, the others in order].
  std::vector<int> AxisFirst() const {
    std::vector<int> order = {*axis_};
    for (int i = 0; i < shape_.rank(); ++i) {
      if (i != *axis_) order.push_back(i);
    }
    return order;
  }

  // (size, width), or (size) of single elements.
  ValueId AsRows() {
    if (!axis_) return out_.Reshape(node_.input(0), Shape{size_});
    return out_.Reshape(out_.Transpose(node_.input(0), AxisFirst()), Shape{size_, width_});
  }

  ValueId FromRows(ValueId rows) {
    if (!axis_ || !out_.status().ok()) return rows;
    const std::vector<int> order = AxisFirst();
    Shape shape{out_.type(rows).shape.dim(0)};
    std::vector<int> back(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0) shape.push_back(shape_.dim(order[i]));
      back[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    }
    return out_.Transpose(out_.Reshape(rows, shape), back);
  }

  ValueId OrderOf(ValueId rows, ValueId count) {
    if (!axis_) return Ascending(out_, rows, count, Dim(size_));
    ValueId order;
    for (std::int64_t k = width_ - 1; k >= 0 && out_.status().ok(); --k) {
      const ValueId column = out_.Reshape(
          out_.Emit(OpKind::kSlice, {rows, out_.ConstI32({0, static_cast<std::int32_t>(k)}),
                                     out_.ConstI32({-1, 1})}),
          Shape{size_});
      const ValueId keys = order.valid() ? Take(out_, column, order) : column;
      const ValueId next = Ascending(out_, keys, count, Dim(size_));
      order = order.valid() ? Take(out_, order, next) : next;
    }
    return order;
  }

  // bool[size]: the sorted row is not the one before it.
  ValueId Begins(ValueId sorted) {
    const ValueId first = out_.Reshape(out_.Scalar(DType::kBool, 1), Shape{1});
    if (size_ == 1) return first;
    const Dim rest(size_ - 1);
    ValueId changes = out_.Emit(OpKind::kNotEqual, {Rows(out_, sorted, 1, size_ - 1, rest),
                                                    Rows(out_, sorted, 0, size_ - 1, rest)});
    if (axis_) {
      changes =
          out_.Emit(OpKind::kReduceAny, {changes, out_.ConstI32({1})}, {{"keep_dims", false}});
    }
    return Behind(out_, first, changes, Dim(size_));
  }

  OnnxNode& node_;
  Builder& out_;
  std::optional<int> axis_;
  Shape shape_;
  std::int64_t size_ = 0;   // rows
  std::int64_t width_ = 0;  // elements of one
};

Status TranslateUnique(OnnxNode& node, Builder& out) { return Uniques(node, out).Run(); }

Verdict AxisFits(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.has_attr("axis")) return Verdict::kHolds;
  const Verdict fits = CheckAxisAttr(node, "axis", 0, 0, 0, finding);
  if (fits != Verdict::kHolds) return fits;
  const auto axis = ComparedAxis(node);
  const auto all = node.input_shape(0).ElementCount();
  if (!axis || !all) return Verdict::kHolds;
  const std::int64_t size = node.input_shape(0).dim(*axis).value();
  if (size == 0 || *all / size <= bounds.hi) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0) + " along axis " + std::to_string(*axis), finding);
}

Verdict SomeElements(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto count = node.input_shape(0).ElementCount();
  if (count && *count >= bounds.lo && *count <= bounds.hi) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kUnique[] = {
    {Reason::kUnsupportedType, TypeIn<0, kNumericTypes>, {}, "the input is numbers"},
    {Reason::kUnsupportedAttributeValue,
     AxisFits,
     {1, 64},
     "no axis, or one of the input, with at most {hi} elements at each of its places"},
    {Reason::kDynamicDimensionUnsupported,
     SomeElements,
     {1, 1 << 24},
     "a static number of {lo} to {hi} elements"},
};

constexpr OnnxRule kRules[] = {
    {"", "Unique", 11, 28, kUnique, InferUnique, TranslateUnique},
};

}  // namespace

std::span<const OnnxRule> UniqueRules() { return kRules; }

}  // namespace smelt::onnx_import
