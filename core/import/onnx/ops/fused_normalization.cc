// Normalizations that ONNX Runtime's optimizer fuses with what stands before and behind them.
#include <cmath>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/ir/last_axes_norm.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::LastAxesNorm;
using ir::OpKind;
using ir::Shape;
using ir::Standardized;
using ir::ValueId;

constexpr double kSkipEpsilon = 9.999999960041972e-13;   // 1e-12 as a float
constexpr double kGroupEpsilon = 9.999999747378752e-06;  // 1e-5 as a float

double SkipEpsilon(const OnnxNode& node) { return node.Float("epsilon", kSkipEpsilon); }

bool Agree(Dim a, Dim b) { return a == b || !a.is_static() || !b.is_static(); }

// Input i, where it is present, is a vector of as many values as the last axis of `shape` has.
bool IsRow(const OnnxNode& node, int i, Dim size) {
  if (!node.has_input(i)) return true;
  return node.input_rank(i) == 1 && Agree(node.input_shape(i).dim(0), size);
}

// --- SkipLayerNormalization: normalized(input + skip + bias) ---

// (input, skip, scale, shift, bias), or without the shift for root mean squares.
bool IsRootMeanSquare(const OnnxNode& node) {
  return node.op_type() == "SkipSimplifiedLayerNormalization";
}
int SkipBiasAt(const OnnxNode& node) { return IsRootMeanSquare(node) ? 3 : 4; }
constexpr int kSum = 3;

Status InferSkip(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(SameAsFirst(node));
  return node.has_output(kSum) ? CopyType(node, 0, kSum) : Status::Ok();
}

Status TranslateSkip(OnnxNode& node, Builder& out) {
  ValueId sum = out.Add(node.input(0), node.input(1));
  if (node.has_input(SkipBiasAt(node))) sum = out.Add(sum, node.input(SkipBiasAt(node)));
  LastAxesNorm norm;
  norm.root_mean_square = IsRootMeanSquare(node);
  norm.axis = node.input_rank(0) - 1;
  norm.epsilon = SkipEpsilon(node);
  norm.x = sum;
  norm.scale = node.input(2);
  if (!norm.root_mean_square) norm.bias = node.input(3);
  norm.label = std::to_string(node.source().index);
  const std::vector<ValueId> results = EmitLastAxesNorm(out, norm, 1);
  SMELT_RETURN_IF_ERROR(out.status());
  node.SetOutput(0, results[0]);
  if (node.has_output(kSum)) node.SetOutput(kSum, sum);
  return out.status();
}

Verdict SkipFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& input = node.input_shape(0);
  const Shape& skip = node.input_shape(1);
  const int missing = input.rank() - skip.rank();
  bool fits = missing == 0 || missing == 1;
  for (int i = 0; fits && i < skip.rank(); ++i) {
    const Dim dim = skip.dim(i);
    fits = Agree(dim, input.dim(i + missing)) || (i == 0 && missing == 0 && dim == Dim(1));
  }
  return fits ? Verdict::kHolds : Violated(node, 1, node.input_text(1), finding);
}

// Inputs from {lo} on are vectors as long as the last axis of input 0.
Verdict RowsFit(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) < 1) return Verdict::kNotChecked;
  const Dim size = node.input_shape(0).dim(node.input_rank(0) - 1);
  for (int i = bounds.lo; i < node.input_count(); ++i) {
    if (node.has_input(i) && !node.knows_input(i)) return Verdict::kNotChecked;
    if (!IsRow(node, i, size)) return Violated(node, i, node.input_text(i), finding);
  }
  return Verdict::kHolds;
}

Verdict NoStatistics(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_output(1) && !node.has_output(2)) return Verdict::kHolds;
  return Violated("the mean or the deviation is used", finding);
}

// --- EmbedLayerNormalization: normalized(word + position + segment) ---

enum Embed { kIds, kSegments, kWords, kPositions, kSegmentTable, kGamma, kBeta, kMask, kPlaces };

