// Matrix products: MatMul and Gemm, and the same with transpositions and activations fused.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/fused_activation.h"
#include "core/import/onnx/ops/matrix_product.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::ValueId;

// --- MatMul ---

// The order that moves the first axis of `rank` behind the batch, before the last.
std::vector<int> BatchOrder(int rank) {
  std::vector<int> order;
  for (int i = 1; i < rank - 1; ++i) order.push_back(i);
  order.push_back(0);
  order.push_back(rank - 1);
  return order;
}

// Plain MatMul has no attributes: what it carries all the same is ignored.
bool IsFused(const OnnxNode& node) { return node.op_type() != "MatMul"; }
bool TransposesBatch(const OnnxNode& node, int input) {
  return IsFused(node) && node.Int(input == 0 ? "transBatchA" : "transBatchB", 0) != 0;
}
bool Transposes(const OnnxNode& node, int input) {
  return IsFused(node) && node.Int(input == 0 ? "transA" : "transB", 0) != 0;
}

// What is multiplied: the input's shape under the node's transpositions.
Shape FactorShape(const OnnxNode& node, int input) {
  const Shape& given = node.input_shape(input);
  const int rank = given.rank();
  Dims dims = given.dims();
  if (TransposesBatch(node, input) && rank > 2) {
    const std::vector<int> order = BatchOrder(rank);
    for (std::size_t i = 0; i < order.size(); ++i) dims[i] = given.dim(order[i]);
  }
  if (Transposes(node, input) && rank > 1) std::swap(dims[dims.size() - 2], dims.back());
  return Shape(std::move(dims));
}

Status InferMatMul(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  auto shape = ProductShape(node.symbols(), FactorShape(node, 0), FactorShape(node, 1));
  if (shape) node.SetOutputType(0, {node.input_dtype(0), *std::move(shape)});
  return Status::Ok();
}

Status TranslateMatMul(OnnxNode& node, Builder& out) {
  MatrixProduct product{node.input(0), node.input(1), Transposes(node, 0), Transposes(node, 1),
                        IsFused(node) ? node.Float("alpha", 1.0) : 1.0};
  const auto order = [&](ValueId x, int input) {
    const int rank = node.input_rank(input);
    return TransposesBatch(node, input) && rank > 2 ? out.Transpose(x, BatchOrder(rank)) : x;
  };
  product.a = order(product.a, 0);
  product.b = order(product.b, 1);
  node.SetOutput(0, EmitProduct(out, product, node.output_type(0)->shape));
  return out.status();
}

Status TranslateFusedMatMulActivation(OnnxNode& node, Builder& out) {
  SMELT_RETURN_IF_ERROR(TranslateMatMul(node, out));
  node.SetOutput(0, EmitFusedActivation(node, out, node.output(0)));
  return out.status();
}

Verdict InnerDimensionsAgree(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  if (node.input_rank(0) == 0 || node.input_rank(1) == 0) return Verdict::kNotChecked;
  const Shape a = FactorShape(node, 0);
  const Shape b = FactorShape(node, 1);
  const Dim left = a.dim(a.rank() - 1);
  const Dim right = b.rank() == 1 ? b.dim(0) : b.dim(b.rank() - 2);
  const bool fits = !left.is_static() || !right.is_static() || left == right;
  if (fits && node.output_type(0)) return Verdict::kHolds;
  return Contradicted(node, 1, node.input_text(0) + " by " + node.input_text(1), finding);
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
  const Constant* weights = node.input_constant(1);
  if (!ir::IsFloat(type) || weights == nullptr) {
    const MatrixProduct product{a, b, TransposesA(node), TransposesB(node), alpha};
    const ValueId y = EmitProduct(out, product, node.output_type(0)->shape);
    node.SetOutput(0, AddScaled(node, out, y, beta));
    return out.status();
  }
  const int swap[] = {1, 0};
  const Constant rows = TransposesB(node) ? *weights : weights->Transposed(swap);
  if (TransposesA(node)) a = out.Transpose(a, {1, 0});  // `weights` is not valid behind this
  const auto bias = BiasRow(node, node.output_type(0)->shape.dim(1), beta);
  const ValueId y = EmitFullyConnected(out, a, out.Const(Scaled(rows, alpha), node.input_name(1)),
                                       bias ? out.Const(*bias, node.input_name(2)) : ValueId{});
  node.SetOutput(0, bias ? y : AddScaled(node, out, y, beta));
  return out.status();
}

