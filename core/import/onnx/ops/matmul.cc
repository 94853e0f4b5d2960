// Matrix products: MatMul and Gemm. A constant right side becomes FULLY_CONNECTED.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::ConstantStep;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// x[..., K] by weights[N, K]. `bias` may be absent. Leading dimensions are kept.
ValueId FullyConnected(Builder& out, ValueId x, ValueId weights, ValueId bias) {
  const bool keep = out.type(x).shape.rank() > 2;
  return out.Emit(OpKind::kFullyConnected, {x, weights, bias},
                  {{"fused_activation_function", std::string("NONE")},
                   {"weights_format", std::string("DEFAULT")},
                   {"keep_num_dims", keep}});
}

ValueId BatchMatmul(Builder& out, ValueId a, ValueId b, bool transpose_a, bool transpose_b) {
  return out.Emit(
      OpKind::kBatchMatmul, {a, b},
      {{"adj_x", transpose_a}, {"adj_y", transpose_b}, {"asymmetric_quantize_inputs", false}});
}

// The shape with an axis of 1 before position `at`.
Shape WithAxis(const Shape& shape, int at) {
  std::vector<Dim> dims = shape.dims();
  dims.insert(dims.begin() + at, Dim(1));
  return Shape(std::move(dims));
}

// Integers: a[..., M, K, 1] times b[..., 1, K, N] summed over K. Exact, and wraps as the definition
// does.
ValueId IntegerProduct(Builder& out, ValueId a, ValueId b) {
  const Shape left = out.type(a).shape;
  const Shape right = out.type(b).shape;
  const ValueId product = out.Mul(out.Reshape(a, WithAxis(left, left.rank())),
                                  out.Reshape(b, WithAxis(right, right.rank() - 2)));
  if (!product.valid()) return product;
  const int axis = out.type(product).shape.rank() - 2;
  return out.Emit(OpKind::kSum, {product, out.ConstI32({axis})}, {{"keep_dims", false}});
}

// --- MatMul ---

Status InferMatMul(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  Shape a = node.input_shape(0);
  Shape b = node.input_shape(1);
  if (a.rank() == 0 || b.rank() == 0) return Status::Ok();
  const bool row = a.rank() == 1;
  const bool column = b.rank() == 1;
  if (row) a = WithAxis(a, 0);
  if (column) b = WithAxis(b, 1);
  const auto batch = [](const Shape& shape) {
    return Shape(std::vector<Dim>(shape.begin(), shape.end() - 2));
  };
  auto broadcast = BroadcastShapes(node.symbols(), batch(a), batch(b));
  if (!broadcast.ok()) return Status::Ok();
  Shape shape = *std::move(broadcast);
  if (!row) shape.push_back(a.dim(a.rank() - 2));
  if (!column) shape.push_back(b.dim(b.rank() - 1));
  node.SetOutputType(0, {node.input_dtype(0), shape});
  return Status::Ok();
}

Status TranslateMatMul(OnnxNode& node, Builder& out) {
  ValueId a = node.input(0);
  ValueId b = node.input(1);
  if (node.input_rank(0) == 1) a = out.Reshape(a, WithAxis(node.input_shape(0), 0));
  if (node.input_rank(1) == 1) b = out.Reshape(b, WithAxis(node.input_shape(1), 1));
  if (!out.status().ok()) return out.status();
  ValueId product;
  if (!ir::IsFloat(node.input_dtype(0))) {
    product = IntegerProduct(out, a, b);
  } else if (node.input_constant(1) != nullptr && out.type(b).shape.rank() == 2) {
    product = FullyConnected(out, a, out.Transpose(b, {1, 0}), ValueId{});
  } else {
    product = BatchMatmul(out, a, b, false, false);
  }
  const bool vector = node.input_rank(0) == 1 || node.input_rank(1) == 1;
  node.SetOutput(0, vector ? out.Reshape(product, node.output_type(0)->shape) : product);
  return out.status();
}

