// Discrete Fourier transforms as one matrix product: DFT and STFT. The matrix maps interleaved real
// and imaginary parts to such parts; its entries are computed in double. What depends on sizes or
// an axis that the run tells is in computed_fourier.cc.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/computed_fourier.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr std::int64_t kMostEntries = std::int64_t{1} << 26;

struct Transform {
  std::int64_t given = 0;   // elements of the signal that are there
  std::int64_t length = 0;  // of the transform: the signal is cut or filled with zeros
  std::int64_t parts = 1;   // of an input element: 1 real, 2 complex
  bool inverse = false;
  bool onesided = false;

  bool real_result() const { return inverse && onesided; }
  std::int64_t results() const { return onesided && !inverse ? length / 2 + 1 : length; }
  std::int64_t result_parts() const { return real_result() ? 1 : 2; }
  std::int64_t entries() const { return given * parts * results() * result_parts(); }
};

// [given * parts, results * result_parts].
Constant Matrix(const Transform& t) {
  const std::int64_t columns = t.results() * t.result_parts();
  std::vector<float> matrix(static_cast<std::size_t>(t.entries()), 0.0F);
  const std::int64_t used = std::min(t.given, t.real_result() ? t.length / 2 + 1 : t.length);
  for (std::int64_t n = 0; n < used; ++n) {
    for (std::int64_t k = 0; k < t.results(); ++k) {
      const double turn = static_cast<double>(n * k % t.length) / static_cast<double>(t.length);
      const double angle = (t.inverse ? 2 : -2) * std::numbers::pi * turn;
      double weight = t.inverse ? 1.0 / static_cast<double>(t.length) : 1.0;
      // The half that is not there mirrors all but the first and, of an even length, the middle.
      if (t.real_result() && n != 0 && 2 * n != t.length) weight *= 2;
      const double real = weight * std::cos(angle), imaginary = weight * std::sin(angle);
      const auto put = [&](std::int64_t part, std::int64_t result, double value) {
        matrix[static_cast<std::size_t>((n * t.parts + part) * columns + k * t.result_parts() +
                                        result)] = static_cast<float>(value);
      };
      put(0, 0, real);
      if (t.result_parts() == 2) put(0, 1, imaginary);
      if (t.parts == 2) put(1, 0, -imaginary);
      if (t.parts == 2 && t.result_parts() == 2) put(1, 1, real);
    }
  }
  return Constant::FromValues<float>(DType::kF32, {t.given * t.parts, columns}, matrix);
}

// --- DFT ---

// The axis of a DFT, where it is constant and one of the signal's.
std::optional<int> DftAxis(const OnnxNode& node) {
  const bool by_input = node.schema_version() >= 20;
  std::int64_t stated = by_input ? -2 : node.Int("axis", 1);
  if (by_input && node.has_input(2)) {
    const auto value = node.input_ints(2);
    if (!value || value->size() != 1) return std::nullopt;
    stated = value->front();
  }
  const auto axis = ir::NormalizeAxis(stated, node.input_rank(0));
  return axis && *axis < node.input_rank(0) - 1 ? axis : std::nullopt;
}

struct DftPlan {
  int axis = 0;
  Transform transform;
};

std::optional<DftPlan> PlanDft(const OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 2) return std::nullopt;
  const Shape& shape = node.input_shape(0);
  const auto axis = DftAxis(node);
  if (!axis || !shape.dim(*axis).is_static()) return std::nullopt;
  DftPlan plan{*axis, {}};
  const Dim parts = shape.dim(shape.rank() - 1);
  if (parts != Dim(1) && parts != Dim(2)) return std::nullopt;
  Transform& t = plan.transform;
  t.parts = parts.value();
  t.given = shape.dim(*axis).value();
  t.inverse = node.Int("inverse", 0) != 0;
  t.onesided = node.Int("onesided", 0) != 0;
  t.length = t.real_result() ? 2 * (t.given - 1) : t.given;
  if (node.has_input(1)) {
    const auto value = node.input_ints(1);
    if (!value || value->size() != 1) return std::nullopt;
    t.length = value->front();
  }
  const bool fits = t.length > 0 && t.length < kMostEntries && t.entries() <= kMostEntries;
  // A one-sided spectrum is that of real numbers, and its inverse takes complex ones.
  const bool sided = !t.onesided || t.parts == (t.inverse ? 2 : 1);
  if (!fits || !sided) return std::nullopt;
  return plan;
}

