#include "core/import/onnx/ops/attribute_broadcast.h"

#include <utility>

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::Shape;

// Equal, as far as one can tell before the model runs.
bool Fits(Dim first, Dim second) {
  return second == first || !first.is_static() || !second.is_static();
}

}  // namespace

std::optional<Shape> AlignedShape(const OnnxNode& node) {
  const Shape& first = node.input_shape(0);
  const Shape& second = node.input_shape(1);
  const bool repeats = node.Int("broadcast", 0) != 0;
  if (repeats && second.ElementCount() == 1) return Shape{};
  if (!repeats && first.rank() != second.rank()) return std::nullopt;
  std::int64_t start = first.rank() - second.rank();
  if (repeats && node.has_attr("axis")) {
    const auto axis = ir::NormalizeAxis(node.Int("axis", 0), first.rank());
    if (!axis) return std::nullopt;
    start = *axis;
  }
  if (start < 0 || start + second.rank() > first.rank()) return std::nullopt;
  Shape shape;
  for (int i = 0; i < second.rank(); ++i) {
    const Dim size = first.dim(static_cast<int>(start) + i);
    if (!Fits(size, second.dim(i)) && !(repeats && second.dim(i) == Dim(1))) return std::nullopt;
    shape.push_back(second.dim(i));
  }
  while (shape.rank() + start < first.rank()) shape.push_back(Dim(1));
  return shape;
}

ir::ValueId SecondOperand(OnnxNode& node, ir::Builder& out) {
  if (!BroadcastsByAttribute(node)) return node.input(1);
  return out.Reshape(node.input(1), *AlignedShape(node));
}

Verdict SecondOperandFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  if (AlignedShape(node)) return Verdict::kHolds;
  std::string found = node.input_text(0) + " and " + node.input_text(1);
  if (node.Int("broadcast", 0) == 0) {
    found += " without broadcast";
  } else if (node.has_attr("axis")) {
    found += " at axis " + std::to_string(node.Int("axis", 0));
  }
  return Violated(node, 1, std::move(found), finding);
}

}  // namespace smelt::onnx_import
