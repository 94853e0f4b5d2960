// CenterCropPad: each axis is padded or cropped around its middle to a size.
#include <algorithm>
#include <numeric>
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

// The axes that change; nothing when one is out of range or named twice.
std::optional<std::vector<int>> ChangedAxes(const OnnxNode& node) {
  std::vector<int> axes(static_cast<std::size_t>(node.input_rank(0)));
  std::iota(axes.begin(), axes.end(), 0);
  const auto stated = node.Ints("axes");
  if (!stated) return axes;
  axes.clear();
  for (const std::int64_t one : *stated) {
    const auto axis = ir::NormalizeAxis(one, node.input_rank(0));
    if (!axis || std::count(axes.begin(), axes.end(), *axis) > 0) return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

Status InferCenter(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto axes = ChangedAxes(node);
  const auto sizes = node.input_dims(1);
  if (!axes || (sizes && sizes->size() != axes->size())) return Status::Ok();
  ir::TensorType type = node.input_type(0);
  for (std::size_t i = 0; i < axes->size(); ++i) {
    Dim& dim = type.shape.dim((*axes)[i]);
    dim = sizes ? (*sizes)[i] : node.symbols().Fresh("size in " + node.output_name(0));
    const auto size = IntFromDim(node.symbols(), dim);
    if (size && *size < 0) return Status::Ok();
  }
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

ValueId SizesOf(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  if (!shape.IsStatic()) return out.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
  std::vector<std::int32_t> sizes;
  for (const std::int64_t size : shape.Sizes()) sizes.push_back(static_cast<std::int32_t>(size));
  return out.ConstI32(sizes);
}

// Begins and sizes are vectors over all axes; what is constant in them folds.
Status TranslateCenter(OnnxNode& node, Builder& out) {
  const std::vector<int> axes = *ChangedAxes(node);
  const ValueId x = node.input(0);
  const int rank = node.input_rank(0);
  const ir::TensorType& result = *node.output_type(0);
  const Shape& shape = node.input_shape(0);
  std::vector<std::int32_t> from(static_cast<std::size_t>(rank));
  std::iota(from.begin(), from.end(), 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    from[static_cast<std::size_t>(axes[i])] = rank + static_cast<std::int32_t>(i);
  }
  const ValueId sizes = SizesOf(out, x);
  const ValueId both =
      out.Emit(OpKind::kConcatenation, {sizes, out.Cast(node.input(1), DType::kI32)},
               {{"axis", std::int64_t{0}}});
  const ValueId target = out.Emit(OpKind::kGather, {both, out.ConstI32(from)},
                                  {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
  const ValueId zero = out.ScalarI32(0), two = out.ScalarI32(2);
  const ValueId added = out.Maximum(out.Sub(target, sizes), zero);
  const ValueId removed = out.Maximum(out.Sub(sizes, target), zero);
  const ValueId before = out.Div(added, two);
  const Shape column{rank, 1};
  const ValueId pads =
      out.Emit(OpKind::kConcatenation,
               {out.Reshape(before, column), out.Reshape(out.Sub(added, before), column)},
               {{"axis", std::int64_t{1}}});
  SMELT_RETURN_IF_ERROR(out.status());
  Shape padded;
  for (int i = 0; i < rank; ++i) {
    padded.push_back(node.symbols().Max(shape.dim(i), result.shape.dim(i)));
  }
  const ValueId wide =
      out.EmitTyped(OpKind::kPad, std::vector{x, pads}, {}, {result.dtype, padded});
  const ValueId y =
      out.EmitTyped(OpKind::kSlice, std::vector{wide, out.Div(removed, two), target}, {}, result);
  node.SetOutput(0, y);
  return out.status();
}

Verdict AxesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const auto axes = ChangedAxes(node);
  const Shape& sizes = node.input_shape(1);
  const auto dims = node.input_dims(1);
  bool fits =
      axes && sizes.rank() == 1 && sizes.dim(0) == Dim(static_cast<std::int64_t>(axes->size()));
  for (const Dim dim : dims.value_or(DimValues{})) {
    const auto size = IntFromDim(node.symbols(), dim);
    fits = fits && (!size || (*size >= 0 && *size <= INT32_MAX));
  }
  if (fits) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " for " + node.input_text(0), finding);
}

constexpr OnnxConstraint kCenter[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 6}, "input of rank {lo} to {hi}"},
    {Reason::kShapeMismatch, AxesFit, {}, "one size, not negative, for each of different axes"},
};

constexpr OnnxRule kRules[] = {
    {"", "CenterCropPad", 18, 18, kCenter, InferCenter, TranslateCenter},
};

}  // namespace

std::span<const OnnxRule> CenterCropPadRules() { return kRules; }

}  // namespace smelt::onnx_import
