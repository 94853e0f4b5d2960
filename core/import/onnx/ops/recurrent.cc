// LSTM, GRU and RNN.
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/recurrent_direction.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

CellKind KindOf(const OnnxNode& node) {
  if (node.op_type() == "LSTM") return CellKind::kLstm;
  return node.op_type() == "GRU" ? CellKind::kGru : CellKind::kRnn;
}

Cell CellOf(const OnnxNode& node, int direction) {
  Cell cell;
  cell.kind = KindOf(node);
  cell.hidden = node.input_shape(kR).dim(2).value();
  cell.activations = CellActivations(node, direction);
  cell.clip = node.Float("clip", 0);
  cell.linear_before_reset = cell.kind == CellKind::kGru && node.Int("linear_before_reset", 0) != 0;
  cell.input_forget = cell.kind == CellKind::kLstm && node.Int("input_forget", 0) != 0;
  return cell;
}

Status InferRecurrent(OnnxNode& node) {
  if (!node.knows_input(kX) || !node.knows_input(kR)) return Status::Ok();
  const Shape& x = node.input_shape(kX);
  if (x.rank() != 3 || node.input_rank(kR) != 3) return Status::Ok();
  const DType dtype = node.input_dtype(kX);
  const Dim directions(DirectionCount(node));
  const Dim hidden = node.input_shape(kR).dim(2);
  const bool batch_first = BatchFirst(node);
  const Dim steps = x.dim(batch_first ? 1 : 0), batch = x.dim(batch_first ? 0 : 1);
  const Shape all = batch_first ? Shape{batch, steps, directions, hidden}
                                : Shape{steps, directions, batch, hidden};
  const Shape last =
      batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  for (int i = 0; i < node.output_count(); ++i) {
    node.SetOutputType(i, {dtype, i == 0 ? all : last});
  }
  return Status::Ok();
}

// The directions' values side by side on a new axis.
ValueId Side(Builder& out, const std::vector<ValueId>& values, int axis) {
  return out.Emit(
      OpKind::kPack, values,
      {{"values_count", static_cast<std::int64_t>(values.size())}, {"axis", std::int64_t{axis}}});
}

Status TranslateRecurrent(OnnxNode& node, Builder& out) {
  const bool batch_first = BatchFirst(node);
  const ValueId given = out.Cast(node.input(kX), DType::kF32);
  const ValueId x = batch_first ? out.Transpose(given, {1, 0, 2}) : given;
  SMELT_RETURN_IF_ERROR(out.status());
  std::vector<ValueId> all, hidden, cell;
  for (int i = 0; i < DirectionCount(node); ++i) {
    const DirectionValues made = EmitDirection(node, out, x, i, CellOf(node, i));
    SMELT_RETURN_IF_ERROR(out.status());
    all.push_back(made.all);
    hidden.push_back(made.last.hidden);
    cell.push_back(made.last.cell);
  }
  const DType dtype = node.input_dtype(kX);
  if (node.has_output(0)) {
    ValueId y = Side(out, all, batch_first ? 2 : 1);
    if (batch_first) y = out.Transpose(y, {1, 0, 2, 3});
    node.SetOutput(0, out.Cast(y, dtype));
  }
  const std::vector<ValueId>* states[] = {&hidden, &cell};
  for (int i = 1; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    node.SetOutput(i, out.Cast(Side(out, *states[i - 1], batch_first ? 1 : 0), dtype));
  }
  return out.status();
}

// --- Checks ---

// Of the gates' matrices: only the steps and the sequences may be counted at run time.
Verdict FeaturesAreKnown(const OnnxNode& node, Bounds, Finding& finding) {
  for (const int input : {kX, kR}) {
    if (!node.knows_input(input) || node.input_rank(input) != 3) return Verdict::kNotChecked;
    if (!node.input_shape(input).dim(2).is_static()) {
      return Violated(node, input, node.input_text(input), finding);
    }
  }
  return Verdict::kHolds;
}

