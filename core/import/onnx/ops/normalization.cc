// Normalizations: batch, instance, group, layer, root mean square, mean and variance.
#include <cmath>
#include <optional>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/standardized.h"

namespace smelt::onnx_import {
namespace {

using ir::AxesFrom;
using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::LastAxesNorm;
using ir::OpKind;
using ir::Shape;
using ir::Standardized;
using ir::ValueId;

constexpr double kDefaultEpsilon = 9.999999747378752e-06;  // 1e-5 as a float

constexpr double kDefaultMomentum = 0.8999999761581421;  // 0.9 as a float

double Epsilon(const OnnxNode& node) { return node.Float("epsilon", kDefaultEpsilon); }

// --- BatchNormalization ---

// Scale and shift in double, when all four parameters are constants of moderate size.
struct Affine {
  std::vector<double> scale, shift;
};
std::optional<Affine> ConstantAffine(const OnnxNode& node) {
  const auto scale = node.input_doubles(1), bias = node.input_doubles(2);
  const auto mean = node.input_doubles(3), variance = node.input_doubles(4);
  if (!scale || !bias || !mean || !variance) return std::nullopt;
  Affine affine;
  for (std::size_t i = 0; i < scale->size(); ++i) {
    const double factor = (*scale)[i] / std::sqrt((*variance)[i] + Epsilon(node));
    affine.scale.push_back(factor);
    affine.shift.push_back((*bias)[i] - (*mean)[i] * factor);
  }
  return affine;
}

ValueId ChannelConstant(Builder& out, const std::vector<double>& values, int rank, DType dtype) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(rank - 1), 1);
  shape[0] = static_cast<std::int64_t>(values.size());
  return out.Const(ir::Constant::FromValues<double>(DType::kF64, std::move(shape), values)
                       .Cast(dtype)
                       .Evaluated());
}

// --- Training: the batch's own statistics, and the running ones moved towards them ---

bool Trains(const OnnxNode& node) {
  return node.schema_version() >= 14 && node.Int("training_mode", 0) != 0;
}

Status InferBatchNormalization(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(SameAsFirst(node));
  if (!Trains(node)) return Status::Ok();
  for (int i = 1; i < node.output_count(); ++i) {
    SMELT_RETURN_IF_ERROR(CopyType(node, i + 2, i));  // from the running mean and variance
  }
  return Status::Ok();
}

Status TranslateTraining(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  const DType dtype = node.input_dtype(0);
  std::vector<std::int32_t> axes = AxesFrom(1, rank);
  axes[0] = 0;  // all axes but the channels'
  const DType wide = dtype == DType::kF64 ? dtype : DType::kF32;
  const Standardized x = Standardize(out, out.Cast(node.input(0), wide), axes, Epsilon(node));
  const ValueId normal = out.Mul(x.centered, x.inverse_deviation);
  const ValueId y = out.Add(out.Mul(normal, PerChannel(out, node.input(1), rank, wide)),
                            PerChannel(out, node.input(2), rank, wide));
  node.SetOutput(0, out.Cast(y, dtype));
  const double momentum = node.Float("momentum", kDefaultMomentum);
  const ValueId statistics[] = {x.mean, x.variance};
  for (int i = 1; i <= 2; ++i) {
    if (!node.has_output(i)) continue;
    const ir::TensorType& type = node.input_type(i + 2);
    const ValueId batch = out.Reshape(statistics[i - 1], type.shape);
    const ValueId running = out.Cast(node.input(i + 2), wide);
    const ValueId moved = out.Add(out.Mul(running, out.Scalar(wide, momentum)),
                                  out.Mul(batch, out.Scalar(wide, 1 - momentum)));
    node.SetOutput(i, out.Cast(moved, type.dtype));
  }
  return out.status();
}

Status TranslateBatchNormalization(OnnxNode& node, Builder& out) {
  if (Trains(node)) return TranslateTraining(node, out);
  const int rank = node.input_rank(0);
  const DType dtype = node.input_dtype(0);
  ValueId scale, shift;
  if (const auto affine = ConstantAffine(node)) {
    scale = ChannelConstant(out, affine->scale, rank, dtype);
    shift = ChannelConstant(out, affine->shift, rank, dtype);
  } else {
    const auto channel = [&](int i) { return PerChannel(out, node.input(i), rank, dtype); };
    const ValueId variance = out.Add(channel(4), out.Scalar(dtype, Epsilon(node)));
    scale = out.Mul(channel(1), out.Unary(OpKind::kRsqrt, variance));
    shift = out.Sub(channel(2), out.Mul(channel(3), scale));
  }
  node.SetOutput(0, out.Add(out.Mul(node.input(0), scale), shift));
  return out.status();
}

