// Col2Im: the elements of all blocks added up at their places, by one segment sum.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr std::int64_t kMaxSize = std::int64_t{1} << 24;  // of a list's entry
constexpr double kMaxElements = 1 << 26;                  // of blocks, and of the image

struct Axis {
  std::int64_t image = 1, block = 1, stride = 1, dilation = 1, begin = 0;
  std::int64_t blocks = 1;  // positions of the block
};

// The list attribute `name` of `count` values, or `fallback` everywhere; nothing when one is below
// `lo`.
std::optional<std::vector<std::int64_t>> List(const OnnxNode& node, std::string_view name,
                                              std::size_t count, std::int64_t lo,
                                              std::int64_t fallback) {
  auto list = node.Ints(name);
  if (!list || list->empty()) return std::vector<std::int64_t>(count, fallback);
  const bool fits = list->size() == count && std::ranges::all_of(*list, [&](std::int64_t value) {
                      return value >= lo && value <= kMaxSize;
                    });
  return fits ? list : std::nullopt;
}

// Nothing while the shapes are not known or do not fit.
std::optional<std::vector<Axis>> PlanOf(const OnnxNode& node) {
  const auto image = node.input_ints(1), block = node.input_ints(2);
  if (!image || !block || image->empty() || image->size() != block->size()) return std::nullopt;
  const std::size_t count = image->size();
  const auto strides = List(node, "strides", count, 1, 1);
  const auto dilations = List(node, "dilations", count, 1, 1);
  const auto pads = List(node, "pads", 2 * count, 0, 0);
  if (!strides || !dilations || !pads) return std::nullopt;
  std::vector<Axis> axes;
  double elements = 1, pixels = 1;
  for (std::size_t i = 0; i < count; ++i) {
    Axis axis{(*image)[i], (*block)[i], (*strides)[i], (*dilations)[i], (*pads)[i]};
    if (axis.image < 1 || axis.image > kMaxSize || axis.block < 1 || axis.block > kMaxSize) {
      return std::nullopt;
    }
    const std::int64_t room =
        axis.image + axis.begin + (*pads)[i + count] - (axis.block - 1) * axis.dilation - 1;
    if (room < 0) return std::nullopt;
    axis.blocks = room / axis.stride + 1;
    elements *= static_cast<double>(axis.blocks) * static_cast<double>(axis.block);
    pixels *= static_cast<double>(axis.image);
    axes.push_back(axis);
  }
  if (elements > kMaxElements || pixels > kMaxElements) return std::nullopt;
  return axes;
}

std::int64_t Product(const std::vector<Axis>& axes, std::int64_t Axis::*size) {
  std::int64_t product = 1;
  for (const Axis& axis : axes) product *= axis.*size;
  return product;
}

Status InferColumnImage(OnnxNode& node) {
  const auto axes = PlanOf(node);
  if (!axes || !node.knows_input(0) || node.input_rank(0) != 3) return Status::Ok();
  const Shape& input = node.input_shape(0);
  if (!input.dim(1).is_static()) return Status::Ok();
  Shape shape{input.dim(0), input.dim(1).value() / Product(*axes, &Axis::block)};
  for (const Axis& axis : *axes) shape.push_back(axis.image);
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

// The pixel of each element, elements ordered (place in the block, block); what falls into the
// padding goes to one pixel behind the image.
std::vector<std::int32_t> PixelsOf(const std::vector<Axis>& axes) {
  const std::int64_t in_block = Product(axes, &Axis::block), blocks = Product(axes, &Axis::blocks);
  const std::int64_t outside = Product(axes, &Axis::image);
  std::vector<std::int64_t> pixels(static_cast<std::size_t>(in_block * blocks), 0);
  std::int64_t block_inner = in_block, blocks_inner = blocks;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    const Axis& axis = axes[a];
    block_inner /= axis.block;
    blocks_inner /= axis.blocks;
    for (std::int64_t k = 0; k < in_block; ++k) {
      for (std::int64_t l = 0; l < blocks; ++l) {
        std::int64_t& pixel = pixels[static_cast<std::size_t>(k * blocks + l)];
        const std::int64_t at = k / block_inner % axis.block * axis.dilation +
                                l / blocks_inner % axis.blocks * axis.stride - axis.begin;
        pixel = pixel < 0 || at < 0 || at >= axis.image ? -1 : pixel * axis.image + at;
      }
    }
  }
  std::vector<std::int32_t> ids;
  for (const std::int64_t pixel : pixels) {
    ids.push_back(static_cast<std::int32_t>(pixel < 0 ? outside : pixel));
  }
  return ids;
}

Status TranslateColumnImage(OnnxNode& node, Builder& out) {
  const std::vector<Axis> axes = *PlanOf(node);
  const Shape& input = node.input_shape(0);
  const Shape& result = node.output_type(0)->shape;
  const std::int64_t in_block = Product(axes, &Axis::block), blocks = Product(axes, &Axis::blocks);
  const auto pixels = static_cast<std::int32_t>(Product(axes, &Axis::image));
  const std::vector<std::int32_t> ids = PixelsOf(axes);
  const bool pads = std::ranges::find(ids, pixels) != ids.end();
  const Dim planes = node.symbols().Mul(input.dim(0), result.dim(1));
  const ValueId apart = out.Reshape(node.input(0), {planes, in_block * blocks});
  const ValueId sums = out.Emit(
      OpKind::kUnsortedSegmentSum,
      {out.Transpose(apart, {1, 0}), out.ConstI32(ids), out.ScalarI32(pixels + (pads ? 1 : 0))});
  const ValueId kept =
      pads ? out.Emit(OpKind::kSlice, {sums, out.ConstI32({0, 0}), out.ConstI32({pixels, -1})})
           : sums;
  node.SetOutput(0, out.Reshape(out.Transpose(kept, {1, 0}), result));
  return out.status();
}

Verdict ShapesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  for (const int i : {1, 2}) {
    if (!node.input_ints(i)) return Verdict::kNotChecked;  // said by the check of constants
  }
  const auto axes = PlanOf(node);
  const Shape& input = node.input_shape(0);
  if (input.rank() != 3) return Verdict::kNotChecked;
  const bool fits = axes && input.dim(1).is_static() &&
                    input.dim(1).value() % Product(*axes, &Axis::block) == 0 &&
                    input.dim(2) == Dim(Product(*axes, &Axis::blocks));
  return fits ? Verdict::kHolds : Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kColumnImage[] = {
    {Reason::kUnsupportedType, TypeIn<0, kNumericTypes>, {}, "input of numbers"},
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 3}, "input of rank {lo}"},
    {Reason::kRequiresConstantInput, ConstantInput<1>, {}, "constant image_shape"},
    {Reason::kRequiresConstantInput, ConstantInput<2>, {}, "constant block_shape"},
    {Reason::kShapeMismatch,
     ShapesFit,
     {},
     "input (batch, channels * block, blocks) as image_shape, block_shape, strides, dilations and "
     "pads tell, with one value (pads: two) for each axis of the image"},
};

constexpr OnnxRule kRules[] = {
    {"", "Col2Im", 18, 18, kColumnImage, InferColumnImage, TranslateColumnImage},
};

}  // namespace

std::span<const OnnxRule> ColumnImageRules() { return kRules; }

}  // namespace smelt::onnx_import