// A one-sided spectrum is that of real numbers, and its inverse takes complex ones.
bool SidesFit(const TransformForm& form) {
  return !form.onesided || form.parts == (form.inverse ? 2 : 1);
}

bool IsComputed(const OnnxNode& node, int input) {
  return node.has_input(input) && node.input_constant(input) == nullptr;
}

// A transform of which the run tells the axis or a size; nothing when it is constant or no
// transform.
std::optional<TransformForm> ComputedDft(const OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 2) return std::nullopt;
  const Shape& shape = node.input_shape(0);
  const bool computed_axis = IsComputed(node, 2);
  const auto axis = DftAxis(node);
  if (!computed_axis && !axis) return std::nullopt;
  if (!computed_axis && !IsComputed(node, 1) && shape.dim(*axis).is_static()) return std::nullopt;
  for (const int input : {1, 2}) {
    if (node.has_input(input) && node.input_shape(input).ElementCount() != 1) return std::nullopt;
  }
  const Dim parts = shape.dim(shape.rank() - 1);
  if (parts != Dim(1) && parts != Dim(2)) return std::nullopt;
  const TransformForm form{parts.value(), node.Int("inverse", 0) != 0,
                           node.Int("onesided", 0) != 0};
  return SidesFit(form) ? std::optional(form) : std::nullopt;
}

