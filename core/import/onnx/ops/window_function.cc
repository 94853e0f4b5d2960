// Window functions of signals: HannWindow, HammingWindow, BlackmanWindow.
#include <numbers>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/data_type.h"
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

// level - first cos(2 pi n / N) + second cos(4 pi n / N).
struct Cosines {
  double level, first, second;
};
constexpr Cosines kHann = {0.5, 0.5, 0};
constexpr Cosines kHamming = {25.0 / 46, 21.0 / 46, 0};
constexpr Cosines kBlackman = {0.42, 0.5, 0.08};

Status InferWindow(OnnxNode& node) {
  const auto dtype = DTypeFromOnnx(static_cast<int>(node.Int("output_datatype", 1)));
  if (!dtype || !node.knows_input(0)) return Status::Ok();
  Dim length;
  if (const auto dims = node.input_dims(0); dims && dims->size() == 1) {
    const auto size = IntFromDim(node.symbols(), dims->front());
    if (size && *size < 0) return Status::Ok();
    length = dims->front();
  } else {
    length = node.symbols().Fresh("length of " + node.output_name(0));
  }
  node.SetOutputType(0, {*dtype, Shape{length}});
  return Status::Ok();
}

template <const Cosines* kWindow>
Status TranslateWindow(OnnxNode& node, Builder& out) {
  const auto& type = *node.output_type(0);
  const ValueId size = out.Cast(out.Reshape(node.input(0), Shape{}), DType::kI32);
  const std::vector<ValueId> range = {out.ScalarI32(0), size, out.ScalarI32(1)};
  const ValueId n =
      out.Cast(out.EmitTyped(OpKind::kRange, range, {}, {DType::kI32, type.shape}), DType::kF32);
  const auto f32 = [&](double value) { return out.Scalar(DType::kF32, value); };
  ValueId period = out.Cast(size, DType::kF32);
  if (node.Int("periodic", 1) == 0) period = out.Sub(period, f32(1));
  const ValueId angle = out.Div(out.Mul(n, f32(2 * std::numbers::pi)), period);
  ValueId y = out.Mul(out.Unary(OpKind::kCos, angle), f32(-kWindow->first));
  if (kWindow->second != 0) {
    const ValueId twice = out.Unary(OpKind::kCos, out.Add(angle, angle));
    y = out.Add(y, out.Mul(twice, f32(kWindow->second)));
  }
  node.SetOutput(0, out.Cast(out.Add(y, f32(kWindow->level)), type.dtype));
  return out.status();
}

Verdict OneSize(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (node.input_shape(0).ElementCount() != 1) {
    return Violated(node, 0, node.input_text(0), finding);
  }
  const auto size = node.input_ints(0);
  if (!size || (size->front() >= bounds.lo && size->front() <= bounds.hi)) return Verdict::kHolds;
  return Violated(node, 0, "size " + std::to_string(size->front()), finding);
}

Verdict FloatResult(const OnnxNode& node, Bounds, Finding& finding) {
  const auto dtype = DTypeFromOnnx(static_cast<int>(node.Int("output_datatype", 1)));
  if (dtype && Contains(kFloatTypes, *dtype)) return Verdict::kHolds;
  return Violated("output_datatype = " + std::to_string(node.Int("output_datatype", 1)), finding);
}

constexpr OnnxConstraint kWindow[] = {
    {Reason::kValueOutOfRange, OneSize, {2, 1 << 24}, "the size is one number, {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue, FloatResult, {}, "output_datatype is a float type"},
};

constexpr OnnxRule kRules[] = {
    {"", "HannWindow", 17, 17, kWindow, InferWindow, TranslateWindow<&kHann>},
    {"", "HammingWindow", 17, 17, kWindow, InferWindow, TranslateWindow<&kHamming>},
    {"", "BlackmanWindow", 17, 17, kWindow, InferWindow, TranslateWindow<&kBlackman>},
};

}  // namespace

std::span<const OnnxRule> WindowFunctionRules() { return kRules; }

}  // namespace smelt::onnx_import
