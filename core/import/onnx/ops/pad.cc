// Pad: constant, reflect, edge and wrap; negative padding cuts off. Padding and axes may be
// computed.
#include <algorithm>
#include <cmath>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/computed_pad.h"
#include "core/import/onnx/ops/pad_plan.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Dim Padded(ir::SymbolTable& symbols, Dim dim, const AxisPad& pad) {
  const std::int64_t change = pad.begin + pad.end;
  return change >= 0 ? symbols.Add(dim, Dim(change)) : symbols.Sub(dim, Dim(-change));
}

bool PadsAreComputed(const OnnxNode& node) {
  const bool axes = node.schema_version() >= 18 && node.has_input(3) && !node.input_ints(3);
  return axes || !StatedPads(node);
}

// A computed padding's axis, as far as shape arithmetic tells.
Dim PaddedAtRunTime(OnnxNode& node, const std::optional<DimValues>& pads, int axis) {
  ir::SymbolTable& symbols = node.symbols();
  const auto at = static_cast<std::size_t>(axis);
  const auto rank = static_cast<std::size_t>(node.input_rank(0));
  if (!pads || (*pads)[at].is_unknown() || (*pads)[at + rank].is_unknown()) {
    return symbols.Fresh("padded");
  }
  return symbols.Add(symbols.Add(node.input_shape(0).dim(axis), (*pads)[at]), (*pads)[at + rank]);
}

Status InferPad(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  ir::TensorType type = node.input_type(0);
  const auto pads = ReadPads(node);
  const bool computed = PadsAreComputed(node);
  if (!pads && !computed) return Status::Ok();
  const auto known = computed ? KnownPads(node) : std::nullopt;
  for (int axis = 0; axis < type.shape.rank(); ++axis) {
    Dim& dim = type.shape.dim(axis);
    dim = computed ? PaddedAtRunTime(node, known, axis)
                   : Padded(node.symbols(), dim, (*pads)[static_cast<std::size_t>(axis)]);
    if (IntFromDim(node.symbols(), dim).value_or(0) < 0) return Status::Ok();
  }
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

// --- Constraints ---

Verdict PadsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto stated = StatedPads(node);
  if (PadsAreComputed(node)) {
    if (!node.knows_input(1)) return Verdict::kNotChecked;
    std::optional<std::int64_t> axes;
    if (const auto known = PadAxes(node)) {
      axes = static_cast<std::int64_t>(known->size());
    } else if (!node.input_ints(3) && node.knows_input(3)) {
      axes = node.input_shape(3).ElementCount();
    }
    if (axes && node.input_shape(1) == Shape{Dim(2 * *axes)}) return Verdict::kHolds;
    return Violated(node, 1, node.input_text(1), finding);
  }
  if (ReadPads(node) && node.output_type(0)) return Verdict::kHolds;
  std::string text;
  for (const std::int64_t value : *stated)
    text += (text.empty() ? "" : ", ") + std::to_string(value);
  return Violated(node, 0, "pads = [" + text + "] on " + node.input_text(0), finding);
}

Verdict ValueIsScalar(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(2) || PadMode(node) != "constant") return Verdict::kHolds;
  if (!node.knows_input(2)) return Verdict::kNotChecked;
  if (node.input_shape(2).ElementCount() == 1) return Verdict::kHolds;
  return Violated(node, 2, node.input_text(2), finding);
}

// What repeats elements needs some to repeat.
Verdict SizesKnown(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const std::string mode = PadMode(node);
  const auto pads = ReadPads(node);
  if (mode == "constant") return Verdict::kHolds;
  if (!pads) return PadsAreComputed(node) ? Verdict::kHolds : Verdict::kNotChecked;
  for (int axis = 0; axis < node.input_rank(0); ++axis) {
    const AxisPad& pad = (*pads)[static_cast<std::size_t>(axis)];
    const Dim dim = node.input_shape(0).dim(axis);
    const bool grows = pad.begin > 0 || pad.end > 0;
    const std::int64_t cut =
        std::max<std::int64_t>(0, -pad.begin) + std::max<std::int64_t>(0, -pad.end);
    const bool small = dim.is_static() && dim.value() + pad.begin + pad.end <= bounds.hi;
    if (!grows || (small && dim.value() > cut)) continue;
    if (!dim.is_static()) continue;
    return Violated(node, 0, mode + " on axis " + std::to_string(axis), finding);
  }
  return Verdict::kHolds;
}

