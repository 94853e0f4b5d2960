// Concat and Split. The sizes of a split may be computed.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// --- Concat ---

// The elements of rows of integers one after the other, as far as they are known.
void JoinElements(OnnxNode& node) {
  constexpr std::int64_t kMost = 64;  // of a row that says nothing: longer ones are data
  constexpr std::size_t kMostTogether = 1 << 16;
  DimValues dims;
  bool told = false;
  for (int i = 0; i < node.input_count(); ++i) {
    const auto part = node.input_elements(i);
    told = told || part.has_value();
    const Dim length = node.input_shape(i).dim(0);
    if (!part && (!length.is_static() || length.value() > kMost)) return;
    const DimValues row = part.value_or(
        DimValues(static_cast<std::size_t>(part ? 0 : length.value()), Dim::Unknown()));
    if (dims.size() + row.size() > kMostTogether) return;
    dims.insert(dims.end(), row.begin(), row.end());
  }
  if (told) node.SetOutputDims(0, std::move(dims));
}

Status InferConcat(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto axis = ir::NormalizeAxis(node.Int("axis", 1), node.input_rank(0));
  if (!axis) return Status::Ok();
  Shape shape = node.input_shape(0);
  for (int i = 1; i < node.input_count(); ++i) {
    if (!node.knows_input(i) || node.input_rank(i) != shape.rank()) return Status::Ok();
    for (int d = 0; d < shape.rank(); ++d) {
      const Dim dim = node.input_shape(i).dim(d);
      if (d == *axis) {
        shape.dim(d) = node.symbols().Add(shape.dim(d), dim);
      } else if (!shape.dim(d).is_static()) {
        shape.dim(d) = dim;  // all equal when the model runs: keep the one that says most
      }
    }
  }
  node.SetOutputType(0, {node.input_dtype(0), shape});
  if (shape.rank() != 1) return Status::Ok();
  JoinElements(node);
  return Status::Ok();
}

Status TranslateConcat(OnnxNode& node, Builder& out) {
  std::vector<ValueId> parts;
  for (int i = 0; i < node.input_count(); ++i) parts.push_back(node.input(i));
  if (parts.size() == 1) {
    node.SetOutput(0, parts[0]);
    return out.status();
  }
  const int axis = *ir::NormalizeAxis(node.Int("axis", 1), node.input_rank(0));
  node.SetOutput(0, out.Emit(OpKind::kConcatenation, parts,
                             {{"axis", std::int64_t{axis}},
                              {"fused_activation_function", std::string("NONE")}}));
  return out.status();
}

Verdict PartsFit(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
  }
  const Shape& first = node.input_shape(0);
  const auto axis = ir::NormalizeAxis(node.Int("axis", 1), first.rank());
  if (!axis) return Verdict::kNotChecked;  // another constraint says so
  bool may_be_empty = false;               // one that is fits all in ONNX Runtime
  for (int i = 0; i < node.input_count(); ++i) {
    const Shape& part = node.input_shape(i);
    may_be_empty = may_be_empty || part.ElementCount().value_or(0) == 0;
  }
  const auto refuse = [&](int i) {
    return may_be_empty ? Violated(node, i, node.input_text(i), finding)
                        : Contradicted(node, i, node.input_text(i), finding);
  };
  for (int i = 1; i < node.input_count(); ++i) {
    const Shape& part = node.input_shape(i);
    if (part.rank() != first.rank()) return refuse(i);
    for (int d = 0; d < first.rank(); ++d) {
      const bool differ =
          first.dim(d).is_static() && part.dim(d).is_static() && first.dim(d) != part.dim(d);
      if (d != *axis && differ) return refuse(i);
    }
  }
  return Verdict::kHolds;
}

// --- Split ---

// Version 1 of Split writes sizes in the type of what it splits.
std::optional<std::vector<std::int64_t>> WholeNumbers(
    const std::optional<std::vector<double>>& values) {
  if (!values) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const double value : *values) {
    if (!(std::abs(value) <= INT32_MAX) || value != std::trunc(value)) return std::nullopt;
    numbers.push_back(static_cast<std::int64_t>(value));
  }
  return numbers;
}

