// Einsum: any number of inputs, an ellipsis, repeated subscripts, explicit or implicit result.
//
// Each term is reduced to an operand with one axis for each of its labels; then operands are
// joined from left to right. A join is a matrix product whose axes are batch (in both operands and
// still needed), contracted (in both and not needed any more) and free (in one).
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/einsum_equation.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

struct Operand {
  ValueId value;
  Labels labels;
};

bool Has(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}
int Place(const Labels& labels, int label) {
  return static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

class Einsum {
 public:
  Einsum(OnnxNode& node, Builder& out, const Equation& equation)
      : node_(node), out_(out), equation_(equation) {}

  ValueId Run() {
    std::vector<Operand> operands;
    for (std::size_t i = 0; i < equation_.terms.size(); ++i) {
      operands.push_back({node_.input(static_cast<int>(i)), equation_.terms[i]});
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
      operands[i] = DropOnes(Diagonals(operands[i]));
    }
    Operand joined = operands[0];
    for (std::size_t i = 0; i < operands.size(); ++i) {
      Labels needed = equation_.result;
      for (std::size_t rest = i + 1; rest < operands.size(); ++rest) {
        needed.insert(needed.end(), operands[rest].labels.begin(), operands[rest].labels.end());
      }
      if (i > 0) joined = Join(joined, operands[i], needed);
      joined = SumUnneeded(joined, needed);
    }
    return Finish(joined);
  }

 private:
  Dim SizeOf(int label) const { return equation_.sizes[static_cast<std::size_t>(label)]; }
  Shape ShapeOf(const Labels& labels) const {
    Shape shape;
    for (const int label : labels) shape.push_back(SizeOf(label));
    return shape;
  }

  // A label that occurs twice: the two axes become one, of which every (size + 1)-th element is on
  // the diagonal.
  Operand Diagonals(Operand x) {
    for (std::size_t i = 0; i < x.labels.size(); ++i) {
      for (std::size_t j = x.labels.size() - 1; j > i; --j) {
        if (x.labels[j] != x.labels[i]) continue;
        std::vector<int> order;
        Labels labels;
        for (std::size_t k = 0; k < x.labels.size(); ++k) {
          if (k == i || k == j) continue;
          order.push_back(static_cast<int>(k));
          labels.push_back(x.labels[k]);
        }
        const std::int64_t size = SizeOf(x.labels[i]).value();
        Shape merged = ShapeOf(labels);
        merged.push_back(size * size);
        labels.push_back(x.labels[i]);
        order.push_back(static_cast<int>(i));
        order.push_back(static_cast<int>(j));
        std::vector<std::int32_t> places;
        for (std::int64_t k = 0; k < size; ++k) {
          places.push_back(static_cast<std::int32_t>(k * (size + 1)));
        }
        const ValueId flat = out_.Reshape(out_.Transpose(x.value, order), merged);
        x.value =
            out_.Emit(OpKind::kGather, {flat, out_.ConstI32(places)},
                      {{"axis", std::int64_t{merged.rank() - 1}}, {"batch_dims", std::int64_t{0}}});
        x.labels = labels;
        return Diagonals(x);
      }
    }
    return x;
  }

  // An axis of 1 where the label's size is another: broadcast, so it needs no axis.
  Operand DropOnes(Operand x) {
    if (!out_.status().ok()) return x;
    const Shape shape = out_.type(x.value).shape;
    Shape kept;
    Labels labels;
    for (int i = 0; i < shape.rank(); ++i) {
      const int label = x.labels[static_cast<std::size_t>(i)];
      if (shape.dim(i) == Dim(1) && SizeOf(label) != Dim(1)) continue;
      kept.push_back(shape.dim(i));
      labels.push_back(label);
    }
    if (labels.size() != x.labels.size()) x.value = out_.Reshape(x.value, kept);
    x.labels = labels;
    return x;
  }

  Operand SumUnneeded(Operand x, const Labels& needed) {
    std::vector<std::int32_t> axes;
    Labels labels;
    for (std::size_t i = 0; i < x.labels.size(); ++i) {
      if (Has(needed, x.labels[i])) {
        labels.push_back(x.labels[i]);
      } else {
        axes.push_back(static_cast<std::int32_t>(i));
      }
    }
    if (axes.empty()) return x;
    return {out_.Emit(OpKind::kSum, {x.value, out_.ConstI32(axes)}, {{"keep_dims", false}}),
            labels};
  }

  ValueId Ordered(const Operand& x, const Labels& labels) {
    std::vector<int> order;
    for (const int label : labels) order.push_back(Place(x.labels, label));
    if (std::is_sorted(order.begin(), order.end())) return x.value;
    return out_.Transpose(x.value, order);
  }

  // The axes of `x` in the order of `labels`, those that it lacks as 1.
  ValueId Spread(const Operand& x, const Labels& labels) {
    Labels own;
    Shape shape;
    for (const int label : labels) {
      const bool has = Has(x.labels, label);
      if (has) own.push_back(label);
      shape.push_back(has ? SizeOf(label) : Dim(1));
    }
    const ValueId ordered = Ordered(x, own);
    return own.size() == labels.size() ? ordered : out_.Reshape(ordered, shape);
  }

  Operand Join(const Operand& a, const Operand& b, const Labels& needed) {
    Labels batch, contracted, left, right;
    for (const int label : a.labels) {
      if (!Has(b.labels, label)) {
        left.push_back(label);
      } else if (Has(needed, label)) {
        batch.push_back(label);
      } else {
        contracted.push_back(label);
      }
    }
    for (const int label : b.labels) {
      if (!Has(a.labels, label)) right.push_back(label);
    }
    Labels all = batch;
    all.insert(all.end(), left.begin(), left.end());
    all.insert(all.end(), right.begin(), right.end());
    if (contracted.empty() || !ir::IsFloat(node_.input_dtype(0))) {
      Labels product = all;  // what is contracted is summed by the caller
      product.insert(product.end(), contracted.begin(), contracted.end());
      return {out_.Mul(Spread(a, product), Spread(b, product)), product};
    }
    return {MatrixProduct(a, b, batch, contracted, left, right, all), all};
  }

  ValueId MatrixProduct(const Operand& a, const Operand& b, const Labels& batch,
                        const Labels& contracted, const Labels& left, const Labels& right,
                        const Labels& all) {
    constexpr std::size_t kMostBatch = 3;
    Shape batch_shape = ShapeOf(batch);
    if (batch.size() > kMostBatch) batch_shape = Shape{node_.symbols().Product(batch_shape)};
    // Transposed where the axes are in that order already: the kernel reads both.
    const auto matrix = [&](const Operand& x, const Labels& rows, const Labels& columns) {
      const auto joined = [&](const Labels& first, const Labels& second) {
        Labels order = batch;
        order.insert(order.end(), first.begin(), first.end());
        order.insert(order.end(), second.begin(), second.end());
        return order;
      };
      const bool swapped = x.labels != joined(rows, columns) && x.labels == joined(columns, rows);
      const Labels& high = swapped ? columns : rows;
      const Labels& low = swapped ? rows : columns;
      const Labels order = joined(high, low);
      Shape shape = batch_shape;
      shape.push_back(node_.symbols().Product(ShapeOf(high)));
      shape.push_back(node_.symbols().Product(ShapeOf(low)));
      const ValueId ordered = Ordered(x, order);
      const bool fits = shape == ShapeOf(order);
      return std::pair(fits ? ordered : out_.Reshape(ordered, shape), swapped);
    };
    const auto [x, swapped_x] = matrix(a, left, contracted);
    const auto [w, swapped_w] = matrix(b, contracted, right);
    const ValueId y =
        out_.Emit(OpKind::kBatchMatmul, {x, w}, {{"adj_x", swapped_x}, {"adj_y", swapped_w}});
    if (!out_.status().ok() || out_.type(y).shape == ShapeOf(all)) return y;
    return out_.Reshape(y, ShapeOf(all));
  }

  // A label of the result that no operand has any more had size 1 in all but its own terms.
  ValueId Finish(const Operand& x) {
    Labels own;
    for (const int label : equation_.result) {
      if (Has(x.labels, label)) own.push_back(label);
    }
    const ValueId y = Ordered(x, own);
    return own.size() == equation_.result.size() ? y : out_.Reshape(y, ShapeOf(equation_.result));
  }

  OnnxNode& node_;
  Builder& out_;
  const Equation& equation_;
};

std::optional<Equation> Parsed(const OnnxNode& node) {
  std::vector<Shape> shapes;
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.knows_input(i)) return std::nullopt;
    shapes.push_back(node.input_shape(i));
  }
  auto equation = ParseEquation(node.String("equation", ""), shapes);
  if (!equation.ok()) return std::nullopt;
  return std::move(equation).value();
}