// --- Translation ---

// Cuts off what is negative.
ValueId Crop(Builder& out, ValueId x, std::vector<AxisPad>& pads) {
  std::vector<std::int32_t> begin, end, stride;
  std::int64_t begin_mask = 0, end_mask = 0;
  bool cuts = false;
  Shape shape = out.type(x).shape;
  for (std::size_t i = 0; i < pads.size(); ++i) {
    AxisPad& pad = pads[i];
    const AxisPad cut = {std::min<std::int64_t>(0, pad.begin), std::min<std::int64_t>(0, pad.end)};
    begin.push_back(static_cast<std::int32_t>(-cut.begin));
    end.push_back(static_cast<std::int32_t>(cut.end));
    stride.push_back(1);
    if (cut.begin == 0) begin_mask |= std::int64_t{1} << i;
    if (cut.end == 0) end_mask |= std::int64_t{1} << i;
    Dim& dim = shape.dim(static_cast<int>(i));
    dim = Padded(out.module().symbols(), dim, cut);
    cuts = cuts || cut.any();
    pad = {std::max<std::int64_t>(0, pad.begin), std::max<std::int64_t>(0, pad.end)};
  }
  if (!cuts) return x;
  const ValueId operands[] = {x, out.ConstI32(begin), out.ConstI32(end), out.ConstI32(stride)};
  return out.EmitTyped(OpKind::kStridedSlice, operands,
                       {{"begin_mask", begin_mask}, {"end_mask", end_mask}},
                       {out.type(x).dtype, std::move(shape)});
}

ValueId PadTable(Builder& out, const std::vector<AxisPad>& pads) {
  std::vector<std::int32_t> table;
  for (const AxisPad& pad : pads) {
    table.push_back(static_cast<std::int32_t>(pad.begin));
    table.push_back(static_cast<std::int32_t>(pad.end));
  }
  return out.Const(ir::Constant::FromValues<std::int32_t>(
      ir::DType::kI32, {static_cast<std::int64_t>(pads.size()), 2}, table));
}

// The padding value as a scalar operand; invalid for zero.
ValueId PadValue(OnnxNode& node, Builder& out) {
  const auto is_zero = [](double value) { return value == 0 && !std::signbit(value); };
  if (node.schema_version() < 11) {
    const double value = node.Float("value", 0);
    return is_zero(value) ? ValueId{} : out.Scalar(node.input_dtype(0), value);
  }
  if (!node.has_input(2)) return {};
  const auto values = node.input_doubles(2);
  if (values && values->size() == 1 && is_zero((*values)[0])) return {};
  return out.Reshape(node.input(2), {});
}

ValueId PadConstant(OnnxNode& node, Builder& out, ValueId x, ValueId table) {
  const ValueId value = PadValue(node, out);
  if (!out.status().ok()) return {};
  const ValueId operands[] = {x, table, value};
  const ir::TensorType type = *node.output_type(0);
  return value.valid() ? out.EmitTyped(OpKind::kPadv2, operands, {}, type)
                       : out.EmitTyped(OpKind::kPad, std::span(operands).first(2), {}, type);
}