// The sizes of the parts; nothing when they can't be told. Requires a known input and a valid axis.
std::optional<std::vector<std::int64_t>> SplitSizes(const OnnxNode& node, int axis) {
  if (node.schema_version() < 13) {
    if (auto sizes = node.Ints("split")) return sizes;
    if (node.has_input(1)) return WholeNumbers(node.input_doubles(1));  // version 1
  } else if (node.has_input(1)) {
    return node.input_ints(1);
  }
  const Dim total = node.input_shape(0).dim(axis);
  const std::int64_t parts =
      node.has_attr("num_outputs") ? node.Int("num_outputs", 0) : std::int64_t{node.output_count()};
  constexpr std::int64_t kMostParts = 1 << 20;
  if (!total.is_static() || parts <= 0 || parts > kMostParts) return std::nullopt;
  // Equal parts; since opset 18 the last one may be smaller.
  const std::int64_t size = (total.value() + parts - 1) / parts;
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(parts), size);
  sizes.back() = total.value() - size * (parts - 1);
  return sizes;
}

// Into how many parts; nothing when sizes are given whose number is not known.
std::optional<std::int64_t> PartCount(const OnnxNode& node) {
  if (node.schema_version() >= 13 && node.has_input(1)) {
    return node.knows_input(1) ? node.input_shape(1).ElementCount() : std::nullopt;
  }
  return node.has_attr("num_outputs") ? node.Int("num_outputs", 0)
                                      : std::int64_t{node.output_count()};
}

// Part i of a dimension that is not static.
Dim SymbolicPart(OnnxNode& node, Dim total, int i) {
  ir::SymbolTable& symbols = node.symbols();
  const std::int64_t parts = PartCount(node).value_or(0);
  const bool given = node.schema_version() >= 13 && node.has_input(1);
  if (given || parts < 1) return symbols.Fresh("part of " + node.output_name(i));
  if (node.schema_version() < 18) return symbols.FloorDiv(total, Dim(parts));
  const Dim size = symbols.CeilDiv(total, Dim(parts));
  return i + 1 < parts ? size : symbols.Sub(total, symbols.Mul(size, Dim(parts - 1)));
}

Status InferSplit(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  if (!axis) return Status::Ok();
  const auto sizes = SplitSizes(node, *axis);
  const auto dims = node.input_dims(0);
  std::int64_t rest = dims ? static_cast<std::int64_t>(dims->size()) : -1;
  for (int i = 0; i < node.output_count(); ++i) {
    Shape shape = node.input_shape(0);
    const bool known = sizes && i < static_cast<int>(sizes->size());
    const std::int64_t size = known ? (*sizes)[static_cast<std::size_t>(i)] : 0;
    shape.dim(*axis) = known ? Dim(size) : SymbolicPart(node, shape.dim(*axis), i);
    node.SetOutputType(i, {node.input_dtype(0), shape});
    // Sizes may be any numbers here: whether they fit is a constraint's question.
    if (known && size >= 0 && size <= rest) {
      node.SetOutputDims(i, DimValues(dims->end() - rest, dims->end() - rest + size));
      rest -= size;
    } else {
      rest = -1;
    }
  }
  return Status::Ok();
}

// Sizes that the run tells: computed ones, or equal parts of a dimension of which the last may be
// smaller.
ValueId RunTimeSizes(OnnxNode& node, Builder& out, int axis, std::int64_t parts) {
  if (node.schema_version() >= 13 && node.has_input(1)) return AsIndexRow(out, node.input(1));
  const auto others = static_cast<std::int32_t>(parts - 1);
  const ValueId total = out.Reshape(SizeOf(out, node.input(0), axis, ir::DType::kI32), Shape{1});
  const ValueId size = out.Emit(
      OpKind::kFloorDiv,
      {out.Add(total, out.ConstI32({others})), out.ConstI32({static_cast<std::int32_t>(parts)})});
  const ValueId rest = out.Sub(total, out.Mul(size, out.ConstI32({others})));
  const ValueId equal = out.Emit(OpKind::kTile, {size, out.ConstI32({others})});
  return JoinRows(out, {equal, rest});
}

Status SplitAtRunTime(OnnxNode& node, Builder& out, int axis) {
  const std::int64_t count = *PartCount(node);
  const ValueId operands[] = {node.input(0), RunTimeSizes(node, out, axis, count),
                              out.ScalarI32(axis)};
  const auto parts = out.EmitMany(OpKind::kSplitV, operands, {{"num_splits", count}});
  if (!out.status().ok()) return out.status();
  for (int i = 0; i < node.output_count(); ++i) {
    node.SetOutput(i, parts[static_cast<std::size_t>(i)]);
  }
  return out.status();
}

