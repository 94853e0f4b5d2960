// ArgMax and ArgMin.
#include <optional>
#include <string>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/reduced_shape.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// Requires a known input.
std::optional<int> AxisOf(const OnnxNode& node) {
  return ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
}

Status InferArg(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto axis = AxisOf(node);
  if (!axis) return Status::Ok();
  node.SetOutputType(0, {DType::kI64, ReducedShape(node.input_shape(0), {*axis}, KeepsDims(node))});
  return Status::Ok();
}

// The kernels take the first of equals; for the last one the axis is reversed and counted from the
// end.
template <OpKind kKind>
Status TranslateArg(OnnxNode& node, Builder& out) {
  const int axis = *AxisOf(node);
  const bool last = node.Int("select_last_index", 0) != 0;
  ValueId x = node.input(0);
  if (last) x = out.Emit(OpKind::kReverseV2, {x, out.ConstI32({axis})});
  ValueId index = out.Emit(kKind, {x, out.ScalarI32(axis)}, {{"output_type", std::string("i64")}});
  if (last) {
    const auto size = node.input_shape(0).dim(axis).value();
    index = out.Sub(out.Scalar(DType::kI64, static_cast<double>(size - 1)), index);
  }
  node.SetOutput(0, out.Reshape(index, node.output_type(0)->shape));
  return out.status();
}

Verdict ArgAxisHasElements(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axis = AxisOf(node);
  if (!axis || node.input_shape(0).dim(*axis) != Dim(0)) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

Verdict LastIndexAxisIsStatic(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.Int("select_last_index", 0) == 0) return Verdict::kHolds;
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axis = AxisOf(node);
  if (!axis || node.input_shape(0).dim(*axis).is_static()) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kArg[] = {
    {Reason::kUnsupportedAttributeValue, AxisAttr<"axis", 0>, {}, "axis is an axis of the input"},
    {Reason::kValueOutOfRange, ArgAxisHasElements, {}, "the axis is not empty"},
    {Reason::kDynamicDimensionUnsupported,
     LastIndexAxisIsStatic,
     {},
     "the axis is static when the last of equal elements is wanted"},
};

constexpr OnnxRule kRules[] = {
    {"", "ArgMax", 1, 13, kArg, InferArg, TranslateArg<OpKind::kArgMax>},
    {"", "ArgMin", 1, 13, kArg, InferArg, TranslateArg<OpKind::kArgMin>},
};

}  // namespace

std::span<const OnnxRule> ArgExtremeRules() { return kRules; }

}  // namespace smelt::onnx_import
