// AffineGrid: sampling positions of an image under an affine map: a constant grid times theta, or
// positions along each axis, computed from a size that the run tells, times theta's columns.
#include <cmath>
#include <optional>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"

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

// The spatial axes of a size that is computed; nothing when it is constant or no image's.
std::optional<int> ComputedAxes(const OnnxNode& node) {
  if (node.input_constant(1) != nullptr || !node.knows_input(1)) return std::nullopt;
  const auto count = node.input_shape(1).ElementCount();
  if (count != 4 && count != 5) return std::nullopt;
  return static_cast<int>(*count) - 2;
}

Status InferAffineGrid(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto size = ImageSize(node);
  if (const auto axes = ComputedAxes(node); axes && node.input_rank(0) == 3) {
    Shape shape{node.input_shape(0).dim(0)};
    for (int i = 0; i < *axes; ++i) shape.push_back(node.symbols().Fresh("side of an image"));
    shape.push_back(*axes);
    node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  }
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

// Positions along one spatial axis, f32[n].
ValueId RunTimePositions(OnnxNode& node, ir::Builder& out, ValueId size) {
  const auto number = [&](double value) { return out.Scalar(DType::kF32, value); };
  const ValueId count = out.Cast(size, DType::kF32);
  const ValueId twice = out.Mul(out.Cast(CountUpTo(out, size), DType::kF32), number(2));
  if (node.Int("align_corners", 0) == 0) {
    return out.Sub(out.Div(out.Add(twice, number(1)), count), number(1));
  }
  const ValueId steps = out.Maximum(out.Sub(count, number(1)), number(1));
  return out.Sub(out.Div(twice, steps), number(1));
}

// Theta's last column and, for each axis, its positions times theta's column for it.
Status TranslateComputed(OnnxNode& node, ir::Builder& out, int axes) {
  const ValueId sizes = AsIndexRow(out, node.input(1));
  const ValueId theta = out.Cast(node.input(0), DType::kF32);
  Shape column{node.input_shape(0).dim(0)};
  for (int i = 0; i < axes; ++i) column.push_back(1);
  column.push_back(axes);
  const auto theta_column = [&](std::int32_t k) {
    return out.Reshape(TakeAlong(out, theta, out.ConstI32({k}), 2), column);
  };
  ValueId sum = theta_column(axes);
  for (int i = 0; i < axes && out.status().ok(); ++i) {
    const ValueId size = TakeAlong(out, sizes, out.ConstI32({i + 2}), 0);
    const ValueId positions = RunTimePositions(node, out, size);
    if (!out.status().ok()) break;
    Shape along(ir::Dims(static_cast<std::size_t>(axes) + 2, 1));
    along.dim(i + 1) = out.type(positions).shape.dim(0);
    // The first column belongs to x, the last axis.
    sum = out.Add(sum, out.Mul(out.Reshape(positions, along), theta_column(axes - 1 - i)));
  }
  node.SetOutput(0, out.Cast(sum, node.input_dtype(0)));
  return out.status();
}

Status TranslateAffineGrid(OnnxNode& node, ir::Builder& out) {
  if (const auto axes = ComputedAxes(node)) return TranslateComputed(node, out, *axes);
  const ValueId grid = Grid(node, out, *ImageSize(node));
  const ValueId rows =
      out.Emit(OpKind::kBatchMatmul, {grid, node.input(0)},
               {{"adj_x", false}, {"adj_y", true}, {"asymmetric_quantize_inputs", false}});
  node.SetOutput(0, out.Reshape(rows, node.output_type(0)->shape));
  return out.status();
}

Verdict SizeFits(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(1)) return Verdict::kNotChecked;
  if (ComputedAxes(node)) return Verdict::kHolds;
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
  const auto computed = ComputedAxes(node);
  if (!size && !computed) return Verdict::kNotChecked;
  const Shape& theta = node.input_shape(0);
  const auto axes = computed ? *computed : static_cast<std::int64_t>(size->size()) - 2;
  const auto may_be = [](ir::Dim dim, std::int64_t value) {
    return !dim.is_static() || dim.value() == value;
  };
  if (theta.rank() == 3 && (computed || may_be(theta.dim(0), (*size)[0])) &&
      may_be(theta.dim(1), axes) && may_be(theta.dim(2), axes + 1)) {
    return Verdict::kHolds;
  }
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kAffineGrid[] = {
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
