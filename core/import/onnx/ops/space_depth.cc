// DepthToSpace and SpaceToDepth.
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/window.h"
#include "core/ir/channel_order.h"
#include "core/ir/infer.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

bool ToSpace(const OnnxNode& node) { return node.op_type() == "DepthToSpace"; }
std::int64_t Block(const OnnxNode& node) { return node.Int("blocksize", 1); }

Status InferBlocks(OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) != 4) return Status::Ok();
  const std::int64_t block = Block(node);
  if (block < 1 || block > (1 << 15)) return Status::Ok();
  ir::TensorType type = node.input_type(0);
  ir::SymbolTable& symbols = node.symbols();
  const auto divide = [&](int axis, std::int64_t by) {
    type.shape.dim(axis) = ir::infer::FloorDiv(symbols, type.shape.dim(axis), Dim(by));
  };
  const auto multiply = [&](int axis, std::int64_t by) {
    type.shape.dim(axis) = ir::infer::Mul(symbols, type.shape.dim(axis), Dim(by));
  };
  if (ToSpace(node)) {
    divide(1, block * block);
    multiply(2, block);
    multiply(3, block);
  } else {
    multiply(1, block * block);
    divide(2, block);
    divide(3, block);
  }
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

Status TranslateBlocks(OnnxNode& node, Builder& out) {
  const std::int64_t block = Block(node);
  const std::int64_t places = block * block;
  const bool to_space = ToSpace(node);
  const std::int64_t channels =
      (to_space ? node.output_type(0)->shape : node.input_shape(0)).dim(1).value();
  const bool reorders = node.String("mode", "DCR") == "CRD" && channels != 1 && places != 1;
  ValueId x = ToChannelsLast(out, node.input(0));
  if (to_space && reorders) x = TurnChannels(out, x, channels, places);
  x = out.Emit(to_space ? OpKind::kDepthToSpace : OpKind::kSpaceToDepth, {x},
               {{"block_size", block}});
  if (!to_space && reorders) x = TurnChannels(out, x, places, channels);
  node.SetOutput(0, FromChannelsLast(out, x, 4));
  return out.status();
}

Verdict Divides(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) != 4) return Verdict::kNotChecked;
  const std::int64_t block = Block(node);
  if (block < 1 || block > (1 << 15)) return Verdict::kNotChecked;  // another constraint says so
  const Shape& shape = node.input_shape(0);
  const auto divides = [&](int axis, std::int64_t by) {
    return !shape.dim(axis).is_static() || shape.dim(axis).value() % by == 0;
  };
  const bool fits =
      ToSpace(node) ? divides(1, block * block) : divides(2, block) && divides(3, block);
  if (fits) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0) + " in blocks of " + std::to_string(block), finding);
}

Verdict ChannelsStatic(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) != 4) return Verdict::kNotChecked;
  if (node.input_shape(0).dim(1).is_static()) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kBlocks[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {4, 4}, "input of rank {lo}"},
    {Reason::kValueOutOfRange,
     IntAttrWithin<"blocksize", 0>,
     {1, 1 << 15},
     "blocksize {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue, StringAttrIn<"mode", "DCR", "CRD">, {}, "mode DCR or CRD"},
    {Reason::kShapeMismatch, Divides, {}, "the block divides the axes that it splits"},
    {Reason::kDynamicDimensionUnsupported, ChannelsStatic, {}, "the number of channels is static"},
};

constexpr OnnxRule kRules[] = {
    {"", "DepthToSpace", 1, 28, kBlocks, InferBlocks, TranslateBlocks},
    {"", "SpaceToDepth", 1, 28, kBlocks, InferBlocks, TranslateBlocks},
};

}  // namespace

std::span<const OnnxRule> SpaceDepthRules() { return kRules; }

}  // namespace smelt::onnx_import
