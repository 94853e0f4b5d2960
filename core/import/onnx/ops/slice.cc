// Slice: bounds are attributes until opset 9, then inputs.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;
using Ints = std::vector<std::int64_t>;

bool BoundsAreInputs(const OnnxNode& node) { return node.schema_version() >= 10; }

std::optional<Ints> Starts(const OnnxNode& node) {
  return BoundsAreInputs(node) ? node.input_ints(1) : node.Ints("starts");
}
std::optional<Ints> Ends(const OnnxNode& node) {
  return BoundsAreInputs(node) ? node.input_ints(2) : node.Ints("ends");
}
// How many axes are sliced; nothing when unknown.
std::optional<std::int64_t> SlicedAxes(const OnnxNode& node) {
  if (const auto starts = Starts(node)) return static_cast<std::int64_t>(starts->size());
  if (!BoundsAreInputs(node) || !node.knows_input(1)) return std::nullopt;
  return node.input_shape(1).ElementCount();
}
std::optional<Ints> Axes(const OnnxNode& node) {
  if (BoundsAreInputs(node) ? node.has_input(3) : node.has_attr("axes")) {
    return BoundsAreInputs(node) ? node.input_ints(3) : node.Ints("axes");
  }
  const auto count = SlicedAxes(node);
  if (!count) return std::nullopt;
  Ints axes;
  for (std::int64_t i = 0; i < *count; ++i) axes.push_back(i);
  return axes;
}
std::optional<Ints> Steps(const OnnxNode& node) {
  if (BoundsAreInputs(node) && node.has_input(4)) return node.input_ints(4);
  const auto count = SlicedAxes(node);
  if (!count) return std::nullopt;
  return Ints(static_cast<std::size_t>(*count), 1);
}

// The slice of one axis of static size: `count` elements from `begin`, `step` apart.
struct AxisSlice {
  std::int64_t begin = 0;
  std::int64_t count = 0;
};
AxisSlice Resolve(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
  const auto from_front = [&](std::int64_t at) { return at < 0 ? at + size : at; };
  if (step > 0) {
    const std::int64_t begin = std::clamp(from_front(start), std::int64_t{0}, size);
    const std::int64_t stop = std::clamp(from_front(end), std::int64_t{0}, size);
    return {begin, stop > begin ? (stop - begin - 1) / step + 1 : 0};
  }
  const std::int64_t begin = std::clamp(from_front(start), std::int64_t{-1}, size - 1);
  const std::int64_t stop = std::clamp(from_front(end), std::int64_t{-1}, size - 1);
  // -step of INT64_MIN would overflow; one element at most is taken then.
  const std::int64_t stride = step == INT64_MIN ? INT64_MAX : -step;
  return {std::max(begin, std::int64_t{0}), begin > stop ? (begin - stop - 1) / stride + 1 : 0};
}

// Everything constant, one entry an axis of the input.
struct Plan {
  Ints starts, ends, steps;  // as ONNX says, or the whole axis
  std::vector<bool> sliced;
};

// Requires a known input; nothing when a bound is not constant or an axis is wrong.
std::optional<Plan> MakePlan(const OnnxNode& node) {
  const auto starts = Starts(node);
  const auto ends = Ends(node);
  const auto axes = Axes(node);
  const auto steps = Steps(node);
  if (!starts || !ends || !axes || !steps) return std::nullopt;
  if (starts->size() != ends->size() || axes->size() != starts->size() ||
      steps->size() != starts->size()) {
    return std::nullopt;
  }
  const auto rank = static_cast<std::size_t>(node.input_rank(0));
  Plan plan{Ints(rank, 0), Ints(rank, INT64_MAX), Ints(rank, 1), std::vector<bool>(rank, false)};
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const auto axis = ir::NormalizeAxis((*axes)[i], static_cast<int>(rank));
    if (!axis || plan.sliced[static_cast<std::size_t>(*axis)] || (*steps)[i] == 0) {
      return std::nullopt;
    }
    const auto at = static_cast<std::size_t>(*axis);
    plan.sliced[at] = true;
    plan.starts[at] = (*starts)[i];
    plan.ends[at] = (*ends)[i];
    plan.steps[at] = (*steps)[i];
  }
  return plan;
}

