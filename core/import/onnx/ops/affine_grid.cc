// AffineGrid: sampling positions of an image under an affine map: a constant grid times theta.
#include <cmath>
#include <optional>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// (N, C, [D,] H, W); nothing when it is none.
std::optional<std::vector<std::int64_t>> ImageSize(const OnnxNode& node) {
  auto size = node.input_ints(1);
  if (!size || (size->size() != 4 && size->size() != 5)) return std::nullopt;
  for (const std::int64_t one : *size) {
    if (one < 1) return std::nullopt;
  }
  return size;
}

Status InferAffineGrid(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto size = ImageSize(node);
  if (!size) return Status::Ok();
  Shape shape{(*size)[0]};
  for (std::size_t i = 2; i < size->size(); ++i) shape.push_back((*size)[i]);
  shape.push_back(static_cast<std::int64_t>(size->size()) - 2);
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

// Position `at` of `count` between -1 and 1: at the pixels' centers, or with the outer ones on the
// border.
double Position(std::int64_t at, std::int64_t count, bool on_border) {
  const auto i = static_cast<double>(at);
  const auto n = static_cast<double>(count);
  if (!on_border) return (2 * i + 1) / n - 1;
  return count == 1 ? -1 : 2 * i / (n - 1) - 1;
}

// One row a pixel: (x, y, [z,] 1).
ValueId Grid(OnnxNode& node, ir::Builder& out, const std::vector<std::int64_t>& size) {
  const bool on_border = node.Int("align_corners", 0) != 0;
  const std::size_t axes = size.size() - 2;
  std::int64_t pixels = 1;
  for (std::size_t i = 2; i < size.size(); ++i) pixels *= size[i];
  std::vector<double> rows;
  rows.reserve(static_cast<std::size_t>(pixels) * (axes + 1));
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    std::int64_t rest = pixel;
    for (std::size_t i = size.size() - 1; i >= 2; --i) {  // the last axis is x
      rows.push_back(Position(rest % size[i], size[i], on_border));
      rest /= size[i];
    }
    rows.push_back(1);
  }
  const std::vector<std::int64_t> shape = {1, pixels, static_cast<std::int64_t>(axes) + 1};
  return out.Const(ir::Constant::FromValues<double>(DType::kF64, shape, rows)
                       .Cast(node.input_dtype(0))
                       .Evaluated());
}

Status TranslateAffineGrid(OnnxNode& node, ir::Builder& out) {
  const ValueId grid = Grid(node, out, *ImageSize(node));
  const ValueId rows =
      out.Emit(OpKind::kBatchMatmul, {grid, node.input(0)},
               {{"adj_x", false}, {"adj_y", true}, {"asymmetric_quantize_inputs", false}});
  node.SetOutput(0, out.Reshape(rows, node.output_type(0)->shape));
  return out.status();
}

Verdict SizeFits(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (node.input_constant(1) == nullptr) return Verdict::kHolds;  // said by the row before
  const auto size = ImageSize(node);
  if (!size) return Violated(node, 1, "a size that is no image's", finding);
  std::int64_t pixels = 1;
  for (std::size_t i = 2; i < size->size(); ++i) {
    if ((*size)[i] > bounds.hi / pixels) return Violated(node, 1, "too many pixels", finding);
    pixels *= (*size)[i];
  }
  return Verdict::kHolds;
}

Verdict ThetaFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto size = ImageSize(node);
  if (!size) return Verdict::kNotChecked;
  const Shape& theta = node.input_shape(0);
  const auto axes = static_cast<std::int64_t>(size->size()) - 2;
  const auto may_be = [](ir::Dim dim, std::int64_t value) {
    return !dim.is_static() || dim.value() == value;
  };
  if (theta.rank() == 3 && may_be(theta.dim(0), (*size)[0]) && may_be(theta.dim(1), axes) &&
      may_be(theta.dim(2), axes + 1)) {
    return Verdict::kHolds;
  }
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kAffineGrid[] = {
    {Reason::kRequiresConstantInput, ConstantInput<1>, {}, "a constant size"},
    {Reason::kValueOutOfRange,
     SizeFits,
     {1, 1 << 22},
     "a size (N, C, [D,] H, W) of at most {hi} pixels"},
    {Reason::kShapeMismatch, ThetaFits, {}, "theta (N, 2, 3), or (N, 3, 4) for volumes"},
};

constexpr OnnxRule kRules[] = {
    {"", "AffineGrid", 20, 20, kAffineGrid, InferAffineGrid, TranslateAffineGrid},
};

}  // namespace

std::span<const OnnxRule> AffineGridRules() { return kRules; }

}  // namespace smelt::onnx_import