Status TranslateFusedGemm(OnnxNode& node, Builder& out) {
  SMELT_RETURN_IF_ERROR(TranslateGemm(node, out));
  node.SetOutput(0, EmitFusedActivation(node, out, node.output(0)));
  return out.status();
}

Verdict GemmShapesAgree(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.output_type(0)) return Verdict::kNotChecked;
  const Dim left = node.input_shape(0).dim(TransposesA(node) ? 0 : 1);
  const Dim right = node.input_shape(1).dim(TransposesB(node) ? 1 : 0);
  if (left.is_static() && right.is_static() && left != right) {
    return Contradicted(node, 1, node.input_text(0) + " by " + node.input_text(1), finding);
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

constexpr OnnxConstraint kOneType = {
    Reason::kTypeMismatch, SameTypes, {}, "all inputs have one element type"};
constexpr OnnxConstraint kLeftRank = {
    Reason::kUnsupportedRank, RankWithin<0>, {1, 64}, "the left input has rank {lo} or more"};
constexpr OnnxConstraint kRightRank = {
    Reason::kUnsupportedRank, RankWithin<1>, {1, 64}, "the right input has rank {lo} or more"};
constexpr OnnxConstraint kFits = {
    Reason::kShapeMismatch, InnerDimensionsAgree, {}, "the matrices and their batches fit"};
constexpr OnnxConstraint kRankA = {
    Reason::kUnsupportedRank, RankWithin<0>, {2, 2}, "A has rank {lo}"};
constexpr OnnxConstraint kRankB = {
    Reason::kUnsupportedRank, RankWithin<1>, {2, 2}, "B has rank {lo}"};
constexpr OnnxConstraint kGemmFits = {
    Reason::kShapeMismatch, GemmShapesAgree, {}, "the matrices fit and C broadcasts to the result"};
constexpr OnnxConstraint kExact = {Reason::kUnsupportedAttributeValue,
                                   IntegersAreNotScaled,
                                   {},
                                   "alpha and beta are 1 for integer types"};
constexpr OnnxConstraint kFloatsOnly = {
    Reason::kUnsupportedType, TypeIn<0, kFloatTypes>, {}, "inputs of a float type"};

constexpr OnnxConstraint kMatMul[] = {kOneType, kLeftRank, kRightRank, kFits};
constexpr OnnxConstraint kMatMulActivation[] = {kOneType, kLeftRank, kRightRank, kFits,
                                                kFusedActivation};
constexpr OnnxConstraint kRepeats = {Reason::kShapeMismatch,
                                     RepeatsOnlyWhenAsked,
                                     {},
                                     "C has the result's shape, or broadcast is 1"};
constexpr OnnxConstraint kGemm1[] = {kOneType, kRankA, kRankB, kGemmFits, kRepeats};
constexpr OnnxConstraint kGemm7[] = {kOneType, kRankA, kRankB, kGemmFits, kExact};
constexpr OnnxConstraint kFusedGemm[] = {kFloatsOnly, kOneType,  kRankA,
                                         kRankB,      kGemmFits, kFusedActivation};

constexpr OnnxRule kRules[] = {
    {"", "Gemm", 1, 6, kGemm1, InferGemm, TranslateGemm},
    {"", "Gemm", 7, 13, kGemm7, InferGemm, TranslateGemm},
    {"", "MatMul", 1, 13, kMatMul, InferMatMul, TranslateMatMul},
    {kContribDomain, "FusedGemm", 1, 1, kFusedGemm, InferGemm, TranslateFusedGemm},
    {kContribDomain, "FusedMatMul", 1, 1, kMatMul, InferMatMul, TranslateMatMul},
    {kContribDomain, "FusedMatMulActivation", 1, 1, kMatMulActivation, InferMatMul,
     TranslateFusedMatMulActivation},
    {kContribDomain, "TransposeMatMul", 1, 1, kMatMul, InferMatMul, TranslateMatMul},
};

}  // namespace

std::span<const OnnxRule> MatMulRules() { return kRules; }

}  // namespace smelt::onnx_import
