// Operators that keep the elements and their order: Reshape, Flatten, Squeeze, Unsqueeze.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/fused_attention.h"
#include "core/import/onnx/ops/indices.h"
#include "core/import/onnx/ops/partial_target.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// Shape arithmetic goes on through tables: pads are turned round as pairs.
void KeepDims(OnnxNode& node) {
  if (!node.output_type(0) || node.output_type(0)->shape.rank() > 2) return;
  if (auto dims = node.input_elements(0)) node.SetOutputDims(0, *std::move(dims));
}

constexpr std::int64_t kMostAxes = 64;

// The result has its inferred shape; every symbolic dimension of it is one of the input's.
Status TranslateToInferred(OnnxNode& node, Builder& out) {
  node.SetOutput(0, out.Reshape(node.input(0), node.output_type(0)->shape));
  return out.status();
}

// --- Reshape ---

bool CopiesZeros(const OnnxNode& node) { return node.Int("allowzero", 0) == 0; }

// Resolves 0 (copy) and -1 (the rest); nothing when the target contradicts the input.
std::optional<Shape> ResolveTarget(OnnxNode& node, const DimValues& target) {
  ir::SymbolTable& symbols = node.symbols();
  const Shape& x = node.input_shape(0);
  Shape shape;
  int rest = -1;
  Dim known(1);
  for (std::size_t i = 0; i < target.size(); ++i) {
    Dim dim = target[i];
    const auto number = IntFromDim(symbols, dim);
    if (number == 0 && CopiesZeros(node)) {
      if (static_cast<int>(i) >= x.rank()) return std::nullopt;
      dim = x.dim(static_cast<int>(i));
    } else if (number == -1) {
      if (rest >= 0) return std::nullopt;
      rest = static_cast<int>(i);
      dim = Dim(1);
    } else if (number && *number < 0) {
      return std::nullopt;
    }
    known = symbols.Mul(known, dim);
    shape.push_back(dim);
  }
  const Dim total = symbols.Product(x);
  if (rest >= 0) {
    if (known == Dim(0)) return std::nullopt;
    shape.dim(rest) = symbols.FloorDiv(total, known);
    known = symbols.Mul(known, shape.dim(rest));
  }
  const bool contradicts = total.is_static() && known.is_static() && total != known;
  if (contradicts) return std::nullopt;
  return shape;
}

// The target is an attribute in version 1, then an input.
bool HasTarget(const OnnxNode& node) {
  if (node.schema_version() == 1) return node.has_attr("shape");
  return node.knows_input(1) && node.input_rank(1) == 1;
}

std::optional<DimValues> Target(const OnnxNode& node) {
  if (node.schema_version() != 1) return node.input_dims(1);
  DimValues target;
  const auto stated = node.Ints("shape");
  for (const std::int64_t size : stated.value_or(std::vector<std::int64_t>{})) {
    target.push_back(DimFromInt(node.symbols(), size));
  }
  return target;
}

Status InferReshape(OnnxNode& node) {
  if (!node.knows_input(0) || !HasTarget(node)) return Status::Ok();
  if (const auto target = Target(node)) {
    if (auto shape = ResolveTarget(node, *target)) {
      node.SetOutputType(0, {node.input_dtype(0), *std::move(shape)});
      KeepDims(node);
    }
    return Status::Ok();
  }
  const Dim length = node.input_shape(1).dim(0);
  if (!length.is_static() || length.value() > kMostAxes) return Status::Ok();
  node.SetOutputType(0,
                     {node.input_dtype(0), PartOfTarget(node, length.value(), CopiesZeros(node))});
  return Status::Ok();
}

