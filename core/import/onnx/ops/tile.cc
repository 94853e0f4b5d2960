// Repetition along axes: Expand and Tile.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

bool AreSizes(const ir::SymbolTable& symbols, const DimValues& dims) {
  for (Dim dim : dims) {
    const auto size = IntFromDim(symbols, dim);
    if (size && *size < 0) return false;
  }
  return true;
}

Status InferExpand(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1) || node.input_rank(1) != 1) return Status::Ok();
  const auto target = node.input_dims(1);
  if (target && AreSizes(node.symbols(), *target)) {
    auto shape = BroadcastShapes(node.symbols(), node.input_shape(0), Shape(*target));
    if (shape.ok()) node.SetOutputType(0, {node.input_dtype(0), *shape});
    return Status::Ok();
  }
  const Dim length = node.input_shape(1).dim(0);
  if (target || !length.is_static()) return Status::Ok();
  const std::int64_t rank = std::max(length.value(), std::int64_t{node.input_rank(0)});
  node.SetOutputType(0, {node.input_dtype(0), FreshShape(node, rank)});
  return Status::Ok();
}

// BROADCAST_TO wants the final shape, Expand gives one that broadcasts with the input's. Where the
// final one is not known, a selection between x and x broadcasts all three operands.
Status TranslateExpand(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const TensorType& type = *node.output_type(0);
  if (type == node.input_type(0)) {
    node.SetOutput(0, x);
    return out.status();
  }
  if (type.shape.IsStatic()) {
    std::vector<std::int32_t> sizes;
    for (std::int64_t size : type.shape.Sizes()) sizes.push_back(static_cast<std::int32_t>(size));
    node.SetOutput(0, out.Emit(OpKind::kBroadcastTo, {x, out.ConstI32(sizes)}));
    return out.status();
  }
  const TensorType mask_type{DType::kBool, FreshShape(node, node.input_shape(1).dim(0).value())};
  const ValueId mask = out.EmitTyped(
      OpKind::kFill, std::vector{out.Cast(node.input(1), DType::kI32), out.Scalar(DType::kBool, 1)},
      {}, mask_type);
  node.SetOutput(0, out.EmitTyped(OpKind::kSelectV2, std::vector{mask, x, x}, {}, type));
  return out.status();
}

// One repeat for each axis. Version 1 names a single axis, and writes both numbers in the input's
// type.
std::optional<DimValues> Repeats(const OnnxNode& node) {
  if (node.schema_version() != 1) return node.input_dims(1);
  const auto times = node.input_doubles(1);
  const auto axis = node.input_doubles(2);
  if (!times || !axis || times->size() != 1 || axis->size() != 1) return std::nullopt;
  const auto whole = [](double value) { return value >= 0 && value == std::floor(value); };
  constexpr double kMost = 1 << 24;
  if (!whole((*times)[0]) || (*times)[0] > kMost || !whole((*axis)[0])) return std::nullopt;
  if ((*axis)[0] >= node.input_rank(0)) return std::nullopt;
  DimValues repeats(static_cast<std::size_t>(node.input_rank(0)), Dim(1));
  repeats[static_cast<std::size_t>((*axis)[0])] = Dim(static_cast<std::int64_t>((*times)[0]));
  return repeats;
}

Status InferTile(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const Shape& x = node.input_shape(0);
  const auto repeats = Repeats(node);
  Shape shape;
  if (!repeats) {
    shape = FreshShape(node, x.rank());
  } else if (static_cast<int>(repeats->size()) == x.rank() && AreSizes(node.symbols(), *repeats)) {
    for (int i = 0; i < x.rank(); ++i) {
      shape.push_back(node.symbols().Mul(x.dim(i), (*repeats)[static_cast<std::size_t>(i)]));
    }
  } else {
    return Status::Ok();
  }
  node.SetOutputType(0, {node.input_dtype(0), shape});
  return Status::Ok();
}

Status TranslateTile(OnnxNode& node, Builder& out) {
  if (node.input_rank(0) == 0) {
    node.SetOutput(0, node.input(0));
    return out.status();
  }
  ValueId repeats;
  if (node.schema_version() == 1) {
    std::vector<std::int32_t> sizes;
    const DimValues known = *Repeats(node);
    for (const Dim dim : known) sizes.push_back(static_cast<std::int32_t>(dim.value()));
    repeats = out.ConstI32(sizes);
  } else {
    repeats = out.Cast(node.input(1), DType::kI32);
  }
  node.SetOutput(0, out.EmitTyped(OpKind::kTile, std::vector{node.input(0), repeats}, {},
                                  *node.output_type(0)));
  return out.status();
}

Verdict TargetFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const auto target = node.input_dims(1);
  if (!target) return Verdict::kHolds;
  if (AreSizes(node.symbols(), *target) &&
      BroadcastShapes(node.symbols(), node.input_shape(0), Shape(*target)).ok()) {
    return Verdict::kHolds;
  }
  return Violated(node, 0, node.input_text(0) + " to a shape that it does not broadcast with",
                  finding);
}

Verdict TargetRankKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(1) || node.input_rank(1) != 1) return Verdict::kNotChecked;
  if (node.input_shape(1).dim(0).is_static()) return Verdict::kHolds;
  return Violated(node, 1, "a shape of unknown length", finding);
}

Verdict RepeatsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto repeats = node.input_dims(1);
  if (!repeats) return Verdict::kHolds;
  if (static_cast<int>(repeats->size()) == node.input_rank(0) &&
      AreSizes(node.symbols(), *repeats)) {
    return Verdict::kHolds;
  }
  return Violated(node, 1, std::to_string(repeats->size()) + " repeats", finding);
}

Verdict RepeatIsKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  return Repeats(node) ? Verdict::kHolds : Violated(node, 1, node.input_text(1), finding);
}

constexpr OnnxConstraint kExpand[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<1>, {1, 1}, "the shape has rank {lo}"},
    {Reason::kUnknownRank, TargetRankKnown, {}, "the length of the shape is known"},
    {Reason::kShapeMismatch, TargetFits, {}, "the input broadcasts with the shape"},
};
constexpr OnnxConstraint kTile1[] = {
    {Reason::kRequiresConstantInput, ConstantInput<1>, {}, "a constant number of tiles"},
    {Reason::kRequiresConstantInput, ConstantInput<2>, {}, "a constant axis"},
    {Reason::kValueOutOfRange,
     RepeatIsKnown,
     {},
     "tiles is one whole number and axis is an axis of the input"},
};
constexpr OnnxConstraint kTile6[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<1>, {1, 1}, "the repeats have rank {lo}"},
    {Reason::kShapeMismatch, RepeatsFit, {}, "one repeat an axis, none negative"},
};

constexpr OnnxRule kRules[] = {
    {"", "Expand", 8, 13, kExpand, InferExpand, TranslateExpand},
    {"", "Tile", 1, 1, kTile1, InferTile, TranslateTile},
    {"", "Tile", 6, 13, kTile6, InferTile, TranslateTile},
};

}  // namespace

std::span<const OnnxRule> TileRules() { return kRules; }

}  // namespace smelt::onnx_import