Status TranslateSplit(OnnxNode& node, Builder& out) {
  const int axis = *ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  const auto known = SplitSizes(node, axis);
  if (!known && PartCount(node) != 1) return SplitAtRunTime(node, out, axis);
  const std::vector<std::int64_t> sizes = known.value_or(std::vector<std::int64_t>{0});
  if (sizes.size() == 1) {
    node.SetOutput(0, node.input(0));
    return out.status();
  }
  const bool equal =
      std::all_of(sizes.begin(), sizes.end(), [&](std::int64_t size) { return size == sizes[0]; });
  const auto count = static_cast<std::int64_t>(sizes.size());
  std::vector<ValueId> parts;
  if (equal && node.input_shape(0).dim(axis).is_static()) {
    parts = out.EmitMany(OpKind::kSplit, std::vector{out.ScalarI32(axis), node.input(0)},
                         {{"num_splits", count}});
  } else {
    std::vector<std::int32_t> narrow(sizes.begin(), sizes.end());
    parts = out.EmitMany(OpKind::kSplitV,
                         std::vector{node.input(0), out.ConstI32(narrow), out.ScalarI32(axis)},
                         {{"num_splits", count}});
  }
  if (!out.status().ok()) return out.status();
  for (int i = 0; i < node.output_count(); ++i) {
    node.SetOutput(i, parts[static_cast<std::size_t>(i)]);
  }
  return out.status();
}

Verdict PartsAreCounted(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  if (!axis) return Verdict::kNotChecked;
  if (SplitSizes(node, *axis)) return Verdict::kHolds;
  const auto count = PartCount(node);
  const bool fits =
      count && *count >= std::max(bounds.lo, node.output_count()) && *count <= bounds.hi;
  if (fits) return Verdict::kHolds;
  return Violated(node, node.has_input(1) ? 1 : 0,
                  count ? std::to_string(*count) + " parts" : "an unknown number of parts",
                  finding);
}

Verdict SizesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
  if (!axis) return Verdict::kNotChecked;
  const auto sizes = SplitSizes(node, *axis);
  if (!sizes) return Verdict::kHolds;  // the kernel checks computed ones
  std::int64_t total = 0;
  for (std::int64_t size : *sizes) {
    if (size < 0 || size > INT32_MAX)
      return Violated(node, 0, "a part of " + std::to_string(size), finding);
    total += size;
  }
  const Dim dim = node.input_shape(0).dim(*axis);
  if (static_cast<int>(sizes->size()) < node.output_count()) {
    return Violated(node, 0,
                    std::to_string(sizes->size()) + " sizes for " +
                        std::to_string(node.output_count()) + " results",
                    finding);
  }
  if (!dim.is_static() || dim.value() == total) return Verdict::kHolds;
  return Violated(node, 0, "parts of " + std::to_string(total) + " elements in all", finding);
}

constexpr OnnxConstraint kConcat[] = {
    {Reason::kUnsupportedAttributeValue, AxisAttr<"axis", 1>, {}, "axis is an axis of the inputs"},
    {Reason::kTypeMismatch, SameTypes, {}, "all inputs have one element type"},
    {Reason::kShapeMismatch, PartsFit, {}, "the inputs agree in all dimensions but the axis"},
};
constexpr OnnxConstraint kSplit[] = {
    {Reason::kUnsupportedAttributeValue, AxisAttr<"axis", 0>, {}, "axis is an axis of the input"},
    {Reason::kUnknownRank,
     PartsAreCounted,
     {1, INT16_MAX},
     "the number of parts is known, {lo} to {hi}, one for each result"},
    {Reason::kShapeMismatch, SizesFit, {}, "the parts add up to the dimension of the axis"},
};

constexpr OnnxRule kRules[] = {
    {"", "Concat", 1, 13, kConcat, InferConcat, TranslateConcat},
    {"", "Split", 1, 18, kSplit, InferSplit, TranslateSplit},
};

}  // namespace

std::span<const OnnxRule> ConcatRules() { return kRules; }

}  // namespace smelt::onnx_import