// The size of a slice of a symbolic axis, where it can be told.
Dim SymbolicSize(OnnxNode& node, Dim size, std::int64_t start, std::int64_t end,
                 std::int64_t step) {
  ir::SymbolTable& symbols = node.symbols();
  if (step > 0 && end == 0) return Dim(0);
  if (step == 1 && end >= INT32_MAX) {
    if (start == 0) return size;
    if (start > 0) return symbols.Max(symbols.Sub(size, Dim(start)), Dim(0));
    if (start >= Dim::kMinStatic) return symbols.Min(size, Dim(-start));
  }
  if (step == 1 && start == 0 && end >= 0) return symbols.Min(size, Dim(end));
  if (step == 1 && start == 0 && end >= Dim::kMinStatic) {
    return symbols.Max(symbols.Sub(size, Dim(-end)), Dim(0));
  }
  return symbols.Fresh("slice of " + node.input_name(0));
}

// The size of a slice from 0 to a symbolic end; nothing for other slices.
std::optional<Dim> PrefixSize(OnnxNode& node, const Ints& axes, int axis) {
  const auto ends = node.input_dims(2);
  const auto starts = node.input_ints(1);
  const auto steps = Steps(node);
  const auto at = static_cast<std::size_t>(
      std::ranges::find_if(
          axes,
          [&](std::int64_t one) { return ir::NormalizeAxis(one, node.input_rank(0)) == axis; }) -
      axes.begin());
  const bool told = ends && starts && steps && at < ends->size() && at < starts->size() &&
                    at < steps->size() && (*starts)[at] == 0 && (*steps)[at] == 1;
  if (!told) return std::nullopt;
  ir::SymbolTable& symbols = node.symbols();
  const Dim end = (*ends)[at];
  if (symbols.Max(end, Dim(0)) != end) return std::nullopt;  // a negative one counts from the end
  return symbols.Min(end, node.input_shape(0).dim(axis));
}

// Of a row or a table of integers that shape arithmetic knows.
void SliceElements(OnnxNode& node, const Plan& plan) {
  const auto dims = node.input_elements(0);
  const Shape& shape = node.input_shape(0);
  if (!dims || shape.rank() < 1 || shape.rank() > 2) return;
  if (shape.ElementCount() != static_cast<std::int64_t>(dims->size())) return;
  const auto along = [&](int axis) {
    const auto at = static_cast<std::size_t>(axis);
    const std::int64_t size = axis < shape.rank() ? shape.dim(axis).value() : 1;
    const bool whole = axis >= shape.rank() || !plan.sliced[at];
    const AxisSlice slice =
        whole ? AxisSlice{0, size} : Resolve(plan.starts[at], plan.ends[at], plan.steps[at], size);
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < slice.count; ++i) {
      places.push_back(slice.begin + i * (whole ? 1 : plan.steps[at]));
    }
    return places;
  };
  const std::int64_t width = shape.rank() == 2 ? shape.dim(1).value() : 1;
  const std::vector<std::int64_t> columns = along(1);
  DimValues chosen;
  for (const std::int64_t row : along(0)) {
    for (const std::int64_t column : columns) {
      chosen.push_back((*dims)[static_cast<std::size_t>(row * width + column)]);
    }
  }
  node.SetOutputDims(0, std::move(chosen));
}