Status InferComputedDft(OnnxNode& node, const TransformForm& form) {
  ir::TensorType type = node.input_type(0);
  const auto axis = DftAxis(node);
  const bool resizes = form.onesided || node.has_input(1);
  for (int i = 0; resizes && i < type.shape.rank() - 1; ++i) {
    if (!axis || i == *axis) type.shape.dim(i) = node.symbols().Fresh("axis of a transform");
  }
  type.shape.dim(type.shape.rank() - 1) = Dim(form.result_parts());
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

Status InferDft(OnnxNode& node) {
  if (const auto form = ComputedDft(node)) return InferComputedDft(node, *form);
  const auto plan = PlanDft(node);
  if (!plan) return Status::Ok();
  ir::TensorType type = node.input_type(0);
  type.shape.dim(plan->axis) = Dim(plan->transform.results());
  type.shape.dim(type.shape.rank() - 1) = Dim(plan->transform.result_parts());
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

// `x` with `axis` moved before its last axis, or, `back`, the inverse.
ValueId MoveSignal(Builder& out, ValueId x, int axis, bool back) {
  if (!out.status().ok()) return {};
  const int rank = out.type(x).shape.rank();
  if (axis == rank - 2) return x;
  std::vector<int> order;
  for (int i = 0; i < rank - 1; ++i) {
    if (back) {
      order.push_back(i < axis ? i : (i == axis ? rank - 2 : i - 1));
    } else if (i != axis) {
      order.push_back(i);
    }
  }
  if (!back) order.push_back(axis);
  order.push_back(rank - 1);
  return out.Transpose(x, order);
}

Status TranslateDft(OnnxNode& node, Builder& out) {
  if (const auto form = ComputedDft(node)) {
    const auto known = DftAxis(node);
    const ValueId axis =
        known ? out.ConstI32({*known}) : FrontAxes(out, node.input(2), node.input_rank(0));
    node.SetOutput(0, DftAtRunTime(node, out, *form, axis));
    return out.status();
  }
  const DftPlan plan = *PlanDft(node);
  const Transform& t = plan.transform;
  const ValueId x = MoveSignal(out, out.Cast(node.input(0), DType::kF32), plan.axis, false);
  SMELT_RETURN_IF_ERROR(out.status());
  Shape rows = out.type(x).shape;
  rows.dims().resize(rows.dims().size() - 2);
  const Shape outer = rows;
  const Dim count = node.symbols().Product(outer);
  const ValueId matrix = out.Const(Matrix(t));
  ValueId y =
      out.Emit(OpKind::kBatchMatmul, {out.Reshape(x, Shape{count, t.given * t.parts}), matrix});
  rows.push_back(t.results());
  rows.push_back(t.result_parts());
  y = MoveSignal(out, out.Reshape(y, rows), plan.axis, true);
  node.SetOutput(0, out.Cast(y, node.input_dtype(0)));
  return out.status();
}

Verdict DftFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const bool is_empty = node.input_shape(0).ElementCount() == 0;
  if (PlanDft(node) || (ComputedDft(node) && !is_empty)) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

// --- STFT: the frames of the signal, gathered, and then one transform of all. ---

struct StftPlan {
  std::int64_t step = 1, frames = 0;
  Transform transform;
};

std::optional<StftPlan> PlanStft(const OnnxNode& node) {
  if (!node.knows_input(0)) return std::nullopt;
  const Shape& signal = node.input_shape(0);
  if (signal.rank() < 2 || signal.rank() > 3 || !signal.dim(1).is_static()) return std::nullopt;
  StftPlan plan;
  Transform& t = plan.transform;
  if (signal.rank() == 3) {
    if (signal.dim(2) != Dim(1) && signal.dim(2) != Dim(2)) return std::nullopt;
    t.parts = signal.dim(2).value();
  }
  const auto step = node.input_ints(1);
  if (!step || step->size() != 1 || step->front() < 1) return std::nullopt;
  plan.step = step->front();
  if (node.has_input(3)) {
    const auto length = node.input_ints(3);
    if (!length || length->size() != 1) return std::nullopt;
    t.given = length->front();
  } else if (node.knows_input(2) && node.input_rank(2) == 1) {
    if (!node.input_shape(2).dim(0).is_static()) return std::nullopt;
    t.given = node.input_shape(2).dim(0).value();
  }
  const std::int64_t size = signal.dim(1).value();
  if (t.given < 1 || t.given > size) return std::nullopt;
  if (node.has_input(2) && (!node.knows_input(2) || node.input_shape(2) != Shape{t.given})) {
    return std::nullopt;
  }
  t.length = t.given;
  t.onesided = node.Int("onesided", 1) != 0;
  plan.frames = (size - t.given) / plan.step + 1;
  if (t.onesided && t.parts == 2) return std::nullopt;
  if (t.entries() > kMostEntries || plan.frames * t.given > kMostEntries) return std::nullopt;
  return plan;
}

// The length of a frame where only the run tells it or another size.
std::optional<TransformForm> ComputedStft(const OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return std::nullopt;
  const Shape& signal = node.input_shape(0);
  if (signal.rank() < 2 || signal.rank() > 3) return std::nullopt;
  if (!IsComputed(node, 1) && !IsComputed(node, 3) && signal.dim(1).is_static()) {
    return std::nullopt;
  }
  if (node.input_shape(1).ElementCount() != 1) return std::nullopt;
  if (node.has_input(3) && node.input_shape(3).ElementCount() != 1) return std::nullopt;
  if (node.has_input(2) && (!node.knows_input(2) || node.input_rank(2) != 1)) return std::nullopt;
  if (!node.has_input(2) && !node.has_input(3)) return std::nullopt;
  TransformForm form{1, false, node.Int("onesided", 1) != 0};
  if (signal.rank() == 3) {
    if (signal.dim(2) != Dim(1) && signal.dim(2) != Dim(2)) return std::nullopt;
    form.parts = signal.dim(2).value();
  }
  return SidesFit(form) ? std::optional(form) : std::nullopt;
}

Status TranslateComputedStft(OnnxNode& node, Builder& out, const TransformForm& form) {
  const ValueId given =
      node.has_input(3) ? AsIndexRow(out, node.input(3)) : SizesOf(out, node.input(2));
  node.SetOutput(0, StftAtRunTime(node, out, form, given));
  return out.status();
}

Status InferStft(OnnxNode& node) {
  if (ComputedStft(node)) {
    Shape shape = FreshShape(node, 4);
    shape.dim(0) = node.input_shape(0).dim(0);
    shape.dim(3) = Dim(2);
    node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
    return Status::Ok();
  }
  const auto plan = PlanStft(node);
  if (!plan) return Status::Ok();
  node.SetOutputType(0, {node.input_dtype(0), Shape{node.input_shape(0).dim(0), plan->frames,
                                                    plan->transform.results(), 2}});
  return Status::Ok();
}

Status TranslateStft(OnnxNode& node, Builder& out) {
  if (const auto form = ComputedStft(node)) return TranslateComputedStft(node, out, *form);
  const StftPlan plan = *PlanStft(node);
  const Transform& t = plan.transform;
  const Dim batch = node.input_shape(0).dim(0);
  const Dim size = node.input_shape(0).dim(1);
  std::vector<std::int32_t> places;
  for (std::int64_t frame = 0; frame < plan.frames; ++frame) {
    for (std::int64_t i = 0; i < t.given; ++i) {
      places.push_back(static_cast<std::int32_t>(frame * plan.step + i));
    }
  }
  const ValueId x = out.Reshape(out.Cast(node.input(0), DType::kF32), Shape{batch, size, t.parts});
  ValueId frames = out.Emit(OpKind::kGather, {x, out.ConstI32(places)},
                            {{"axis", std::int64_t{1}}, {"batch_dims", std::int64_t{0}}});
  if (node.has_input(2)) {
    frames = out.Reshape(frames, Shape{batch, plan.frames, t.given, t.parts});
    frames = out.Mul(frames, out.Reshape(out.Cast(node.input(2), DType::kF32), Shape{t.given, 1}));
  }
  frames = out.Reshape(frames, Shape{batch, plan.frames, t.given * t.parts});
  const ValueId y = out.Emit(OpKind::kBatchMatmul, {frames, out.Const(Matrix(t))});
  node.SetOutput(0, out.Cast(out.Reshape(y, node.output_type(0)->shape), node.input_dtype(0)));
  return out.status();
}

Verdict StftFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || (node.has_input(2) && !node.knows_input(2))) {
    return Verdict::kNotChecked;
  }
  if (node.has_input(2) && node.input_shape(2).ElementCount() == 0) {
    return Violated(node, 2, node.input_text(2), finding);
  }
  if (PlanStft(node) || ComputedStft(node)) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kFloat = {Reason::kUnsupportedType,
                                   TypeIn<0, Types(DType::kF32, DType::kF16, DType::kBF16)>,
                                   {},
                                   "the signal is f32, f16 or bf16"};
constexpr OnnxConstraint kDft[] = {
    kFloat,
    {Reason::kShapeMismatch,
     DftFits,
     {},
     "a signal axis before a last axis of 1 or 2, no empty signal where its length is computed, at "
     "most 2^26 matrix entries, real input for a one-sided transform and complex input for its "
     "inverse"},
};
constexpr OnnxConstraint kStft[] = {
    kFloat,
    {Reason::kShapeMismatch,
     StftFits,
     {},
     "a signal that holds a frame, a window as long as the frame, at most 2^26 matrix entries, "
     "real input for a one-sided transform"},
};

constexpr OnnxRule kRules[] = {
    {"", "DFT", 17, 20, kDft, InferDft, TranslateDft},
    {"", "STFT", 17, 17, kStft, InferStft, TranslateStft},
};

}  // namespace

std::span<const OnnxRule> FourierRules() { return kRules; }

}  // namespace smelt::onnx_import
