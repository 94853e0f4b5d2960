// Reductions over axes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/reduced_shape.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;
using Ints = std::vector<std::int64_t>;

// --- Axes: an attribute first, an input since opset 13 (ReduceSum) or 18 (the others). ---

bool AxesAreInput(const OnnxNode& node) {
  return node.schema_version() >= (node.op_type() == "ReduceSum" ? 13 : 18);
}
bool NamesAxes(const OnnxNode& node) {
  return AxesAreInput(node) ? node.has_input(1) : node.has_attr("axes");
}

// An empty operand states no axes, whoever computes it.
std::optional<Ints> StatedAxes(const OnnxNode& node) {
  if (!AxesAreInput(node)) return node.Ints("axes");
  const bool empty = node.knows_input(1) && node.input_shape(1) == Shape{Dim(0)};
  return empty ? Ints{} : node.input_ints(1);
}

// The axes to reduce, sorted; nothing when computed at run time or out of range. Without axes it is
// all of them, or none when the node says that no axes mean no reduction.
std::optional<std::vector<int>> ReducedAxes(const OnnxNode& node) {
  const int rank = node.input_rank(0);
  Ints raw;
  if (NamesAxes(node)) {
    const auto given = StatedAxes(node);
    if (!given) return std::nullopt;
    raw = *given;
  }
  std::vector<int> axes;
  if (raw.empty()) {
    if (node.Int("noop_with_empty_axes", 0) != 0) return axes;
    for (int i = 0; i < rank; ++i) axes.push_back(i);
    return axes;
  }
  for (std::int64_t one : raw) {
    const auto axis = ir::NormalizeAxis(one, rank);
    if (!axis) return std::nullopt;
    axes.push_back(*axis);
  }
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

bool AxesAreComputed(const OnnxNode& node) {
  return AxesAreInput(node) && node.has_input(1) && !StatedAxes(node);
}

// The result's rank under computed axes, where it can be told. An empty list of axes means all of
// them or none, so without its length only the declared rank of the result says what goes.
std::optional<int> ComputedRank(const OnnxNode& node) {
  const int rank = node.input_rank(0);
  if (KeepsDims(node)) return rank;
  const auto count = node.input_shape(1).ElementCount();
  const auto& declared = node.declared_shape(0);
  if (!count) return declared ? std::optional(declared->rank()) : std::nullopt;
  return *count <= rank ? std::optional(rank - static_cast<int>(*count)) : std::nullopt;
}

Status InferReduce(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const DType type = node.input_dtype(0);
  if (const auto axes = ReducedAxes(node)) {
    node.SetOutputType(0, {type, ReducedShape(node.input_shape(0), *axes, KeepsDims(node))});
    return Status::Ok();
  }
  if (!AxesAreComputed(node) || !node.knows_input(1)) return Status::Ok();
  if (const auto rank = ComputedRank(node)) {
    node.SetOutputType(0, {type, FreshShape(node, *rank)});
  }
  return Status::Ok();
}

// A product of dimensions is how exporters compute the size of a flattened tensor.
Status InferReduceProd(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(InferReduce(node));
  const auto dims = node.knows_input(0) ? node.input_dims(0) : std::nullopt;
  const auto axes = dims ? ReducedAxes(node) : std::nullopt;
  if (axes && axes->size() == 1) {
    node.SetOutputDims(0, {node.symbols().Product(Shape(*dims))});
  }
  return Status::Ok();
}

// --- Translation ---

// Axes that are computed, as i32[n]. No axes are all axes where they don't mean none.
ValueId RunTimeAxes(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  const ValueId axes = FrontAxes(out, node.input(1), rank);
  if (node.input_shape(1).ElementCount() || node.Int("noop_with_empty_axes", 0) != 0) return axes;
  const ValueId none = out.Emit(OpKind::kEqual, {SizesOf(out, axes), out.ScalarI32(0)});
  const ValueId missing = out.Mul(out.Cast(none, DType::kI32), out.ScalarI32(rank));
  return JoinRows(out, {axes, CountUpTo(out, missing)});
}

// One reduction kernel over the node's axes. Over no axes a reduction of one element is the
// element.
ValueId Reduce(OnnxNode& node, Builder& out, OpKind kind, ValueId x, bool keep) {
  const auto axes = ReducedAxes(node);
  if (axes && axes->empty()) return x;
  if (axes) {
    const std::vector<std::int32_t> narrow(axes->begin(), axes->end());
    return out.Emit(kind, {x, out.ConstI32(narrow)}, {{"keep_dims", keep}});
  }
  const std::vector<ValueId> operands = {x, RunTimeAxes(node, out)};
  if (!out.status().ok()) return {};
  // The result's shape is the inferred one, but where a translation keeps what the node drops.
  const bool as_inferred = keep == KeepsDims(node);
  return out.EmitTyped(kind, operands, {{"keep_dims", keep}},
                       {out.type(x).dtype, as_inferred ? node.output_type(0)->shape
                                                       : FreshShape(node, node.input_rank(0))});
}

ValueId ReduceNode(OnnxNode& node, Builder& out, OpKind kind, ValueId x) {
  return Reduce(node, out, kind, x, KeepsDims(node));
}

Status Finish(OnnxNode& node, Builder& out, ValueId y) {
  node.SetOutput(0, y);
  return out.status();
}

template <OpKind kKind>
Status TranslateReduce(OnnxNode& node, Builder& out) {
  return Finish(node, out, ReduceNode(node, out, kKind, node.input(0)));
}

// The extreme of nothing, as ONNX defines it: the other end of the type's range.
double ExtremeOfNothing(DType type, bool largest) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (ir::IsFloat(type)) return largest ? -kInfinity : kInfinity;
  if (type == DType::kBool) return largest ? 0 : 1;
  const int bits = ir::ElementBits(type);
  if (ir::IsUnsignedInteger(type)) return largest ? 0 : std::ldexp(1.0, bits) - 1;
  return largest ? -std::ldexp(1.0, bits - 1) : std::ldexp(1.0, bits - 1) - 1;
}