// The target computed at run time, with its zeros replaced by the input's dimensions.
ValueId RunTimeTarget(OnnxNode& node, Builder& out) {
  const ValueId target = out.Cast(node.input(1), DType::kI32);
  if (!CopiesZeros(node)) return target;
  const auto length = static_cast<std::int32_t>(node.input_shape(1).dim(0).value());
  const int rank = node.input_rank(0);
  ValueId dims = out.Emit(OpKind::kShape, {node.input(0)}, {{"out_type", std::string("i32")}});
  if (length < rank) {
    dims = out.Emit(OpKind::kSlice, {dims, out.ConstI32({0}), out.ConstI32({length})});
  } else if (length > rank) {
    const std::vector<std::int32_t> zeros(static_cast<std::size_t>(length - rank), 0);
    dims =
        out.Emit(OpKind::kConcatenation, {dims, out.ConstI32(zeros)},
                 {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
  }
  const ValueId copies = out.Emit(OpKind::kEqual, {target, out.ScalarI32(0)});
  return out.Emit(OpKind::kSelectV2, {copies, dims, target});
}

Status TranslateReshape(OnnxNode& node, Builder& out) {
  const ir::TensorType& type = *node.output_type(0);
  const auto symbolic =
      std::count_if(type.shape.begin(), type.shape.end(), [](Dim dim) { return !dim.is_static(); });
  const auto zero = std::count(type.shape.begin(), type.shape.end(), Dim(0));
  if (symbolic == 0 || (symbolic == 1 && zero == 0 && Target(node))) {
    return TranslateToInferred(node, out);
  }
  node.SetOutput(0, out.EmitTyped(OpKind::kReshape,
                                  std::vector{node.input(0), RunTimeTarget(node, out)}, {}, type));
  return out.status();
}

Verdict TargetFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !HasTarget(node)) return Verdict::kNotChecked;
  const auto target = Target(node);
  if (!target || node.output_type(0)) return Verdict::kHolds;
  std::string text;
  for (Dim dim : *target) {
    const auto number = IntFromDim(node.symbols(), dim);
    text +=
        (text.empty() ? "" : ",") + (number ? std::to_string(*number) : node.symbols().Text(dim));
  }
  return Contradicted(node, 0, node.input_text(0) + " to [" + text + "]", finding);
}

Verdict TargetLengthKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(1) || node.input_rank(1) != 1) return Verdict::kNotChecked;
  if (node.input_shape(1).dim(0).is_static()) return Verdict::kHolds;
  return Violated(node, 1, "a shape of unknown length", finding);
}

Verdict TargetIsGiven(const OnnxNode& node, Bounds, Finding& finding) {
  return HasTarget(node) ? Verdict::kHolds : Violated("no shape", finding);
}

// --- Flatten ---

Status InferFlatten(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const Shape& x = node.input_shape(0);
  std::int64_t axis = node.Int("axis", 1);
  if (axis < 0) axis += x.rank();
  if (axis < 0 || axis > x.rank()) return Status::Ok();
  Shape sides{Dim(1), Dim(1)};
  for (int i = 0; i < x.rank(); ++i) {
    Dim& side = sides.dim(i < axis ? 0 : 1);
    side = node.symbols().Mul(side, x.dim(i));
  }
  node.SetOutputType(0, {node.input_dtype(0), sides});
  return Status::Ok();
}

// --- Squeeze and Unsqueeze: axes are an attribute until opset 12, then an input. ---

std::optional<std::vector<std::int64_t>> Axes(const OnnxNode& node) {
  return node.schema_version() < 13 ? node.Ints("axes") : node.input_ints(1);
}
bool NamesAxes(const OnnxNode& node) {
  return node.schema_version() < 13 ? node.has_attr("axes") : node.has_input(1);
}

// Which of `rank` axes are named; nothing when one is out of range or named twice.
std::optional<std::vector<bool>> MarkAxes(const std::vector<std::int64_t>& axes, int rank) {
  std::vector<bool> marked(static_cast<std::size_t>(rank), false);
  for (std::int64_t raw : axes) {
    const auto axis = ir::NormalizeAxis(raw, rank);
    if (!axis || marked[static_cast<std::size_t>(*axis)]) return std::nullopt;
    marked[static_cast<std::size_t>(*axis)] = true;
  }
  return marked;
}

std::optional<Shape> SqueezedShape(const OnnxNode& node) {
  const Shape& x = node.input_shape(0);
  std::vector<bool> removed(static_cast<std::size_t>(x.rank()), false);
  if (NamesAxes(node)) {
    const auto axes = Axes(node);
    const auto marked = axes ? MarkAxes(*axes, x.rank()) : std::nullopt;
    if (!marked) return std::nullopt;
    removed = *marked;
  }
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    const Dim dim = x.dim(i);
    if (!NamesAxes(node)) {
      if (!dim.is_static()) return std::nullopt;
      if (dim != Dim(1)) shape.push_back(dim);
    } else if (!removed[static_cast<std::size_t>(i)]) {
      shape.push_back(dim);
    } else if (dim.is_static() && dim != Dim(1)) {
      return std::nullopt;
    }
  }
  return shape;
}