Status InferSlice(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto plan = MakePlan(node);
  const auto axes = Axes(node);
  const bool computed_axes = !axes && BoundsAreInputs(node) && node.has_input(3);
  if (!plan && !axes && !computed_axes) return Status::Ok();
  Shape shape = node.input_shape(0);
  for (int i = 0; i < shape.rank(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (plan && !plan->sliced[at]) continue;
    if (plan && shape.dim(i).is_static()) {
      shape.dim(i) =
          Resolve(plan->starts[at], plan->ends[at], plan->steps[at], shape.dim(i).value()).count;
    } else if (plan) {
      shape.dim(i) =
          SymbolicSize(node, shape.dim(i), plan->starts[at], plan->ends[at], plan->steps[at]);
    } else if (computed_axes || std::find_if(axes->begin(), axes->end(), [&](std::int64_t axis) {
                                  return ir::NormalizeAxis(axis, shape.rank()) == i;
                                }) != axes->end()) {
      const auto prefix = axes && BoundsAreInputs(node) ? PrefixSize(node, *axes, i) : std::nullopt;
      shape.dim(i) = prefix.value_or(node.symbols().Fresh("slice of " + node.input_name(0)));
    }
  }
  node.SetOutputType(0, {node.input_dtype(0), shape});
  if (plan) SliceElements(node, *plan);
  return Status::Ok();
}

std::int32_t Narrow(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
}

ir::Attributes Masks(std::int64_t begin_mask, std::int64_t end_mask) {
  return {{"begin_mask", begin_mask}, {"end_mask", end_mask}};
}

// STRIDED_SLICE counts negative bounds from the end and clamps as ONNX does; "to the end" and "to
// the front" are masks, which no dimension's size can contradict. Nothing is said by bounds of 1:
// the delegate takes an end of 0 for the end of the axis.
ValueId EmitStrided(OnnxNode& node, Builder& out, const Plan& plan) {
  std::vector<std::int32_t> begin, end, strides;
  std::int64_t end_mask = 0;
  for (int i = 0; i < node.input_rank(0); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Dim size = node.input_shape(0).dim(i);
    std::int64_t start = plan.starts[at];
    std::int64_t stop = plan.ends[at];
    if (size.is_static()) {
      const AxisSlice slice = Resolve(start, stop, plan.steps[at], size.value());
      start = slice.begin;
      stop = slice.begin + slice.count * plan.steps[at];
      if (slice.count == 0) start = stop = 1;
      if (stop < 0) end_mask |= std::int64_t{1} << i;
    } else if (plan.steps[at] > 0 && stop == 0) {
      start = stop = 1;
    } else if (stop >= INT32_MAX || (plan.steps[at] < 0 && stop <= INT32_MIN)) {
      end_mask |= std::int64_t{1} << i;
    }
    begin.push_back(Narrow(start));
    end.push_back(Narrow(stop));
    strides.push_back(Narrow(plan.steps[at]));
  }
  return out.EmitTyped(
      OpKind::kStridedSlice,
      std::vector{node.input(0), out.ConstI32(begin), out.ConstI32(end), out.ConstI32(strides)},
      Masks(0, end_mask), *node.output_type(0));
}

ValueId EmitUnitSteps(OnnxNode& node, Builder& out, const Plan& plan) {
  std::vector<std::int32_t> begin, size;
  for (int i = 0; i < node.input_rank(0); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const AxisSlice slice =
        Resolve(plan.starts[at], plan.ends[at], 1, node.input_shape(0).dim(i).value());
    begin.push_back(Narrow(slice.begin));
    size.push_back(Narrow(slice.count));
  }
  return out.Emit(OpKind::kSlice, {node.input(0), out.ConstI32(begin), out.ConstI32(size)});
}

// Bounds computed at run time for known axes: one entry an axis, the untouched axes masked.
// INT64_MAX means "to the end" and survives the narrowing.
ValueId EmitComputed(OnnxNode& node, Builder& out, const Ints& axes) {
  const int rank = node.input_rank(0);
  std::int64_t mask = (std::int64_t{1} << rank) - 1;
  std::vector<int> entry(static_cast<std::size_t>(rank), -1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = *ir::NormalizeAxis(axes[i], rank);
    entry[static_cast<std::size_t>(axis)] = static_cast<int>(i);
    mask &= ~(std::int64_t{1} << axis);
  }
  const auto spread = [&](int input, std::int32_t other) {
    if (!node.has_input(input)) {
      return out.ConstI32(std::vector<std::int32_t>(static_cast<std::size_t>(rank), other));
    }
    const ValueId bounds = AsIndexRow(out, node.input(input));
    std::vector<ValueId> parts;
    for (int at : entry) {
      parts.push_back(
          at < 0 ? out.ConstI32({other})
                 : out.Emit(OpKind::kSlice, {bounds, out.ConstI32({at}), out.ConstI32({1})}));
    }
    if (parts.size() == 1) return parts[0];
    return out.Emit(
        OpKind::kConcatenation, parts,
        {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
  };
  const std::vector<ValueId> operands = {node.input(0), spread(1, 0), spread(2, 0), spread(4, 1)};
  return out.EmitTyped(OpKind::kStridedSlice, operands, Masks(mask, mask), *node.output_type(0));
}

// The axes are computed too: what is not named runs from 0 to the end in steps of 1.
ValueId EmitComputedAxes(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  const ValueId table = AxisTable(out, FrontAxes(out, node.input(3), rank), rank);
  const ValueId others =
      out.Cast(out.Unary(OpKind::kLogicalNot, NamedAxes(out, table)), DType::kI32);
  const auto spread = [&](int input) {
    return SpreadOverAxes(out, table, AsIndexRow(out, node.input(input)));
  };
  const ValueId end = out.Add(spread(2), out.Mul(others, out.ScalarI32(INT32_MAX)));
  const ValueId steps =
      node.has_input(4)
          ? out.Add(spread(4), others)
          : out.ConstI32(std::vector<std::int32_t>(static_cast<std::size_t>(rank), 1));
  const std::vector<ValueId> operands = {node.input(0), spread(1), end, steps};
  return out.EmitTyped(OpKind::kStridedSlice, operands, Masks(0, 0), *node.output_type(0));
}

Status TranslateSlice(OnnxNode& node, Builder& out) {
  const auto plan = MakePlan(node);
  if (!plan) {
    const auto axes = Axes(node);
    node.SetOutput(0, axes ? EmitComputed(node, out, *axes) : EmitComputedAxes(node, out));
    return out.status();
  }
  const bool unit = std::all_of(plan->steps.begin(), plan->steps.end(),
                                [](std::int64_t step) { return step == 1; });
  node.SetOutput(0, unit && node.input_shape(0).IsStatic() ? EmitUnitSteps(node, out, *plan)
                                                           : EmitStrided(node, out, *plan));
  return out.status();
}

Verdict BoundsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axes = Axes(node);
  const auto steps = Steps(node);
  const auto starts = Starts(node);
  const auto ends = Ends(node);
  std::vector<bool> seen(static_cast<std::size_t>(node.input_rank(0)), false);
  for (std::int64_t raw : axes.value_or(Ints{})) {
    const auto axis = ir::NormalizeAxis(raw, node.input_rank(0));
    if (!axis || seen[static_cast<std::size_t>(*axis)]) {
      return Violated(node, 0, "axis " + std::to_string(raw) + " of " + node.input_text(0),
                      finding);
    }
    seen[static_cast<std::size_t>(*axis)] = true;
  }
  for (std::int64_t step : steps.value_or(Ints{1})) {
    if (step == 0) return Violated(node, 0, "step 0", finding);
  }
  std::optional<std::size_t> count;
  for (const auto& values : {axes, steps, starts, ends}) {
    if (!values) continue;
    if (count.value_or(values->size()) != values->size()) {
      return Violated(node, 0, "bounds of different lengths", finding);
    }
    count = values->size();
  }
  return Verdict::kHolds;
}

// Bounds without axes speak of the first axes: how many must be known.
Verdict AxesCounted(const OnnxNode& node, Bounds, Finding& finding) {
  if (Axes(node) || (BoundsAreInputs(node) && node.has_input(3))) return Verdict::kHolds;
  if (!node.knows_input(1)) return Verdict::kNotChecked;
  return Violated(node, 1, node.input_text(1), finding);
}

constexpr OnnxConstraint kSlice[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnknownRank, AxesCounted, {}, "without axes the number of bounds is known"},
    {Reason::kShapeMismatch,
     BoundsFit,
     {},
     "each axis is one of the input's, named once, with a start, an end and a step that is not 0"},
};

constexpr OnnxRule kRules[] = {
    {"", "Slice", 1, 13, kSlice, InferSlice, TranslateSlice},
};

}  // namespace

std::span<const OnnxRule> SliceRules() { return kRules; }

}  // namespace smelt::onnx_import
