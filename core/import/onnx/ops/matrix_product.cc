#include "core/import/onnx/ops/matrix_product.h"

#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/infer.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::ConstantStep;
using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// The shape with an axis of 1 before position `at`.
Shape WithAxis(const Shape& shape, int at) {
  Dims dims = shape.dims();
  dims.insert(dims.begin() + at, Dim(1));
  return Shape(std::move(dims));
}

ValueId SwapLastTwo(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  std::vector<int> order(static_cast<std::size_t>(out.type(x).shape.rank()));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 2], order[order.size() - 1]);
  return out.Transpose(x, order);
}

// Integers: a[..., M, K, 1] times b[..., 1, K, N] summed over K. Exact, and wraps as the definition
// does.
ValueId IntegerProduct(Builder& out, ValueId a, ValueId b) {
  if (!out.status().ok()) return {};
  const Shape left = out.type(a).shape;
  const Shape right = out.type(b).shape;
  const ValueId product = out.Mul(out.Reshape(a, WithAxis(left, left.rank())),
                                  out.Reshape(b, WithAxis(right, right.rank() - 2)));
  if (!product.valid()) return product;
  const int axis = out.type(product).shape.rank() - 2;
  return out.Emit(OpKind::kSum, {product, out.ConstI32({axis})}, {{"keep_dims", false}});
}

// Of matrices (or batches of them) without vectors.
ValueId Matrices(Builder& out, const MatrixProduct& product) {
  ValueId a = product.a;
  const Constant* weights = out.constant(product.b);
  if (!ir::IsFloat(out.type(a).dtype)) {
    if (product.transpose_a) a = SwapLastTwo(out, a);
    return IntegerProduct(out, a, product.transpose_b ? SwapLastTwo(out, product.b) : product.b);
  }
  if (weights != nullptr && weights->shape().size() == 2) {
    const int swap[] = {1, 0};
    const Constant rows =
        Scaled(product.transpose_b ? *weights : weights->Transposed(swap), product.alpha);
    if (product.transpose_a) a = SwapLastTwo(out, a);  // `weights` is not valid behind this
    return EmitFullyConnected(out, a, out.Const(rows), ValueId{});
  }
  const ValueId y = out.Emit(OpKind::kBatchMatmul, {a, product.b},
                             {{"adj_x", product.transpose_a},
                              {"adj_y", product.transpose_b},
                              {"asymmetric_quantize_inputs", false}});
  if (product.alpha == 1 || !out.status().ok()) return y;
  return out.Mul(y, out.Scalar(out.type(y).dtype, product.alpha));
}

// Sums without terms.
ValueId EmptySums(Builder& out, DType dtype, const Shape& shape) {
  const std::vector<std::byte> zero(ir::StorageBytes(dtype, 1));
  return out.Const(Constant::Splat(dtype, shape.Sizes(), zero));
}

}  // namespace

std::optional<Shape> ProductShape(ir::SymbolTable& symbols, Shape a, Shape b) {
  if (a.rank() == 0 || b.rank() == 0) return std::nullopt;
  const bool row = a.rank() == 1;
  const bool column = b.rank() == 1;
  if (row) a = WithAxis(a, 0);
  if (column) b = WithAxis(b, 1);
  const auto batch = [](const Shape& shape) { return Shape(Dims(shape.begin(), shape.end() - 2)); };
  auto broadcast = BroadcastShapes(symbols, batch(a), batch(b));
  if (!broadcast.ok()) return std::nullopt;
  Shape shape = *std::move(broadcast);
  if (!row) shape.push_back(a.dim(a.rank() - 2));
  if (!column) shape.push_back(b.dim(b.rank() - 1));
  return shape;
}

ValueId EmitProduct(Builder& out, const MatrixProduct& product, const Shape& shape) {
  if (!out.status().ok()) return {};
  const Shape left = out.type(product.a).shape;
  const Shape right = out.type(product.b).shape;
  if (left.dim(left.rank() - (product.transpose_a ? 2 : 1)) == Dim(0) && shape.IsStatic()) {
    return EmptySums(out, out.type(product.a).dtype, shape);
  }
  MatrixProduct matrices = product;
  if (left.rank() == 1) {
    matrices.a = out.Reshape(product.a, WithAxis(left, 0));
    matrices.transpose_a = false;
  }
  if (right.rank() == 1) {
    matrices.b = out.Reshape(product.b, WithAxis(right, 1));
    matrices.transpose_b = false;
  }
  if (!out.status().ok()) return {};
  const ValueId y = Matrices(out, matrices);
  return left.rank() == 1 || right.rank() == 1 ? out.Reshape(y, shape) : y;
}

ValueId EmitFullyConnected(Builder& out, ValueId x, ValueId weights, ValueId bias) {
  if (!out.status().ok()) return {};
  const bool keep = out.type(x).shape.rank() > 2;
  return out.Emit(OpKind::kFullyConnected, {x, weights, bias},
                  {{"fused_activation_function", std::string("NONE")},
                   {"weights_format", std::string("DEFAULT")},
                   {"keep_num_dims", keep}});
}

Constant Scaled(const Constant& constant, double factor) {
  if (factor == 1.0) return constant;
  return constant.WithStep({ConstantStep::Kind::kMultiply, -1,
                            std::make_shared<const std::vector<double>>(1, factor), DType::kF32});
}

}  // namespace smelt::onnx_import