std::optional<Shape> UnsqueezedShape(const OnnxNode& node) {
  const auto axes = Axes(node);
  if (!axes) return std::nullopt;
  const Shape& x = node.input_shape(0);
  const int rank = x.rank() + static_cast<int>(axes->size());
  const auto added = MarkAxes(*axes, rank);
  if (!added) return std::nullopt;
  Shape shape;
  int from = 0;
  for (bool is_new : *added) shape.push_back(is_new ? Dim(1) : x.dim(from++));
  return shape;
}

bool AxesAreComputed(const OnnxNode& node) { return NamesAxes(node) && !Axes(node); }

// The result's rank under computed axes: as many axes come or go as are named.
std::optional<std::int64_t> ComputedRank(const OnnxNode& node) {
  if (!node.knows_input(1)) return std::nullopt;
  const auto count = node.input_shape(1).ElementCount();
  if (!count || *count > kMostAxes) return std::nullopt;
  const std::int64_t rank = node.input_rank(0) + (node.op_type() == "Squeeze" ? -*count : *count);
  return rank >= 0 ? std::optional(rank) : std::nullopt;
}

template <std::optional<Shape> (*kShapeOf)(const OnnxNode&)>
Status InferAxes(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  if (auto shape = kShapeOf(node)) {
    node.SetOutputType(0, {node.input_dtype(0), *std::move(shape)});
    KeepDims(node);
  } else if (AxesAreComputed(node)) {
    if (const auto rank = ComputedRank(node)) {
      node.SetOutputType(0, {node.input_dtype(0), FreshShape(node, *rank)});
    }
  }
  return Status::Ok();
}

// The sizes of the axes that are not named.
ValueId SqueezedSizes(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  const ValueId table = AxisTable(out, FrontAxes(out, node.input(1), rank), rank);
  const ValueId stays = out.Unary(OpKind::kLogicalNot, NamedAxes(out, table));
  const ValueId places = out.Emit(OpKind::kWhere, {stays});
  const Dim count(node.output_type(0)->shape.rank());
  return TakeAlong(out, SizesOf(out, node.input(0)), out.Reshape(places, Shape{count}), 0);
}

// The input's sizes in order, with a 1 at each axis that is named.
ValueId UnsqueezedSizes(OnnxNode& node, Builder& out) {
  const int rank = node.output_type(0)->shape.rank();
  const ValueId table = AxisTable(out, FrontAxes(out, node.input(1), rank), rank);
  const ValueId is_new = NamedAxes(out, table);
  const ValueId is_old = out.Cast(out.Unary(OpKind::kLogicalNot, is_new), DType::kI32);
  // The one follows the sizes; each axis takes the next size or that one.
  const ValueId next = out.Emit(OpKind::kCumsum, {is_old, out.ScalarI32(0)},
                                {{"exclusive", true}, {"reverse", false}});
  const ValueId places =
      out.Emit(OpKind::kSelectV2, {is_new, out.ScalarI32(node.input_rank(0)), next});
  const ValueId one = out.ConstI32({1});
  return TakeAlong(out, JoinRows(out, {SizesOf(out, node.input(0)), one}), places, 0);
}

template <ValueId (*kSizes)(OnnxNode&, Builder&)>
Status TranslateAxes(OnnxNode& node, Builder& out) {
  if (!AxesAreComputed(node)) return TranslateToInferred(node, out);
  if (node.output_type(0)->shape.rank() == 0) {
    node.SetOutput(0, out.Reshape(node.input(0), Shape{}));
    return out.status();
  }
  const std::vector<ValueId> operands = {node.input(0), kSizes(node, out)};
  node.SetOutput(0, out.EmitTyped(OpKind::kReshape, operands, {}, *node.output_type(0)));
  return out.status();
}

// Axes of a size that only the run tells are cut to their first element: in a branch that is not
// taken they may have more, and the runtime prepares both.
Status TranslateSqueeze(OnnxNode& node, Builder& out) {
  const auto axes = NamesAxes(node) ? Axes(node) : std::nullopt;
  if (!axes) return TranslateAxes<SqueezedSizes>(node, out);
  ValueId x = node.input(0);
  for (const std::int64_t one : *axes) {
    const int axis = *ir::NormalizeAxis(one, node.input_rank(0));
    if (!node.input_shape(0).dim(axis).is_static()) x = PartOfAxis(out, x, axis, 0, 1);
  }
  node.SetOutput(0, out.Reshape(x, node.output_type(0)->shape));
  return out.status();
}