bool ReducesNothing(const OnnxNode& node) {
  const auto axes = ReducedAxes(node);
  const auto& dims = node.input_shape(0).dims();
  if (!axes) return std::find(dims.begin(), dims.end(), Dim(0)) != dims.end();
  return std::any_of(axes->begin(), axes->end(),
                     [&](int axis) { return node.input_shape(0).dim(axis) == Dim(0); });
}

// Booleans: the largest is "any", the smallest is "all".
template <OpKind kKind, OpKind kBoolKind>
Status TranslateExtreme(OnnxNode& node, Builder& out) {
  const DType type = node.input_dtype(0);
  const Shape& shape = node.output_type(0)->shape;
  if (ReducesNothing(node) && shape.IsStatic()) {  // kernels give the largest finite number
    const ValueId value = out.Scalar(type, ExtremeOfNothing(type, kKind == OpKind::kReduceMax));
    if (!out.status().ok()) return out.status();
    return Finish(node, out, out.Const(out.constant(value)->BroadcastTo(shape.Sizes())));
  }
  const bool logical = type == DType::kBool;
  const ValueId y = ReduceNode(node, out, logical ? kBoolKind : kKind, node.input(0));
  if (!ReducesNothing(node)) return Finish(node, out, y);
  const ValueId nothing = out.Scalar(type, ExtremeOfNothing(type, kKind == OpKind::kReduceMax));
  const ValueId operands[] = {SizesOf(out, y), nothing};
  return Finish(node, out, out.EmitTyped(OpKind::kFill, operands, {}, *node.output_type(0)));
}

// The mean of integers is the truncated quotient of their sum.
Status TranslateMean(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const auto axes = ReducedAxes(node);
  const DType type = node.input_dtype(0);
  if (ir::IsFloat(type)) return Finish(node, out, ReduceNode(node, out, OpKind::kMean, x));
  Dim count(1);
  ValueId reduced;
  if (axes) {
    for (int axis : *axes) count = node.symbols().Mul(count, node.input_shape(0).dim(axis));
    reduced = out.ConstI32(std::vector<std::int32_t>(axes->begin(), axes->end()));
  } else {
    reduced = RunTimeAxes(node, out);
  }
  const ValueId sum = ReduceNode(node, out, OpKind::kSum, x);
  if (axes && count.is_static()) {
    return Finish(node, out, out.Div(sum, out.Scalar(type, static_cast<double>(count.value()))));
  }
  const ValueId product = out.Emit(OpKind::kReduceProd,
                                   {TakeAlong(out, SizesOf(out, x), reduced, 0), out.ConstI32({0})},
                                   {{"keep_dims", false}});
  return Finish(node, out, out.Div(sum, out.Cast(product, type)));
}

Status TranslateL1(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const bool is_unsigned = ir::IsUnsignedInteger(node.input_dtype(0));
  const bool by_negation = node.input_dtype(0) == DType::kI64;
  ValueId magnitude = x;
  if (by_negation) {
    magnitude = out.Maximum(x, out.Unary(OpKind::kNeg, x));
  } else if (!is_unsigned) {
    magnitude = out.Unary(OpKind::kAbs, x);
  }
  return Finish(node, out, ReduceNode(node, out, OpKind::kSum, magnitude));
}

