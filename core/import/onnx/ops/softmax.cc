// Softmax and LogSoftmax. Before opset 13 they work on the input seen as a matrix of which `axis`
// is the first column dimension; since then on one axis.
#include <numeric>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::OpKind;
using ir::ValueId;

int DefaultAxis(const OnnxNode& node) { return node.schema_version() < 13 ? 1 : -1; }

template <OpKind kKind>
ValueId OnLastAxis(Builder& out, ValueId x) {
  if constexpr (kKind == OpKind::kSoftmax) return out.Emit(kKind, {x}, {{"beta", 1.0}});
  return out.Unary(kKind, x);
}

// The input as [rows, columns], then back.
template <OpKind kKind>
ValueId OnMatrix(OnnxNode& node, Builder& out, int axis) {
  const ir::Shape& shape = node.input_shape(0);
  ir::Dim rows(1);
  ir::Dim columns(1);
  for (int i = 0; i < shape.rank(); ++i) {
    ir::Dim& side = i < axis ? rows : columns;
    side = node.symbols().Mul(side, shape.dim(i));
  }
  const ValueId matrix = out.Reshape(node.input(0), ir::Shape{rows, columns});
  return out.Reshape(OnLastAxis<kKind>(out, matrix), shape);
}

// The axis swapped with the last one, then back.
template <OpKind kKind>
ValueId OnAxis(OnnxNode& node, Builder& out, int axis) {
  const int last = node.input_rank(0) - 1;
  if (axis == last) return OnLastAxis<kKind>(out, node.input(0));
  std::vector<int> swap(static_cast<std::size_t>(last) + 1);
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[static_cast<std::size_t>(axis)], swap[static_cast<std::size_t>(last)]);
  const ValueId swapped = out.Transpose(node.input(0), swap);
  return out.Transpose(OnLastAxis<kKind>(out, swapped), swap);
}

template <OpKind kKind>
Status TranslateSoftmax(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  if (rank == 0) {  // one element alone: the same as a row of one
    const ValueId row = out.Reshape(node.input(0), ir::Shape{1});
    node.SetOutput(0, out.Reshape(OnLastAxis<kKind>(out, row), ir::Shape{}));
    return out.status();
  }
  const std::int64_t raw = node.Int("axis", DefaultAxis(node));
  // In the matrix form axis == rank is allowed: every row has one element.
  const int axis = raw == rank ? rank : *ir::NormalizeAxis(raw, rank);
  const bool matrix_form = node.schema_version() < 13 && axis != rank - 1;
  node.SetOutput(0,
                 matrix_form ? OnMatrix<kKind>(node, out, axis) : OnAxis<kKind>(node, out, axis));
  return out.status();
}

Verdict AxisFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const int rank = node.input_rank(0);
  const std::int64_t axis = node.Int("axis", DefaultAxis(node));
  if (rank == 0 && (axis == 0 || axis == -1)) return Verdict::kHolds;
  if (ir::NormalizeAxis(axis, rank)) return Verdict::kHolds;
  if (node.schema_version() < 13 && axis == rank) return Verdict::kHolds;
  return Violated(node, 0, "axis " + std::to_string(axis), finding);
}

constexpr OnnxConstraint kSoftmax[] = {
    {Reason::kUnsupportedAttributeValue, AxisFits, {}, "axis is an axis of the input"},
};

constexpr OnnxRule kRules[] = {
    {"", "LogSoftmax", 1, 13, kSoftmax, SameAsFirst, TranslateSoftmax<OpKind::kLogSoftmax>},
    {"", "Softmax", 1, 13, kSoftmax, SameAsFirst, TranslateSoftmax<OpKind::kSoftmax>},
};

}  // namespace

std::span<const OnnxRule> SoftmaxRules() { return kRules; }

}  // namespace smelt::onnx_import