Verdict AxesAreCounted(const OnnxNode& node, Bounds, Finding& finding) {
  if (!AxesAreComputed(node)) return Verdict::kHolds;
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  if (ComputedRank(node)) return Verdict::kHolds;
  return Violated(node, 1, "axes computed at run time", finding);
}

Verdict AxesAreGiven(const OnnxNode& node, Bounds, Finding& finding) {
  return NamesAxes(node) ? Verdict::kHolds : Violated("no axes", finding);
}

// Without axes every dimension of 1 goes: which ones are must be known.
Verdict OnesAreKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (NamesAxes(node)) return Verdict::kHolds;
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (node.input_shape(0).IsStatic()) return Verdict::kHolds;
  return Violated(node, 0, "no axes for " + node.input_text(0), finding);
}

Verdict AxesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (node.output_type(0) || !NamesAxes(node) || AxesAreComputed(node)) return Verdict::kHolds;
  std::string text;
  const auto axes = Axes(node);
  for (std::int64_t axis : *axes) text += (text.empty() ? "" : ",") + std::to_string(axis);
  text = "axes [" + text + "] of " + node.input_text(0);
  const std::set<std::int64_t> once(axes->begin(), axes->end());
  const bool repeats = once.size() != axes->size() || once.empty() ||
                       (*once.begin() < 0 && *once.rbegin() >= 0);  // maybe, counted from the end
  return repeats ? Violated(node, 0, std::move(text), finding)      // which runtimes may pass over
                 : Contradicted(node, 0, std::move(text), finding);
}

Verdict FlattenAxisFits(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckAxisAttr(node, "axis", 1, 0, 1, finding);
}

constexpr OnnxConstraint kTarget = {
    Reason::kShapeMismatch,
    TargetFits,
    {},
    "the target has as many elements as the input, one -1 at most, no other negative"};
constexpr OnnxConstraint kReshape1[] = {
    {Reason::kMissingAttribute, TargetIsGiven, {}, "the target shape is given"},
    kTarget,
};
constexpr OnnxConstraint kReshape5[] = {
    {Reason::kUnsupportedRank, RankWithin<1>, {1, 1}, "the target shape has rank {lo}"},
    {Reason::kUnknownRank, TargetLengthKnown, {}, "the length of the target shape is known"},
    kTarget,
};
constexpr OnnxConstraint kFlatten[] = {
    {Reason::kUnsupportedAttributeValue, FlattenAxisFits, {}, "axis is between -rank and rank"},
};
constexpr OnnxConstraint kCounted = {
    Reason::kUnknownRank, AxesAreCounted, {}, "the number of axes is known"};
constexpr OnnxConstraint kSqueeze[] = {
    kCounted,
    {Reason::kDynamicDimensionUnsupported,
     OnesAreKnown,
     {},
     "without axes every dimension is static"},
    {Reason::kShapeMismatch, AxesFit, {}, "each axis is one of the input's, of size 1, named once"},
};
constexpr OnnxConstraint kUnsqueeze[] = {
    {Reason::kMissingInput, AxesAreGiven, {}, "the axes are given"},
    kCounted,
    {Reason::kShapeMismatch, AxesFit, {}, "each axis is one of the result's, named once"},
};

constexpr OnnxRule kRules[] = {
    {"", "Flatten", 1, 25, kFlatten, InferFlatten, TranslateToInferred},
    {"", "Reshape", 1, 1, kReshape1, InferReshape, TranslateReshape},
    {"", "Reshape", 5, 25, kReshape5, InferReshape, TranslateReshape},
    {"", "Squeeze", 1, 25, kSqueeze, InferAxes<SqueezedShape>, TranslateSqueeze},
    {"", "Unsqueeze", 1, 25, kUnsqueeze, InferAxes<UnsqueezedShape>,
     TranslateAxes<UnsqueezedSizes>},
};

}  // namespace

std::span<const OnnxRule> ReshapeRules() { return kRules; }

}  // namespace smelt::onnx_import
