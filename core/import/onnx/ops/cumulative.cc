// Running sums and products: CumSum, CumProd.
#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status TranslateCumSum(OnnxNode& node, Builder& out) {
  const auto known = node.input_ints(1);
  const ValueId axis = known ? out.ScalarI32(*ir::NormalizeAxis(known->front(), node.input_rank(0)))
                             : out.Cast(out.Reshape(node.input(1), Shape{}), DType::kI32);
  node.SetOutput(0, out.Emit(OpKind::kCumsum, {node.input(0), axis},
                             {{"exclusive", node.Int("exclusive", 0) != 0},
                              {"reverse", node.Int("reverse", 0) != 0}}));
  return out.status();
}

// x moved by `by` along `axis`, away from the start (`reverse`: from the end), with ones behind it.
ValueId Shifted(Builder& out, ValueId x, int axis, std::int64_t by, bool reverse) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  std::vector<std::int32_t> pads(static_cast<std::size_t>(2 * shape.rank()), 0);
  std::vector<std::int32_t> begin(static_cast<std::size_t>(shape.rank()), 0);
  std::vector<std::int32_t> size(static_cast<std::size_t>(shape.rank()), -1);
  pads[static_cast<std::size_t>(2 * axis + (reverse ? 1 : 0))] = static_cast<std::int32_t>(by);
  begin[static_cast<std::size_t>(axis)] = reverse ? static_cast<std::int32_t>(by) : 0;
  size[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(shape.dim(axis).value());
  const ValueId table = out.Const(
      ir::Constant::FromValues<std::int32_t>(DType::kI32, {shape.rank(), 2}, std::span(pads)));
  const ValueId padded = out.Emit(OpKind::kPadv2, {x, table, out.Scalar(out.type(x).dtype, 1)});
  return out.Emit(OpKind::kSlice, {padded, out.ConstI32(begin), out.ConstI32(size)});
}

// Each round doubles how many elements a product reaches back.
ValueId ProductsAlong(OnnxNode& node, Builder& out, int axis) {
  const bool reverse = node.Int("reverse", 0) != 0;
  const std::int64_t length = node.input_shape(0).dim(axis).value();
  ValueId x = node.input(0);
  if (node.Int("exclusive", 0) != 0 && length > 0) x = Shifted(out, x, axis, 1, reverse);
  for (std::int64_t reach = 1; reach < length; reach *= 2) {
    x = out.Mul(x, Shifted(out, x, axis, reach, reverse));
  }
  return x;
}

// Of an axis that only the run tells, the products along each axis are candidates.
Status TranslateCumProd(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  if (const auto known = node.input_ints(1)) {
    node.SetOutput(0, ProductsAlong(node, out, *ir::NormalizeAxis(known->front(), rank)));
    return out.status();
  }
  const ValueId stated = out.Cast(out.Reshape(node.input(1), Shape{}), DType::kI32);
  const ValueId axis = out.Emit(OpKind::kFloorMod, {stated, out.ScalarI32(rank)});
  ValueId y = ProductsAlong(node, out, 0);
  for (int i = 1; i < rank; ++i) {
    const ValueId chosen = out.Emit(OpKind::kEqual, {axis, out.ScalarI32(i)});
    y = out.Emit(OpKind::kSelectV2, {chosen, ProductsAlong(node, out, i), y});
  }
  node.SetOutput(0, y);
  return out.status();
}

Verdict OneAxis(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  if (node.input_shape(1).ElementCount() != 1) {
    return Violated(node, 1, node.input_text(1), finding);
  }
  const auto axis = node.input_ints(1);
  if (!axis || ir::NormalizeAxis(axis->front(), node.input_rank(0))) return Verdict::kHolds;
  return Violated(node, 1, "axis " + std::to_string(axis->front()), finding);
}

Verdict LengthKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto value = node.input_ints(1);
  if (!value && node.input_rank(0) <= 3 && node.input_shape(0).IsStatic()) return Verdict::kHolds;
  if (value && value->size() == 1) {
    const auto axis = ir::NormalizeAxis(value->front(), node.input_rank(0));
    if (axis && node.input_shape(0).dim(*axis).is_static()) return Verdict::kHolds;
  }
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kRank = {
    Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"};
constexpr OnnxConstraint kOneAxis = {
    Reason::kValueOutOfRange, OneAxis, {}, "axis is one number and an axis of the input"};

constexpr OnnxConstraint kCumSum[] = {
    {Reason::kUnsupportedType, TypeIn<0, kNumericTypes>, {}, "the input is numbers"},
    kRank,
    kOneAxis,
};
constexpr OnnxConstraint kCumProd[] = {
    {Reason::kUnsupportedType, TypeIn<0, kNumericTypes>, {}, "the input is numbers"},
    kRank,
    kOneAxis,
    {Reason::kDynamicDimensionUnsupported,
     LengthKnown,
     {},
     "the axis is constant and its size static, or the whole shape is static and of rank 3 at "
     "most"},
};

constexpr OnnxRule kRules[] = {
    {"", "CumSum", 11, 14, kCumSum, SameAsFirst, TranslateCumSum},
    {"", "CumProd", 26, 26, kCumProd, SameAsFirst, TranslateCumProd},
};

}  // namespace

std::span<const OnnxRule> CumulativeRules() { return kRules; }

}  // namespace smelt::onnx_import