ValueId SumOfSquares(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  return ReduceNode(node, out, OpKind::kSum, out.Mul(x, x));
}

Status TranslateSumSquare(OnnxNode& node, Builder& out) {
  return Finish(node, out, SumOfSquares(node, out));
}

Status TranslateL2(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Unary(OpKind::kSqrt, SumOfSquares(node, out)));
}

Status TranslateLogSum(OnnxNode& node, Builder& out) {
  const ValueId sum = ReduceNode(node, out, OpKind::kSum, node.input(0));
  return Finish(node, out, out.Unary(OpKind::kLog, sum));
}

// log(sum(exp(x - m))) + m with m the largest element, held finite so that rows of one infinity do
// not become NaN.
Status TranslateLogSumExp(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const DType type = node.input_dtype(0);
  const double largest = type == DType::kF16 ? 65504.0 : std::numeric_limits<float>::max();
  const auto peak = [&](bool keep) {
    const ValueId found = Reduce(node, out, OpKind::kReduceMax, x, keep);
    return out.Maximum(out.Minimum(found, out.Scalar(type, largest)), out.Scalar(type, -largest));
  };
  const ValueId kept = peak(true);
  const ValueId powers = out.Unary(OpKind::kExp, out.Sub(x, kept));
  const ValueId log = out.Unary(OpKind::kLog, ReduceNode(node, out, OpKind::kSum, powers));
  if (KeepsDims(node)) return Finish(node, out, out.Add(log, kept));
  const ValueId dropped =
      AxesAreComputed(node) ? peak(false) : out.Reshape(kept, node.output_type(0)->shape);
  return Finish(node, out, out.Add(log, dropped));
}

Verdict AxesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (ReducedAxes(node) || AxesAreComputed(node)) return Verdict::kHolds;
  const auto axes = StatedAxes(node);
  std::string text;
  for (std::int64_t axis : axes.value_or(Ints{})) text += " " + std::to_string(axis);
  return Violated(node, 0, "axes" + text + " of " + node.input_text(0), finding);
}

Verdict RankIsKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!AxesAreComputed(node)) return Verdict::kHolds;
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  if (ComputedRank(node)) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1), finding);
}

// The quotient of nothing by nothing has no integer.
Verdict IntegerMeanOfSome(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (ir::IsFloat(node.input_dtype(0)) || !ReducesNothing(node)) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kAxesFit = {
    Reason::kValueOutOfRange, AxesFit, {}, "each axis is one of the input's"};
constexpr OnnxConstraint kRankKnown = {Reason::kUnknownRank,
                                       RankIsKnown,
                                       {},
                                       "computed axes that are dropped have a known number, or the "
                                       "result a declared rank"};
constexpr OnnxConstraint kReduce[] = {
    kAxesFit,
    kRankKnown,
};
constexpr OnnxConstraint kReduceMean[] = {
    kAxesFit,
    kRankKnown,
    {Reason::kShapeMismatch, IntegerMeanOfSome, {}, "integers are averaged over axes above 0"},
};
constexpr OnnxConstraint kFloatReduce[] = {
    {Reason::kUnsupportedType, TypeIn<0, kFloatTypes>, {}, "the input has a floating-point type"},
    kAxesFit,
    kRankKnown,
};
constexpr OnnxRule kRules[] = {
    {"", "ReduceL1", 1, 18, kReduce, InferReduce, TranslateL1},
    {"", "ReduceL2", 1, 18, kFloatReduce, InferReduce, TranslateL2},
    {"", "ReduceLogSum", 1, 28, kFloatReduce, InferReduce, TranslateLogSum},
    {"", "ReduceLogSumExp", 1, 28, kFloatReduce, InferReduce, TranslateLogSumExp},
    {"", "ReduceMax", 1, 20, kReduce, InferReduce,
     TranslateExtreme<OpKind::kReduceMax, OpKind::kReduceAny>},
    {"", "ReduceMean", 1, 18, kReduceMean, InferReduce, TranslateMean},
    {"", "ReduceMin", 1, 20, kReduce, InferReduce,
     TranslateExtreme<OpKind::kReduceMin, OpKind::kReduceAll>},
    {"", "ReduceProd", 1, 18, kReduce, InferReduceProd, TranslateReduce<OpKind::kReduceProd>},
    {"", "ReduceSum", 1, 13, kReduce, InferReduce, TranslateReduce<OpKind::kSum>},
    {"", "ReduceSumSquare", 1, 18, kReduce, InferReduce, TranslateSumSquare},
};

}  // namespace

std::span<const OnnxRule> ReduceRules() { return kRules; }

}  // namespace smelt::onnx_import
