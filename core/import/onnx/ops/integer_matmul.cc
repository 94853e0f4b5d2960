// MatMulInteger and QLinearMatMul, exact in every bit of the sums.
#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/integer_sum.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// Where the operands are: (A, B, zero points) or (A, scale, zero point, B, scale, zero point, ...).
struct Operands {
  int b, a_zero, b_zero;
};
Operands Where(const OnnxNode& node) {
  return node.op_type() == "QLinearMatMul" ? Operands{3, 2, 5} : Operands{1, 2, 3};
}

Status InferIntegerMatMul(OnnxNode& node) {
  const int b = Where(node).b;
  if (!node.knows_input(0) || !node.knows_input(b)) return Status::Ok();
  const Shape& left = node.input_shape(0);
  const Shape& right = node.input_shape(b);
  if (left.rank() < 2 || right.rank() < 2) return Status::Ok();
  const bool narrows = b == 3;
  if (narrows && !node.knows_input(7)) return Status::Ok();
  const auto batch = [](const Shape& shape) { return Shape(Dims(shape.begin(), shape.end() - 2)); };
  SMELT_ASSIGN_OR_RETURN(Shape shape, BroadcastShapes(node.symbols(), batch(left), batch(right)));
  shape.push_back(left.dim(left.rank() - 2));
  shape.push_back(right.dim(right.rank() - 1));
  node.SetOutputType(0, {narrows ? node.input_dtype(7) : DType::kI32, std::move(shape)});
  return Status::Ok();
}

ValueId Product(OnnxNode& node, Builder& out) {
  const Operands at = Where(node);
  const int rank = node.input_rank(0);
  const int columns = node.input_rank(at.b) - 1;
  const ValueId a = Centered(node, out, 0, at.a_zero, rank - 2);
  const ValueId b = Centered(node, out, at.b, at.b_zero, columns);
  const std::int64_t terms = node.input_shape(0).dim(rank - 1).value();
  return IntegerSum(out, b, terms, [&](ValueId piece) {
    return out.Emit(OpKind::kBatchMatmul, {a, piece},
                    {{"adj_x", false}, {"adj_y", false}, {"asymmetric_quantize_inputs", false}});
  });
}

Status TranslateMatMulInteger(OnnxNode& node, Builder& out) {
  node.SetOutput(0, Product(node, out));
  return out.status();
}

Status TranslateQLinearMatMul(OnnxNode& node, Builder& out) {
  const ValueId sum = out.Cast(Product(node, out), DType::kF32);
  const int rank = node.output_type(0)->shape.rank();
  const auto by_row = [&](int i) { return AlongAxis(node, out, i, rank, rank - 2); };
  const ValueId by_column = AlongAxis(node, out, 4, rank, rank - 1);
  const ValueId ratio = out.Div(out.Mul(by_row(1), by_column), by_row(6));
  const DType type = node.output_type(0)->dtype;
  node.SetOutput(0, Saturated(out, out.Mul(sum, ratio), by_row(7), type));
  return out.status();
}

Verdict TermsFit(const OnnxNode& node, Bounds, Finding& finding) {
  const int b = Where(node).b;
  if (!node.knows_input(0) || !node.knows_input(b)) return Verdict::kNotChecked;
  if (node.input_rank(0) < 2 || node.input_rank(b) < 2) return Verdict::kNotChecked;
  const Dim terms = node.input_shape(0).dim(node.input_rank(0) - 1);
  if (!terms.is_static() || terms.value() > kMaxIntegerTerms) {
    return Violated(node, 0, node.input_text(0), finding);
  }
  return Verdict::kHolds;
}

Verdict InnerAxesAgree(const OnnxNode& node, Bounds, Finding& finding) {
  const int b = Where(node).b;
  if (!node.knows_input(0) || !node.knows_input(b)) return Verdict::kNotChecked;
  const Shape& right = node.input_shape(b);
  if (node.input_rank(0) < 2 || right.rank() < 2) return Verdict::kNotChecked;
  const Dim rows = right.dim(right.rank() - 2);
  const Dim terms = node.input_shape(0).dim(node.input_rank(0) - 1);
  if (rows == terms || !rows.is_static() || !terms.is_static()) return Verdict::kHolds;
  return Violated(node, b, node.input_text(b), finding);
}

// Those of A and of the result may be one a row, those of B one a column.
Verdict ParametersFit(const OnnxNode& node, Bounds, Finding& finding) {
  const int b = Where(node).b;
  if (!node.knows_input(0) || !node.knows_input(b) || !node.output_type(0)) {
    return Verdict::kNotChecked;
  }
  struct Parameter {
    int input;
    const Shape& of;
    int from_end;  // the axis
  };
  const Shape& rows = node.input_shape(0);
  const Shape& columns = node.input_shape(b);
  const Shape& result = node.output_type(0)->shape;
  const std::vector<Parameter> all =
      b == 3 ? std::vector<Parameter>{{1, rows, 2},    {2, rows, 2},   {4, columns, 1},
                                      {5, columns, 1}, {6, result, 2}, {7, result, 2}}
             : std::vector<Parameter>{{2, rows, 2}, {3, columns, 1}};
  for (const auto& [input, of, from_end] : all) {
    const Verdict verdict = ParameterFits(node, input, of, of.rank() - from_end, finding);
    if (verdict != Verdict::kHolds) return verdict;
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kParameters = {
    Reason::kShapeMismatch,
    ParametersFit,
    {},
    "scales and zero points of one element, of A and the result also one a row, of B one a column"};
constexpr OnnxConstraint kTerms = {
    Reason::kTensorTooLarge, TermsFit, {}, "a static inner axis of at most 16448, to stay exact"};
constexpr OnnxConstraint kInner = {
    Reason::kShapeMismatch, InnerAxesAgree, {}, "the matrices' inner axes have one size"};
constexpr TypeSet kBytes = Types(DType::kU8, DType::kI8);

constexpr OnnxConstraint kMatMulInteger[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 6}, "A of rank {lo} to {hi}"},
    {Reason::kUnsupportedRank, RankWithin<1>, {2, 6}, "B of rank {lo} to {hi}"},
    kInner,
    kParameters,
    kTerms,
};
constexpr OnnxConstraint kQLinearMatMul[] = {
    {Reason::kUnsupportedType, TypeIn<0, kBytes>, {}, "A of u8 or i8"},
    {Reason::kUnsupportedType, TypeIn<3, kBytes>, {}, "B of u8 or i8"},
    {Reason::kUnsupportedType, TypeIn<7, kBytes>, {}, "a result of u8 or i8"},
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 6}, "A of rank {lo} to {hi}"},
    {Reason::kUnsupportedRank, RankWithin<3>, {2, 6}, "B of rank {lo} to {hi}"},
    kInner,
    kParameters,
    kTerms,
};

constexpr OnnxRule kRules[] = {
    {"", "MatMulInteger", 10, 10, kMatMulInteger, InferIntegerMatMul, TranslateMatMulInteger},
    {"", "QLinearMatMul", 10, 21, kQLinearMatMul, InferIntegerMatMul, TranslateQLinearMatMul},
};

}  // namespace

std::span<const OnnxRule> IntegerMatMulRules() { return kRules; }

}  // namespace smelt::onnx_import