Verdict InnerDimensionsAgree(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& a = node.input_shape(0);
  const Shape& b = node.input_shape(1);
  if (a.rank() == 0 || b.rank() == 0) return Verdict::kNotChecked;
  const Dim left = a.dim(a.rank() - 1);
  const Dim right = b.rank() == 1 ? b.dim(0) : b.dim(b.rank() - 2);
  if (left.is_static() && right.is_static() && left != right) {
    return Violated(node, 1, node.input_text(0) + " by " + node.input_text(1), finding);
  }
  return node.output_type(0)
             ? Verdict::kHolds
             : Violated(node, 1, node.input_text(0) + " by " + node.input_text(1), finding);
}

// --- Gemm: alpha * op(A) * op(B) + beta * C ---

bool TransposesA(const OnnxNode& node) { return node.Int("transA", 0) != 0; }
bool TransposesB(const OnnxNode& node) { return node.Int("transB", 0) != 0; }

Status InferGemm(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  if (node.input_rank(0) != 2 || node.input_rank(1) != 2) return Status::Ok();
  node.SetOutputType(
      0, {node.input_dtype(0), Shape{node.input_shape(0).dim(TransposesA(node) ? 1 : 0),
                                     node.input_shape(1).dim(TransposesB(node) ? 0 : 1)}});
  return Status::Ok();
}

Constant Scaled(const Constant& constant, double factor) {
  if (factor == 1.0) return constant;
  return constant.WithStep({ConstantStep::Kind::kMultiply, -1,
                            std::make_shared<const std::vector<double>>(1, factor), DType::kF32});
}

// C as a bias of `columns` elements; nothing when it is computed or differs between rows.
std::optional<Constant> BiasRow(const OnnxNode& node, Dim columns, double beta) {
  const Constant* c = node.has_input(2) ? node.input_constant(2) : nullptr;
  if (c == nullptr || !columns.is_static()) return std::nullopt;
  const auto& shape = c->shape();
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) {
    if (shape[i] != 1) return std::nullopt;
  }
  const std::int64_t last = shape.empty() ? 1 : shape.back();
  if (last != 1 && last != columns.value()) return std::nullopt;
  const std::int64_t row[] = {last};
  const std::int64_t full[] = {columns.value()};
  return Scaled(c->Reshaped(row).BroadcastTo(full), beta);
}

// y + beta * C, C broadcast.
ValueId AddScaled(OnnxNode& node, Builder& out, ValueId y, double beta) {
  if (!node.has_input(2) || beta == 0) return y;
  ValueId c = node.input(2);
  if (beta != 1.0) c = out.Mul(c, out.Scalar(node.input_dtype(0), beta));
  return out.Add(y, c);
}

Status TranslateGemm(OnnxNode& node, Builder& out) {
  const double alpha = node.Float("alpha", 1.0);
  const double beta = node.Float("beta", 1.0);
  const DType type = node.input_dtype(0);
  ValueId a = node.input(0);
  const ValueId b = node.input(1);
  if (!ir::IsFloat(type)) {
    if (TransposesA(node)) a = out.Transpose(a, {1, 0});
    const ValueId right = TransposesB(node) ? out.Transpose(b, {1, 0}) : b;
    node.SetOutput(0, AddScaled(node, out, IntegerProduct(out, a, right), beta));
    return out.status();
  }
  const Constant* weights = node.input_constant(1);
  if (weights == nullptr) {
    ValueId y = BatchMatmul(out, a, b, TransposesA(node), TransposesB(node));
    if (alpha != 1.0) y = out.Mul(y, out.Scalar(type, alpha));
    node.SetOutput(0, AddScaled(node, out, y, beta));
    return out.status();
  }
  const int swap[] = {1, 0};
  const Constant rows = TransposesB(node) ? *weights : weights->Transposed(swap);
  if (TransposesA(node)) a = out.Transpose(a, {1, 0});  // `weights` is not valid behind this
  const auto bias = BiasRow(node, node.output_type(0)->shape.dim(1), beta);
  const ValueId y = FullyConnected(out, a, out.Const(Scaled(rows, alpha), node.input_name(1)),
                                   bias ? out.Const(*bias, node.input_name(2)) : ValueId{});
  node.SetOutput(0, bias ? y : AddScaled(node, out, y, beta));
  return out.status();
}

