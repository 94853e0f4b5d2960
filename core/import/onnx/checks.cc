#include "core/import/onnx/checks.h"

#include "core/import/onnx/infer.h"

namespace smelt::onnx_import {

std::string TypeSetText(TypeSet set) {
  std::string text;
  for (int i = 0; i < ir::kDTypeCount; ++i) {
    const auto dtype = static_cast<ir::DType>(i);
    if (!Contains(set, dtype)) continue;
    if (!text.empty()) text += ", ";
    text += ir::DTypeName(dtype);
  }
  return text;
}

Verdict Violated(const OnnxNode& node, int i, std::string found, Finding& finding) {
  finding.found = std::move(found);
  finding.tensor = node.input_name(i);
  finding.tensor_type = node.input_text(i);
  return Verdict::kViolated;
}

Verdict Violated(std::string found, Finding& finding) {
  finding.found = std::move(found);
  return Verdict::kViolated;
}

Verdict Contradicted(const OnnxNode& node, int i, std::string found, Finding& finding) {
  finding.in_every_run = true;
  return Violated(node, i, std::move(found), finding);
}

Verdict CheckTypeIn(const OnnxNode& node, int i, TypeSet set, Finding& finding) {
  if (!node.has_input(i)) return Verdict::kHolds;
  if (!node.knows_input(i)) return Verdict::kNotChecked;
  if (Contains(set, node.input_dtype(i))) return Verdict::kHolds;
  return Violated(node, i, std::string(ir::DTypeName(node.input_dtype(i))), finding);
}

Verdict CheckRank(const OnnxNode& node, int i, Bounds bounds, Finding& finding) {
  if (!node.has_input(i)) return Verdict::kHolds;
  if (!node.knows_input(i)) return Verdict::kNotChecked;
  const int rank = node.input_rank(i);
  if (rank >= bounds.lo && rank <= bounds.hi) return Verdict::kHolds;
  return Violated(node, i, "rank " + std::to_string(rank), finding);
}

Verdict CheckSameType(const OnnxNode& node, int i, int j, Finding& finding) {
  if (!node.has_input(i) || !node.has_input(j)) return Verdict::kHolds;
  if (!node.knows_input(i) || !node.knows_input(j)) return Verdict::kNotChecked;
  if (node.input_dtype(i) == node.input_dtype(j)) return Verdict::kHolds;
  return Violated(node, j,
                  std::string(ir::DTypeName(node.input_dtype(i))) + " and " +
                      std::string(ir::DTypeName(node.input_dtype(j))),
                  finding);
}

Verdict CheckConstant(const OnnxNode& node, int i, Finding& finding) {
  if (!node.has_input(i) || node.input_constant(i) != nullptr) return Verdict::kHolds;
  if (node.asked_unknown()) return Verdict::kNotChecked;
  return Violated(node, i, "computed at run time", finding);
}

Verdict CheckStatic(const OnnxNode& node, int i, int first_axis, Finding& finding) {
  if (!node.has_input(i)) return Verdict::kHolds;
  if (!node.knows_input(i)) return Verdict::kNotChecked;
  const ir::Shape& shape = node.input_shape(i);
  for (int axis = first_axis; axis < shape.rank(); ++axis) {
    if (shape.dim(axis).is_static()) continue;
    return Violated(
        node, i, "dimension " + std::to_string(axis) + " = " + node.symbols().Text(shape.dim(axis)),
        finding);
  }
  return Verdict::kHolds;
}

Verdict CheckIntAttr(const OnnxNode& node, std::string_view name, std::int64_t fallback,
                     Bounds bounds, Finding& finding) {
  const std::int64_t value = node.Int(name, fallback);
  if (value >= bounds.lo && value <= bounds.hi) return Verdict::kHolds;
  return Violated(std::string(name) + " = " + std::to_string(value), finding);
}

Verdict OutputCount(const OnnxNode& node, Bounds bounds, Finding& finding) {
  for (int i = bounds.hi; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    finding.tensor = node.output_name(i);
    return Violated("result " + std::to_string(i), finding);
  }
  return Verdict::kHolds;
}

Verdict SameTypes(const OnnxNode& node, Bounds, Finding& finding) {
  int first = -1;
  Verdict verdict = Verdict::kHolds;
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i)) {
      verdict = Verdict::kNotChecked;
      continue;
    }
    if (first < 0) first = i;
    const Verdict one = CheckSameType(node, first, i, finding);
    if (one == Verdict::kViolated) return one;
  }
  return verdict;
}

Verdict Broadcastable(const OnnxNode& node, Bounds, Finding& finding) {
  ir::Shape shape;
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    auto joined = BroadcastShapes(node.symbols(), shape, node.input_shape(i));
    if (!joined.ok()) return Contradicted(node, i, std::string(joined.status().message()), finding);
    shape = std::move(joined).value();
  }
  return Verdict::kHolds;
}

Verdict CheckAxisAttr(const OnnxNode& node, std::string_view name, std::int64_t fallback, int input,
                      int extra, Finding& finding) {
  if (!node.has_input(input)) return Verdict::kHolds;
  if (!node.knows_input(input)) return Verdict::kNotChecked;
  const std::int64_t axis = node.Int(name, fallback);
  if (ir::NormalizeAxis(axis, node.input_rank(input) + extra)) return Verdict::kHolds;
  return Violated(node, input, std::string(name) + " = " + std::to_string(axis), finding);
}

}  // namespace smelt::onnx_import