// Inputs 1 .. {hi} are vectors of one value for each channel.
Verdict ChannelVectors(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) < 2) return Verdict::kNotChecked;
  const Dim channels = node.input_shape(0).dim(1);
  Dim length = channels;
  for (int i = 1; i <= bounds.hi; ++i) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(i);
    if (shape.rank() != 1) return Contradicted(node, i, node.input_text(i), finding);
    if (!shape.dim(0).is_static()) continue;
    if (length.is_static() && length != shape.dim(0)) {
      return Contradicted(node, i, node.input_text(i), finding);
    }
    length = shape.dim(0);
  }
  return Verdict::kHolds;
}

// Before opset 7 training also updates statistics that inference has no use for.
Verdict OldOnesDoNotTrain(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.schema_version() >= 7 || node.Int("is_test", 0) != 0) return Verdict::kHolds;
  return Violated("is_test = 0", finding);
}

Verdict ResultsFit(const OnnxNode& node, Bounds bounds, Finding& finding) {
  return OutputCount(node, Trains(node) ? bounds : Bounds{1, 1}, finding);
}

// --- Instance and group normalization ---

Status TranslateInstanceNormalization(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  const DType dtype = node.input_dtype(0);
  const Standardized x = Standardize(out, node.input(0), AxesFrom(2, rank), Epsilon(node));
  const ValueId factor = PerChannel(out, node.input(1), rank, dtype);
  const ValueId shift = PerChannel(out, node.input(2), rank, dtype);
  node.SetOutput(0, out.Add(out.Mul(x.centered, out.Mul(x.inverse_deviation, factor)), shift));
  return out.status();
}

// (N, C, ...) as (N, groups, C / groups, ...), standardized over all but the first two axes.
Status TranslateGroupNormalization(OnnxNode& node, Builder& out) {
  const Shape& shape = node.input_shape(0);
  const DType dtype = node.input_dtype(0);
  const std::int64_t groups = node.Int("num_groups", 1);
  Shape split{shape.dim(0), groups, shape.dim(1).value() / groups};
  for (int i = 2; i < shape.rank(); ++i) split.push_back(shape.dim(i));
  const ValueId wide = out.Cast(node.input(0), DType::kF32);  // stash_type 1
  const Standardized x =
      Standardize(out, out.Reshape(wide, split), AxesFrom(2, split.rank()), Epsilon(node));
  const ValueId normal = out.Reshape(out.Mul(x.centered, x.inverse_deviation), shape);
  const ValueId narrow = out.Cast(normal, dtype);
  const ValueId scaled = out.Mul(narrow, PerChannel(out, node.input(1), shape.rank(), dtype));
  node.SetOutput(0, out.Add(scaled, PerChannel(out, node.input(2), shape.rank(), dtype)));
  return out.status();
}

Verdict GroupsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) < 2) return Verdict::kNotChecked;
  const Dim channels = node.input_shape(0).dim(1);
  const std::int64_t groups = node.Int("num_groups", 1);
  if (channels.is_static() && groups > 0 && channels.value() % groups == 0) return Verdict::kHolds;
  return Violated(node, 0, "num_groups = " + std::to_string(groups), finding);
}

// --- Layer and root mean square normalization: composites with a body ---

Status InferLayerNormalization(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  node.SetOutputType(0, node.input_type(0));
  const auto axis = ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0));
  if (!axis) return Status::Ok();
  ir::TensorType statistic{DType::kF32, node.input_shape(0)};
  for (int i = *axis; i < statistic.shape.rank(); ++i) statistic.shape.dim(i) = Dim(1);
  for (int i = 1; i < node.output_count(); ++i) node.SetOutputType(i, statistic);
  return Status::Ok();
}

template <bool kRootMeanSquare>
Status TranslateLastAxes(OnnxNode& node, Builder& out) {
  int results = 1;
  for (int i = 0; i < node.output_count(); ++i) {
    if (node.has_output(i)) results = i + 1;
  }
  LastAxesNorm norm;
  norm.root_mean_square = kRootMeanSquare;
  norm.axis = *ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0));
  norm.epsilon = Epsilon(node);
  norm.x = node.input(0);
  norm.scale = node.input(1);
  norm.bias = node.input(2);
  norm.label = std::to_string(node.source().index);
  const std::vector<ValueId> values = EmitLastAxesNorm(out, norm, results);
  for (int i = 0; i < results && out.status().ok(); ++i) {
    node.SetOutput(i, values[static_cast<std::size_t>(i)]);
  }
  return out.status();
}

// Inputs from 1 on broadcast to input 0 without making it larger.
Verdict BroadcastToFirst(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const Shape& target = node.input_shape(0);
  for (int i = 1; i < node.input_count(); ++i) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(i);
    bool fits = shape.rank() <= target.rank();
    for (int d = 0; fits && d < shape.rank(); ++d) {
      const Dim from = shape.dim(d);
      const Dim to = target.dim(target.rank() - shape.rank() + d);
      fits = from == Dim(1) || from == to || (!to.is_static() && from.is_symbol()) ||
             (to.is_static() != from.is_static());
    }
    if (!fits) return Violated(node, i, node.input_text(i), finding);
  }
  return Verdict::kHolds;
}