Verdict ShapesFit(const OnnxNode& node, Bounds, Finding& finding) {
  for (const int input : {kX, kW, kR}) {
    if (!node.knows_input(input)) return Verdict::kNotChecked;
    if (node.input_rank(input) != 3) {
      return Contradicted(node, input, node.input_text(input), finding);
    }
  }
  const Dim hidden = node.input_shape(kR).dim(2);
  const Dim features = node.input_shape(kX).dim(2);
  if (!hidden.is_static() || !features.is_static()) return Verdict::kNotChecked;
  if (hidden.value() < 1) return Violated(node, kR, node.input_text(kR), finding);
  const Dim steps = node.input_shape(kX).dim(BatchFirst(node) ? 1 : 0);
  if (steps == Dim(0)) return Violated(node, kX, node.input_text(kX), finding);
  const Dim directions(DirectionCount(node));
  const Dim rows(GateCount(KindOf(node)) * hidden.value());
  const std::int64_t named = node.Int("hidden_size", hidden.value());
  const Shape expected[] = {{},
                            {directions, rows, features},
                            {directions, rows, hidden},
                            {directions, Dim(2 * rows.value())}};
  for (const int input : {kW, kR, kB}) {
    if (!node.has_input(input)) continue;
    if (!node.knows_input(input)) return Verdict::kNotChecked;
    if (node.input_shape(input) != expected[input] || named != hidden.value()) {
      return Violated(node, input, node.input_text(input), finding);
    }
  }
  if (!node.has_input(kPeepholes)) return Verdict::kHolds;
  if (!node.knows_input(kPeepholes)) return Verdict::kNotChecked;
  if (node.input_shape(kPeepholes) == Shape{directions, Dim(3 * hidden.value())}) {
    return Verdict::kHolds;
  }
  return Violated(node, kPeepholes, node.input_text(kPeepholes), finding);
}

Verdict StatesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kX) || !node.knows_input(kR)) return Verdict::kNotChecked;
  if (node.input_rank(kX) != 3 || node.input_rank(kR) != 3) return Verdict::kHolds;
  const bool batch_first = BatchFirst(node);
  const Dim batch = node.input_shape(kX).dim(batch_first ? 0 : 1);
  const Dim directions(DirectionCount(node));
  const Dim hidden = node.input_shape(kR).dim(2);
  const TensorType state{DType::kF32, batch_first ? Shape{batch, directions, hidden}
                                                  : Shape{directions, batch, hidden}};
  const TensorType lengths{DType::kF32, {batch}};
  for (const int input : {kLengths, kHidden, kCell}) {
    if (!node.has_input(input)) continue;
    if (!node.knows_input(input)) return Verdict::kNotChecked;
    const TensorType found{DType::kF32, node.input_shape(input)};
    if (!ir::MayAgree(found, input == kLengths ? lengths : state)) {
      return Violated(node, input, node.input_text(input), finding);
    }
  }
  return Verdict::kHolds;
}

Verdict ClipPositive(const OnnxNode& node, Bounds, Finding& finding) {
  const double clip = node.Float("clip", 0);
  if (clip >= 0) return Verdict::kHolds;
  return Violated("clip = " + std::to_string(clip), finding);
}

constexpr OnnxConstraint kRecurrent[] = {
    {Reason::kUnsupportedType,
     TypeIn<kX, Types(DType::kF32, DType::kF16, DType::kBF16)>,
     {},
     "input of type f32, f16 or bf16"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"direction", "forward", "reverse", "bidirectional">,
     {},
     "direction forward, reverse or bidirectional"},
    {Reason::kUnsupportedAttributeValue, IntAttrWithin<"layout", 0>, {0, 1}, "layout {lo} or {hi}"},
    {Reason::kDynamicDimensionUnsupported,
     FeaturesAreKnown,
     {},
     "the last axes of the input and of the recurrence weights are static"},
    {Reason::kShapeMismatch,
     ShapesFit,
     {},
     "input of rank 3 with at least one step; weights and biases of one part for each direction, "
     "with a row for each gate and hidden unit"},
    {Reason::kShapeMismatch,
     StatesFit,
     {},
     "sequence_lens one for each sequence, initial states one for each direction and sequence"},
    kCellActivations,
    {Reason::kUnsupportedAttributeValue, ClipPositive, {}, "clip is absent, 0 or positive"},
};

constexpr OnnxRule kRules[] = {
    {"", "GRU", 1, 22, kRecurrent, InferRecurrent, TranslateRecurrent},
    {"", "LSTM", 1, 22, kRecurrent, InferRecurrent, TranslateRecurrent},
    {"", "RNN", 1, 22, kRecurrent, InferRecurrent, TranslateRecurrent},
};

}  // namespace

std::span<const OnnxRule> RecurrentRules() { return kRules; }

}  // namespace smelt::onnx_import