Status InferEmbed(OnnxNode& node) {
  if (!node.knows_input(kIds) || !node.knows_input(kWords)) return Status::Ok();
  if (node.input_rank(kIds) != 2 || node.input_rank(kWords) != 2) return Status::Ok();
  const Shape& ids = node.input_shape(kIds);
  const ir::TensorType type{node.input_dtype(kWords),
                            {ids.dim(0), ids.dim(1), node.input_shape(kWords).dim(1)}};
  node.SetOutputType(0, type);
  if (node.output_count() > 1) node.SetOutputType(1, {DType::kI32, {ids.dim(0)}});
  if (node.output_count() > 2) node.SetOutputType(2, type);
  return Status::Ok();
}

ValueId Rows(Builder& out, ValueId table, ValueId indices) {
  return out.Emit(OpKind::kGather, {table, indices},
                  {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
}

Status TranslateEmbed(OnnxNode& node, Builder& out) {
  ValueId places;
  if (node.has_input(kPlaces)) {
    places = Rows(out, node.input(kPositions), node.input(kPlaces));
  } else {  // the first rows, one for each word
    const auto length = static_cast<std::int32_t>(node.input_shape(kIds).dim(1).value());
    places = out.Emit(OpKind::kSlice,
                      {node.input(kPositions), out.ConstI32({0, 0}), out.ConstI32({length, -1})});
  }
  ValueId sum = out.Add(Rows(out, node.input(kWords), node.input(kIds)), places);
  if (node.has_input(kSegments)) {
    sum = out.Add(sum, Rows(out, node.input(kSegmentTable), node.input(kSegments)));
  }
  LastAxesNorm norm;
  norm.axis = 2;
  norm.epsilon = SkipEpsilon(node);
  norm.x = sum;
  norm.scale = node.input(kGamma);
  norm.bias = node.input(kBeta);
  norm.label = std::to_string(node.source().index);
  const std::vector<ValueId> results = EmitLastAxesNorm(out, norm, 1);
  SMELT_RETURN_IF_ERROR(out.status());
  node.SetOutput(0, results[0]);
  if (node.has_output(1)) {  // how many words there are; 0 without a mask
    const ValueId counted = node.has_input(kMask)
                                ? out.Emit(OpKind::kEqual, {node.input(kMask), out.ScalarI32(1)})
                                : out.Emit(OpKind::kNotEqual, {node.input(kIds), node.input(kIds)});
    node.SetOutput(1, out.Emit(OpKind::kSum, {out.Cast(counted, DType::kI32), out.ConstI32({1})},
                               {{"keep_dims", false}}));
  }
  if (node.has_output(2)) node.SetOutput(2, sum);
  return out.status();
}

Verdict TablesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kWords) || node.input_rank(kWords) != 2) return Verdict::kNotChecked;
  const Dim size = node.input_shape(kWords).dim(1);
  for (const int i : {kPositions, kSegmentTable}) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    const bool fits = node.input_rank(i) == 2 && Agree(node.input_shape(i).dim(1), size);
    if (!fits) return Violated(node, i, node.input_text(i), finding);
  }
  for (const int i : {kGamma, kBeta}) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    if (!IsRow(node, i, size)) return Violated(node, i, node.input_text(i), finding);
  }
  if (node.has_input(kSegments) == node.has_input(kSegmentTable)) return Verdict::kHolds;
  return Violated(node, kSegmentTable, "segments without their table", finding);
}

// Without position_ids the table is cut to the words' length.
Verdict LengthKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kIds)) return Verdict::kNotChecked;
  if (node.input_rank(kIds) != 2 || node.has_input(kPlaces)) return Verdict::kHolds;
  return CheckStatic(node, kIds, 1, finding);
}

// --- GroupNorm: (N, H, W, C), or (N, C, H, W), standardized by group; then SiLU, maybe ---