Verdict ScaleHasTypeOfFirst(const OnnxNode& node, Bounds bounds, Finding& finding) {
  return SameTypes(node, bounds, finding);
}

// --- Mean and variance over axes; the epsilon is added to the deviation. ---

std::optional<std::vector<std::int32_t>> MeanAxes(const OnnxNode& node) {
  std::vector<std::int32_t> axes;
  for (const std::int64_t one : node.Ints("axes").value_or(std::vector<std::int64_t>{0, 2, 3})) {
    const auto axis = ir::NormalizeAxis(one, node.input_rank(0));
    if (!axis) return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

Status TranslateMeanVariance(OnnxNode& node, Builder& out) {
  constexpr double kDeviationEpsilon = 1e-9;
  const std::vector<std::int32_t> axes = *MeanAxes(node);
  const ValueId x = out.Cast(node.input(0), DType::kF32);
  const ValueId centered = out.Sub(x, MeanOver(out, x, axes));
  const ValueId deviation =
      out.Unary(OpKind::kSqrt, MeanOver(out, out.Mul(centered, centered), axes));
  const ValueId divisor = out.Add(deviation, out.Scalar(DType::kF32, kDeviationEpsilon));
  node.SetOutput(0, out.Cast(out.Div(centered, divisor), node.input_dtype(0)));
  return out.status();
}

Verdict MeanAxesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (MeanAxes(node)) return Verdict::kHolds;
  return Violated(node, 0, "axes of " + node.input_text(0), finding);
}

// --- Tables ---

constexpr OnnxConstraint kStash = {Reason::kUnsupportedAttributeValue,
                                   IntAttrWithin<"stash_type", 1>,
                                   {1, 1},
                                   "stash_type {lo} (f32)"};
constexpr OnnxConstraint kAxis = {
    Reason::kValueOutOfRange, AxisAttr<"axis", -1>, {}, "axis is an axis of the input"};

constexpr OnnxConstraint kBatchNormalization[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 8}, "input of rank {lo} to {hi}"},
    {Reason::kShapeMismatch,
     ChannelVectors,
     {0, 4},
     "scale, bias, mean and variance hold one value for each channel"},
    {Reason::kUnsupportedAttributeValue, OldOnesDoNotTrain, {}, "is_test is 1 before opset 7"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"spatial", 1>,
     {1, 1},
     "spatial {lo}: one statistic for each channel"},
    {Reason::kUnsupportedOutputs,
     ResultsFit,
     {1, 3},
     "only the first result is used outside of training_mode, three in it"},
};
constexpr OnnxConstraint kInstanceNormalization[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 8}, "input of rank {lo} to {hi}"},
    {Reason::kShapeMismatch,
     ChannelVectors,
     {0, 2},
     "scale and bias hold one value for each channel"},
};
constexpr OnnxConstraint kGroupNormalization[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 7}, "input of rank {lo} to {hi}"},
    {Reason::kShapeMismatch,
     ChannelVectors,
     {0, 2},
     "scale and bias hold one value for each channel"},
    {Reason::kUnsupportedAttributeValue,
     GroupsFit,
     {},
     "num_groups divides the static channel count"},
    kStash,
};
constexpr OnnxConstraint kLayerNormalization[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    kAxis,
    {Reason::kShapeMismatch, BroadcastToFirst, {}, "scale and bias broadcast to the input"},
    {Reason::kTypeMismatch, ScaleHasTypeOfFirst, {}, "all inputs have one element type"},
    kStash,
};
constexpr OnnxConstraint kMeanVariance[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    {Reason::kValueOutOfRange, MeanAxesFit, {}, "axes are axes of the input"},
};

constexpr OnnxRule kRules[] = {
    {"", "BatchNormalization", 1, 15, kBatchNormalization, InferBatchNormalization,
     TranslateBatchNormalization},
    {"", "InstanceNormalization", 1, 22, kInstanceNormalization, SameAsFirst,
     TranslateInstanceNormalization},
    {"", "GroupNormalization", 21, 21, kGroupNormalization, SameAsFirst,
     TranslateGroupNormalization},
    // Version 1 is ONNX Runtime's, from before ONNX had the operator.
    {"", "LayerNormalization", 1, 17, kLayerNormalization, InferLayerNormalization,
     TranslateLastAxes<false>},
    {"", "RMSNormalization", 23, 23, kLayerNormalization, SameAsFirst, TranslateLastAxes<true>},
    {"", "SimplifiedLayerNormalization", 1, 1, kLayerNormalization, InferLayerNormalization,
     TranslateLastAxes<true>},
    {"", "MeanVarianceNormalization", 9, 13, kMeanVariance, SameAsFirst, TranslateMeanVariance},
};

}  // namespace

std::span<const OnnxRule> NormalizationRules() { return kRules; }

}  // namespace smelt::onnx_import
