// Det of small matrices.
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status InferDet(OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 2) return Status::Ok();
  Shape shape = node.input_shape(0);
  shape.dims().resize(shape.dims().size() - 2);
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

// By its last column: the element of a row times the minor without that row. Minors of the first
// columns are shared.
class Determinant {
 public:
  Determinant(Builder& out, ValueId elements, int size)
      : out_(out), elements_(elements), size_(size), minors_(std::size_t{1} << size) {}

  // Of the rows in the set `rows` and as many first columns.
  ValueId Of(std::size_t rows) {
    ValueId& minor = minors_[rows];
    if (minor.valid() || !out_.status().ok()) return minor;
    std::vector<int> members;
    for (int row = 0; row < size_; ++row) {
      if ((rows >> row & 1) != 0) members.push_back(row);
    }
    const auto count = static_cast<int>(members.size());
    ValueId sum;
    for (int i = 0; i < count; ++i) {
      const int row = members[static_cast<std::size_t>(i)];
      ValueId term = Element(row, count - 1);
      if (count > 1) term = out_.Mul(term, Of(rows & ~(std::size_t{1} << row)));
      const bool negative = (i + count - 1) % 2 != 0;
      if (i == 0) {
        sum = negative ? out_.Unary(OpKind::kNeg, term) : term;
      } else {
        sum = negative ? out_.Sub(sum, term) : out_.Add(sum, term);
      }
    }
    minors_[rows] = sum;
    return sum;
  }

 private:
  // [matrices, 1] out of [matrices, size * size].
  ValueId Element(int row, int column) {
    return out_.Emit(OpKind::kSlice,
                     {elements_, out_.ConstI32({0, row * size_ + column}), out_.ConstI32({-1, 1})});
  }

  Builder& out_;
  ValueId elements_;
  int size_;
  std::vector<ValueId> minors_;
};

Status TranslateDet(OnnxNode& node, Builder& out) {
  const Shape& result = node.output_type(0)->shape;
  const std::int64_t size = node.input_shape(0).dim(node.input_rank(0) - 1).value();
  const ValueId elements =
      out.Reshape(node.input(0), Shape{node.symbols().Product(result), size * size});
  Determinant determinant(out, elements, static_cast<int>(size));
  const ValueId y = determinant.Of((std::size_t{1} << size) - 1);
  node.SetOutput(0, out.Reshape(y, result));
  return out.status();
}

Verdict SmallSquares(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) < 2) return Verdict::kNotChecked;
  const int rank = node.input_rank(0);
  const Dim size = node.input_shape(0).dim(rank - 1);
  const bool fits = size.is_static() && size == node.input_shape(0).dim(rank - 2) &&
                    size.value() >= bounds.lo && size.value() <= bounds.hi;
  if (fits) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kDet[] = {
    {Reason::kUnsupportedType, TypeIn<0, kFloatTypes>, {}, "the input is floats"},
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 8}, "input of rank {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue,
     SmallSquares,
     {1, 4},
     "square matrices of a static size of {lo} to {hi}"},
};

constexpr OnnxRule kRules[] = {
    {"", "Det", 11, 22, kDet, InferDet, TranslateDet},
};

}  // namespace

std::span<const OnnxRule> DeterminantRules() { return kRules; }

}  // namespace smelt::onnx_import
