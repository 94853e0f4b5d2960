// What sequences of different lengths need: ReverseSequence and TensorScatter.
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status TranslateReverse(OnnxNode& node, Builder& out) {
  node.SetOutput(0, out.Emit(OpKind::kReverseSequence, {node.input(0), node.input(1)},
                             {{"seq_dim", node.Int("time_axis", 0)},
                              {"batch_dim", node.Int("batch_axis", 1)}}));
  return out.status();
}

Verdict DifferentAxes(const OnnxNode& node, Bounds, Finding& finding) {
  const std::int64_t time = node.Int("time_axis", 0);
  const std::int64_t batch = node.Int("batch_axis", 1);
  if (time != batch && time >= 0 && time <= 1 && batch >= 0 && batch <= 1) return Verdict::kHolds;
  return Violated("time_axis = " + std::to_string(time) + ", batch_axis = " + std::to_string(batch),
                  finding);
}

Verdict LengthEach(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const std::int64_t axis = node.Int("batch_axis", 1);
  if (axis < 0 || axis >= node.input_rank(0)) return Verdict::kNotChecked;
  const Dim batch = node.input_shape(0).dim(static_cast<int>(axis));
  const Shape& lengths = node.input_shape(1);
  if (lengths.rank() == 1 &&
      (!batch.is_static() || !lengths.dim(0).is_static() || batch == lengths.dim(0))) {
    return Verdict::kHolds;
  }
  return Violated(node, 1, node.input_text(1), finding);
}

// --- TensorScatter: place s of the cache holds element s - start of the update, if there is one.

std::optional<int> CacheAxis(const OnnxNode& node) {
  if (!node.knows_input(0)) return std::nullopt;
  return ir::NormalizeAxis(node.Int("axis", -2), node.input_rank(0));
}

Status TranslateTensorScatter(OnnxNode& node, Builder& out) {
  const int axis = *CacheAxis(node);
  const Shape& cache = node.input_shape(0);
  const Dim batch = cache.dim(0);
  const std::int64_t size = cache.dim(axis).value();
  const std::int64_t count = node.input_shape(1).dim(axis).value();
  const ValueId places = out.Reshape(Iota(out, size), Shape{1, size});
  ValueId source = places;
  if (node.has_input(2)) {
    const ValueId starts = out.Reshape(out.Cast(node.input(2), DType::kI32), Shape{batch, 1});
    source = out.Emit(OpKind::kFloorMod,
                      {out.Sub(places, starts), out.ScalarI32(static_cast<std::int32_t>(size))});
  } else {
    const std::vector<std::int32_t> sizes = {static_cast<std::int32_t>(batch.value()),
                                             static_cast<std::int32_t>(size)};
    source = out.Emit(OpKind::kBroadcastTo, {places, out.ConstI32(sizes)});
  }
  const ValueId last = out.ScalarI32(static_cast<std::int32_t>(count - 1));
  const ValueId written = out.Emit(OpKind::kLessEqual, {source, last});
  const ValueId moved = out.Emit(OpKind::kGather, {node.input(1), out.Minimum(source, last)},
                                 {{"axis", std::int64_t{axis}}, {"batch_dims", std::int64_t{1}}});
  Shape mask{batch};
  for (int i = 1; i < cache.rank(); ++i) mask.push_back(i == axis ? Dim(size) : Dim(1));
  node.SetOutput(0,
                 out.Emit(OpKind::kSelectV2, {out.Reshape(written, mask), moved, node.input(0)}));
  return out.status();
}

Verdict CacheIsStatic(const OnnxNode& node, Bounds, Finding& finding) {
  const auto axis = CacheAxis(node);
  if (!axis || !node.knows_input(1)) return Verdict::kNotChecked;
  if (node.input_rank(1) != node.input_rank(0)) return Verdict::kHolds;  // CacheFits refuses it
  const Shape& cache = node.input_shape(0);
  const bool counted = node.has_input(2) || cache.dim(0).is_static();
  if (counted && cache.dim(*axis).is_static() && node.input_shape(1).dim(*axis).is_static()) {
    return Verdict::kHolds;
  }
  return Violated(node, 1, node.input_text(1) + " for a cache of " + node.input_text(0), finding);
}

Verdict CacheFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto axis = CacheAxis(node);
  if (!axis || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& cache = node.input_shape(0);
  const Shape& update = node.input_shape(1);
  bool fits = *axis > 0 && update.rank() == cache.rank();
  for (int i = 0; fits && i < cache.rank(); ++i) {
    const Dim length = cache.dim(i), written = update.dim(i);
    if (!length.is_static() || !written.is_static()) continue;
    fits =
        i == *axis ? written.value() > 0 && written.value() <= length.value() : written == length;
  }
  if (fits) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " for a cache of " + node.input_text(0), finding);
}

constexpr OnnxConstraint kReverse[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 8}, "input of rank {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue,
     DifferentAxes,
     {},
     "time_axis and batch_axis are 0 and 1 in either order"},
    {Reason::kShapeMismatch, LengthEach, {}, "one length for each sequence"},
};
constexpr OnnxConstraint kTensorScatter[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the cache is numbers or booleans"},
    {Reason::kTypeMismatch, SameType<0, 1>, {}, "cache and update have one element type"},
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 8}, "cache of rank {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"mode", "linear", "circular">,
     {},
     "mode linear or circular"},
    {Reason::kValueOutOfRange, AxisAttr<"axis", -2>, {}, "axis is an axis of the cache"},
    {Reason::kShapeMismatch,
     CacheFits,
     {},
     "axis is not the batch; the update has the cache's sizes but along the axis, where it is not "
     "longer"},
    {Reason::kDynamicDimensionUnsupported,
     CacheIsStatic,
     {},
     "cache and update are static along the axis; without write_indices the batch is static"},
};

constexpr OnnxRule kRules[] = {
    {"", "ReverseSequence", 10, 28, kReverse, SameAsFirst, TranslateReverse},
    {"", "TensorScatter", 24, 24, kTensorScatter, SameAsFirst, TranslateTensorScatter},
};

}  // namespace

std::span<const OnnxRule> ReverseSequenceRules() { return kRules; }

}  // namespace smelt::onnx_import