Status TranslateGroupNorm(OnnxNode& node, Builder& out) {
  const Shape& shape = node.input_shape(0);
  const bool last = node.Int("channels_last", 1) != 0;
  const Dim groups(node.Int("groups", 1));
  const std::int64_t channels = shape.dim(last ? 3 : 1).value();
  const Dim size(channels / groups.value());
  const ValueId wide = out.Cast(node.input(0), DType::kF32);
  const ValueId split =
      last ? out.Reshape(wide, {shape.dim(0), shape.dim(1), shape.dim(2), groups, size})
           : out.Reshape(wide, {shape.dim(0), groups, size, shape.dim(2), shape.dim(3)});
  const std::vector<std::int32_t> axes =
      last ? std::vector<std::int32_t>{1, 2, 4} : std::vector<std::int32_t>{2, 3, 4};
  const Standardized x = Standardize(out, split, axes, node.Float("epsilon", kGroupEpsilon));
  const ValueId normal = out.Reshape(out.Mul(x.centered, x.inverse_deviation), shape);
  const auto along = [&](int i) {
    const ValueId row = out.Cast(node.input(i), DType::kF32);
    return last ? row : out.Reshape(row, {channels, 1, 1});
  };
  ValueId y = out.Add(out.Mul(normal, along(1)), along(2));
  if (node.Int("activation", 0) == 1) y = out.Mul(y, out.Unary(OpKind::kLogistic, y));
  node.SetOutput(0, out.Cast(y, node.input_dtype(0)));
  return out.status();
}

Verdict GroupsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) != 4) return Verdict::kNotChecked;
  const Dim channels = node.input_shape(0).dim(node.Int("channels_last", 1) != 0 ? 3 : 1);
  const std::int64_t groups = node.Int("groups", 1);
  if (!channels.is_static() || groups < 1 || channels.value() % groups != 0) {
    return Violated(node, 0, "groups = " + std::to_string(groups), finding);
  }
  for (const int i : {1, 2}) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    if (!IsRow(node, i, channels)) return Violated(node, i, node.input_text(i), finding);
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kSkip[] = {
    {Reason::kTypeMismatch, SameTypes, {}, "all inputs have one element type"},
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 3}, "input of rank {lo} or {hi}"},
    {Reason::kShapeMismatch,
     SkipFits,
     {},
     "a skip of the input's shape, or that broadcasts over its batch"},
    {Reason::kShapeMismatch,
     RowsFit,
     {2, 0},
     "scale, shift and bias of one value for each element of the last axis"},
    {Reason::kUnsupportedOutputs, NoStatistics, {}, "only the result and the sum are used"},
};
constexpr OnnxConstraint kEmbed[] = {
    {Reason::kUnsupportedRank, RankWithin<kIds>, {2, 2}, "input_ids of rank {lo}"},
    {Reason::kUnsupportedRank, RankWithin<kWords>, {2, 2}, "word_embedding of rank {lo}"},
    {Reason::kShapeMismatch,
     TablesFit,
     {},
     "tables (rows, size) with segments beside theirs; scale and shift of the same size"},
    {Reason::kDynamicDimensionUnsupported, LengthKnown, {}, "a static length, or position_ids"},
};
constexpr OnnxConstraint kGroupNorm[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {4, 4}, "input of rank {lo}"},
    {Reason::kShapeMismatch,
     GroupsFit,
     {},
     "groups divides the static channel count; scale and shift hold one value for each channel"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"activation", 0>,
     {0, 1},
     "activation {lo} (none) or {hi} (SiLU)"},
};

constexpr OnnxRule kRules[] = {
    {kContribDomain, "EmbedLayerNormalization", 1, 1, kEmbed, InferEmbed, TranslateEmbed},
    {kContribDomain, "GroupNorm", 1, 1, kGroupNorm, SameAsFirst, TranslateGroupNorm},
    {kContribDomain, "SkipLayerNormalization", 1, 1, kSkip, InferSkip, TranslateSkip},
    {kContribDomain, "SkipSimplifiedLayerNormalization", 1, 1, kSkip, InferSkip, TranslateSkip},
};

}  // namespace

std::span<const OnnxRule> FusedNormalizationRules() { return kRules; }

}  // namespace smelt::onnx_import