Status InferEinsum(OnnxNode& node) {
  const auto equation = Parsed(node);
  if (!equation) return Status::Ok();
  Shape shape;
  for (const int label : equation->result) {
    shape.push_back(equation->sizes[static_cast<std::size_t>(label)]);
  }
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateEinsum(OnnxNode& node, Builder& out) {
  const Equation equation = *Parsed(node);
  node.SetOutput(0, Einsum(node, out, equation).Run());
  return out.status();
}

Verdict EquationFits(const OnnxNode& node, Bounds, Finding& finding) {
  std::vector<Shape> shapes;
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    shapes.push_back(node.input_shape(i));
  }
  const std::string text = node.String("equation", "");
  const auto equation = ParseEquation(text, shapes);
  if (equation.ok()) return Verdict::kHolds;
  return Violated("\"" + text + "\": " + std::string(equation.status().message()), finding);
}

Verdict DiagonalsStatic(const OnnxNode& node, Bounds, Finding& finding) {
  const auto equation = Parsed(node);
  if (!equation) return Verdict::kNotChecked;
  for (std::size_t i = 0; i < equation->terms.size(); ++i) {
    const Labels& labels = equation->terms[i];
    for (const int label : labels) {
      const bool twice = std::count(labels.begin(), labels.end(), label) > 1;
      if (!twice || equation->sizes[static_cast<std::size_t>(label)].is_static()) continue;
      return Violated(node, static_cast<int>(i), node.input_text(static_cast<int>(i)), finding);
    }
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kEinsum[] = {
    {Reason::kUnsupportedType, AllTypesIn<kNumericTypes>, {}, "the inputs are numbers"},
    {Reason::kTypeMismatch, SameTypes, {}, "all inputs have one element type"},
    {Reason::kUnsupportedAttributeValue,
     EquationFits,
     {},
     "the equation is well formed and fits the inputs"},
    {Reason::kDynamicDimensionUnsupported,
     DiagonalsStatic,
     {},
     "a subscript that a term repeats names axes of a static size"},
};

constexpr OnnxRule kRules[] = {
    {"", "Einsum", 12, 28, kEinsum, InferEinsum, TranslateEinsum},
};

}  // namespace

std::span<const OnnxRule> EinsumRules() { return kRules; }

}  // namespace smelt::onnx_import