// Cuts off what turns out negative; x itself where shape arithmetic tells that nothing does.
ValueId CropComputed(OnnxNode& node, Builder& out, ValueId pads) {
  const ValueId x = node.input(0);
  const auto known = KnownPads(node);
  const bool grows = known && std::ranges::all_of(*known, [&](Dim pad) {
                       return !pad.is_unknown() && node.symbols().Max(pad, Dim(0)) == pad;
                     });
  if (grows) return x;
  const ValueId cuts = out.Maximum(out.Unary(OpKind::kNeg, pads), out.ScalarI32(0));
  const auto row = [&](std::int32_t index) {  // of cuts: 0 begins, 1 ends
    return out.Emit(OpKind::kGather, {cuts, out.ScalarI32(index)},
                    {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
  };
  const ValueId shape = out.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
  const std::vector<std::int32_t> ones(static_cast<std::size_t>(node.input_rank(0)), 1);
  return out.Emit(OpKind::kStridedSlice, {x, row(0), out.Sub(shape, row(1)), out.ConstI32(ones)});
}

// Cuts off what turns out negative, adds what turns out positive.
ValueId PadComputed(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  ValueId x = node.input(0);
  const ValueId pads = ComputedPads(node, out);
  if (PadMode(node) == "edge" || PadMode(node) == "wrap") {
    const ValueId row = out.Reshape(pads, Shape{2 * rank});
    for (int axis = 0; axis < rank; ++axis) {
      const ValueId begin = TakeAlong(out, row, out.ConstI32({axis}), 0);
      const ValueId end = TakeAlong(out, row, out.ConstI32({axis + rank}), 0);
      x = RepeatAtRunTime(out, x, axis, begin, end, PadMode(node));
    }
    return x;
  }
  const ValueId cropped = CropComputed(node, out, pads);
  const ValueId table = out.Transpose(out.Maximum(pads, out.ScalarI32(0)), {1, 0});
  if (PadMode(node) == "constant") return PadConstant(node, out, cropped, table);
  const ValueId operands[] = {cropped, table};
  return out.EmitTyped(OpKind::kMirrorPad, operands, {{"mode", std::string("REFLECT")}},
                       *node.output_type(0));
}

// Which element of an axis of `size` stands at `at` (which may lie outside).
std::int64_t SourceIndex(const std::string& mode, std::int64_t at, std::int64_t size) {
  if (mode == "edge") return std::clamp<std::int64_t>(at, 0, size - 1);
  if (mode == "wrap") return (at % size + size) % size;
  if (size == 1) return 0;
  const std::int64_t period = 2 * (size - 1);  // reflect: to and fro without the edges twice
  const std::int64_t within = (at % period + period) % period;
  return within < size ? within : period - within;
}

ValueId GatherAxis(Builder& out, ValueId x, int axis, const AxisPad& pad, const std::string& mode) {
  const std::int64_t size = out.type(x).shape.dim(axis).value();
  std::vector<std::int32_t> indices;
  for (std::int64_t at = -pad.begin; at < size + pad.end; ++at) {
    indices.push_back(static_cast<std::int32_t>(SourceIndex(mode, at, size)));
  }
  return out.Emit(OpKind::kGather, {x, out.ConstI32(indices)},
                  {{"axis", std::int64_t{axis}}, {"batch_dims", std::int64_t{0}}});
}

// One element of an axis, repeated.
ValueId RepeatEdge(Builder& out, ValueId x, int axis, bool last, std::int64_t times) {
  if (!out.status().ok()) return {};
  const auto rank = static_cast<std::size_t>(out.type(x).shape.rank());
  std::vector<std::int32_t> begin(rank, 0), end(rank, 0), stride(rank, 1), multiples(rank, 1);
  const auto at = static_cast<std::size_t>(axis);
  begin[at] = last ? -1 : 0;
  end[at] = 1;
  multiples[at] = static_cast<std::int32_t>(times);
  const std::int64_t others = ((std::int64_t{1} << rank) - 1) & ~(std::int64_t{1} << axis);
  Shape shape = out.type(x).shape;
  shape.dim(axis) = Dim(1);
  const ValueId operands[] = {x, out.ConstI32(begin), out.ConstI32(end), out.ConstI32(stride)};
  const std::int64_t end_mask = last ? others | (std::int64_t{1} << axis) : others;
  const ValueId edge =
      out.EmitTyped(OpKind::kStridedSlice, operands,
                    {{"begin_mask", others}, {"end_mask", end_mask}}, {out.type(x).dtype, shape});
  return times == 1 ? edge : out.Emit(OpKind::kTile, {edge, out.ConstI32(multiples)});
}

ValueId EdgeOfUnknownSize(Builder& out, ValueId x, int axis, const AxisPad& pad) {
  std::vector<ValueId> parts;
  if (pad.begin > 0) parts.push_back(RepeatEdge(out, x, axis, false, pad.begin));
  parts.push_back(x);
  if (pad.end > 0) parts.push_back(RepeatEdge(out, x, axis, true, pad.end));
  return out.Emit(
      OpKind::kConcatenation, parts,
      {{"axis", std::int64_t{axis}}, {"fused_activation_function", std::string("NONE")}});
}

// MIRROR_PAD wherever an axis is longer than its padding.
ValueId Reflect(Builder& out, ValueId x, std::vector<AxisPad> pads) {
  for (std::size_t i = 0; i < pads.size() && out.status().ok(); ++i) {
    const Dim dim = out.type(x).shape.dim(static_cast<int>(i));
    if (!dim.is_static() || std::max(pads[i].begin, pads[i].end) < dim.value()) continue;
    x = GatherAxis(out, x, static_cast<int>(i), pads[i], "reflect");
    pads[i] = {};
  }
  const bool rest =
      std::any_of(pads.begin(), pads.end(), [](const AxisPad& pad) { return pad.any(); });
  if (!rest) return x;
  return out.Emit(OpKind::kMirrorPad, {x, PadTable(out, pads)}, {{"mode", std::string("REFLECT")}});
}

Status TranslatePad(OnnxNode& node, Builder& out) {
  const std::string mode = PadMode(node);
  auto pads = ReadPads(node);
  if (PadsAreComputed(node)) {
    node.SetOutput(0, PadComputed(node, out));
    return out.status();
  }
  ValueId x = Crop(out, node.input(0), *pads);
  const bool grows =
      std::any_of(pads->begin(), pads->end(), [](const AxisPad& pad) { return pad.any(); });
  if (!grows) {
    node.SetOutput(0, x);
    return out.status();
  }
  if (mode == "constant") {
    x = PadConstant(node, out, x, PadTable(out, *pads));
  } else if (mode == "reflect") {
    x = Reflect(out, x, *pads);
  } else {
    for (int axis = 0; axis < static_cast<int>(pads->size()) && out.status().ok(); ++axis) {
      const AxisPad& pad = (*pads)[static_cast<std::size_t>(axis)];
      if (!pad.any()) continue;
      const bool known = out.type(x).shape.dim(axis).is_static();
      if (known) {
        x = GatherAxis(out, x, axis, pad, mode);
      } else if (mode == "edge") {
        x = EdgeOfUnknownSize(out, x, axis, pad);
      } else {
        x = RepeatAtRunTime(out, x, axis, out.ConstI32({static_cast<std::int32_t>(pad.begin)}),
                            out.ConstI32({static_cast<std::int32_t>(pad.end)}), mode);
      }
    }
  }
  node.SetOutput(0, x);
  return out.status();
}

// --- Tables ---

constexpr OnnxConstraint kTypes = {
    Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "a tensor of numbers or bool"};
constexpr OnnxConstraint kRank = {
    Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"};
constexpr OnnxConstraint kPadsFit = {
    Reason::kValueOutOfRange,
    PadsFit,
    {},
    "pads with two values for each (distinct) axis and a result that is not negative"};
constexpr OnnxConstraint kSizes = {Reason::kDynamicDimensionUnsupported,
                                   SizesKnown,
                                   {0, 1 << 24},
                                   "reflect, edge and wrap repeat at least one element and give an "
                                   "axis of at most {hi}"};

constexpr OnnxConstraint kPad2[] = {
    kTypes,
    kRank,
    kPadsFit,
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"mode", "constant", "reflect", "edge", "">,
     {},
     "mode constant, reflect or edge"},
    kSizes,
};
constexpr OnnxConstraint kPad11[] = {
    kTypes,
    kRank,
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"mode", "constant", "reflect", "edge", "wrap", "">,
     {},
     "mode constant, reflect, edge or wrap"},
    kPadsFit,
    {Reason::kShapeMismatch, ValueIsScalar, {}, "constant_value of one element"},
    kSizes,
};

constexpr OnnxRule kRules[] = {
    {"", "Pad", 1, 2, kPad2, InferPad, TranslatePad},
    {"", "Pad", 11, 25, kPad11, InferPad, TranslatePad},
};

}  // namespace

std::span<const OnnxRule> PadRules() { return kRules; }

}  // namespace smelt::onnx_import