Verdict GemmShapesAgree(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.output_type(0)) return Verdict::kNotChecked;
  const Dim left = node.input_shape(0).dim(TransposesA(node) ? 0 : 1);
  const Dim right = node.input_shape(1).dim(TransposesB(node) ? 1 : 0);
  if (left.is_static() && right.is_static() && left != right) {
    return Violated(node, 1, node.input_text(0) + " by " + node.input_text(1), finding);
  }
  if (!node.has_input(2)) return Verdict::kHolds;
  if (!node.knows_input(2)) return Verdict::kNotChecked;
  const Shape& product = node.output_type(0)->shape;
  const Shape& c = node.input_shape(2);
  bool fits = c.rank() <= 2;
  for (int i = 1; fits && i <= c.rank(); ++i) {
    const Dim dim = c.dim(c.rank() - i);
    const Dim full = product.dim(2 - i);
    fits = dim == Dim(1) || !dim.is_static() || !full.is_static() || dim == full;
  }
  return fits ? Verdict::kHolds : Violated(node, 2, "C " + node.input_text(2), finding);
}

// Before opset 7 C is repeated only where the attribute says so.
Verdict RepeatsOnlyWhenAsked(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.Int("broadcast", 0) != 0) return Verdict::kHolds;
  if (!node.output_type(0) || !node.knows_input(2)) return Verdict::kNotChecked;
  const Shape& product = node.output_type(0)->shape;
  const Shape& c = node.input_shape(2);
  const auto fits = [&](int i) {
    return c.dim(i) == product.dim(i) || !c.dim(i).is_static() || !product.dim(i).is_static();
  };
  if (c.rank() == 2 && fits(0) && fits(1)) return Verdict::kHolds;
  return Violated(node, 2, "C " + node.input_text(2) + " without broadcast", finding);
}

// Scaling integers by a fraction has no exact meaning in the definition.
Verdict IntegersAreNotScaled(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (ir::IsFloat(node.input_dtype(0))) return Verdict::kHolds;
  const double alpha = node.Float("alpha", 1.0);
  const double beta = node.Float("beta", 1.0);
  if (alpha == 1.0 && (beta == 1.0 || beta == 0.0 || !node.has_input(2))) return Verdict::kHolds;
  return Violated(node, 0, "alpha " + std::to_string(alpha) + ", beta " + std::to_string(beta),
                  finding);
}

constexpr OnnxConstraint kMatMul[] = {
    {Reason::kTypeMismatch, SameTypes, {}, "both inputs have one element type"},
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 64}, "the left input has rank {lo} or more"},
    {Reason::kUnsupportedRank, RankWithin<1>, {1, 64}, "the right input has rank {lo} or more"},
    {Reason::kShapeMismatch, InnerDimensionsAgree, {}, "the matrices and their batches fit"},
};
constexpr OnnxConstraint kGemmTypes = {
    Reason::kTypeMismatch, SameTypes, {}, "all inputs have one element type"};
constexpr OnnxConstraint kGemmLeft = {
    Reason::kUnsupportedRank, RankWithin<0>, {2, 2}, "A has rank {lo}"};
constexpr OnnxConstraint kGemmRight = {
    Reason::kUnsupportedRank, RankWithin<1>, {2, 2}, "B has rank {lo}"};
constexpr OnnxConstraint kGemmShapes = {
    Reason::kShapeMismatch, GemmShapesAgree, {}, "the matrices fit and C broadcasts to the result"};
constexpr OnnxConstraint kGemm1[] = {
    kGemmTypes,
    kGemmLeft,
    kGemmRight,
    kGemmShapes,
    {Reason::kShapeMismatch,
     RepeatsOnlyWhenAsked,
     {},
     "C has the result's shape, or broadcast is 1"},
};
constexpr OnnxConstraint kGemm7[] = {
    kGemmTypes,
    kGemmLeft,
    kGemmRight,
    kGemmShapes,
    {Reason::kUnsupportedAttributeValue,
     IntegersAreNotScaled,
     {},
     "alpha and beta are 1 for integer types"},
};

constexpr OnnxRule kRules[] = {
    {"", "Gemm", 1, 6, kGemm1, InferGemm, TranslateGemm},
    {"", "Gemm", 7, 13, kGemm7, InferGemm, TranslateGemm},
    {"", "MatMul", 1, 13, kMatMul, InferMatMul, TranslateMatMul},
};

}  // namespace

std::span<const OnnxRule> MatMulRules() { return kRules; }

}  // namespace smelt::onnx_import
