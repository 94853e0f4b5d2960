// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: the score of each sample's class, weighted
// by class, without the samples of class ignore_index.
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

bool Reduces(const OnnxNode& node) { return node.String("reduction", "mean") != "none"; }

Status InferLoss(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  node.SetOutputType(0, {node.input_dtype(0), Reduces(node) ? Shape{} : node.input_shape(1)});
  if (node.output_count() > 1) node.SetOutputType(1, node.input_type(0));
  return Status::Ok();
}

// (N, C, d...) as (N, d..., C).
ValueId ClassesLast(Builder& out, ValueId x, int rank) {
  std::vector<int> order(static_cast<std::size_t>(rank));
  std::iota(order.begin() + 1, order.end() - 1, 2);
  order.back() = 1;
  return rank > 2 ? out.Transpose(x, order) : x;
}

ValueId ClassesSecond(Builder& out, ValueId x, int rank) {
  std::vector<int> order(static_cast<std::size_t>(rank));
  std::iota(order.begin() + 2, order.end(), 1);
  order[1] = rank - 1;
  return rank > 2 ? out.Transpose(x, order) : x;
}

// The loss of log-probabilities (rows of classes), by the node's reduction.
ValueId Loss(OnnxNode& node, Builder& out, ValueId rows) {
  const DType type = node.input_dtype(0);
  const DType label = node.input_dtype(1);
  const Dim samples = node.symbols().Product(node.input_shape(1));
  const ValueId target = out.Reshape(node.input(1), Shape{samples});
  ValueId chosen = target;
  ValueId valid;
  if (node.has_attr("ignore_index")) {
    // The ignored class may lie outside of the classes: it reads class 0, then nothing of it.
    const ValueId ignored = out.Scalar(label, static_cast<double>(node.Int("ignore_index", 0)));
    const ValueId counts = out.Emit(OpKind::kNotEqual, {target, ignored});
    chosen = out.Emit(OpKind::kSelectV2, {counts, target, out.Scalar(label, 0)});
    valid = out.Cast(counts, type);
  }
  const ir::Attributes second{{"axis", std::int64_t{1}}, {"batch_dims", std::int64_t{1}}};
  const ValueId column = out.Reshape(chosen, Shape{samples, 1});
  const ValueId scores =
      out.Reshape(out.Emit(OpKind::kGather, {rows, column}, second), Shape{samples});
  ValueId weights = valid;
  if (node.has_input(2)) {
    weights = out.Emit(OpKind::kGather, {node.input(2), chosen},
                       {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    if (valid.valid()) weights = out.Mul(weights, valid);
  }
  ValueId loss = out.Unary(OpKind::kNeg, scores);
  if (weights.valid()) loss = out.Mul(loss, weights);
  const std::string reduction = node.String("reduction", "mean");
  if (reduction == "none") return out.Reshape(loss, node.input_shape(1));
  const auto reduce = [&](OpKind kind, ValueId x) {
    return out.Emit(kind, {x, out.ConstI32({0})}, {{"keep_dims", false}});
  };
  if (reduction == "sum") return reduce(OpKind::kSum, loss);
  if (!weights.valid()) return reduce(OpKind::kMean, loss);
  return out.Div(reduce(OpKind::kSum, loss), reduce(OpKind::kSum, weights));
}

ValueId Rows(OnnxNode& node, Builder& out, ValueId x) {
  const Dim samples = node.symbols().Product(node.input_shape(1));
  return out.Reshape(x, Shape{samples, node.input_shape(0).dim(1)});
}

Status TranslateLikelihood(OnnxNode& node, Builder& out) {
  const ValueId last = ClassesLast(out, node.input(0), node.input_rank(0));
  node.SetOutput(0, Loss(node, out, Rows(node, out, last)));
  return out.status();
}

Status TranslateCrossEntropy(OnnxNode& node, Builder& out) {
  const int rank = node.input_rank(0);
  const ValueId scores = ClassesLast(out, node.input(0), rank);
  const ValueId logs = out.Unary(OpKind::kLogSoftmax, scores);
  node.SetOutput(0, Loss(node, out, Rows(node, out, logs)));
  if (node.has_output(1)) node.SetOutput(1, ClassesSecond(out, logs, rank));
  return out.status();
}

// Labels have the scores' shape without the classes, weights one value a class.
Verdict LabelsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1) || node.input_rank(0) < 2) {
    return Verdict::kNotChecked;
  }
  const Shape& scores = node.input_shape(0);
  const Shape& labels = node.input_shape(1);
  if (labels.rank() != scores.rank() - 1) return Violated(node, 1, node.input_text(1), finding);
  for (int i = 0; i < labels.rank(); ++i) {
    const Dim size = scores.dim(i == 0 ? 0 : i + 1);
    if (size.is_static() && labels.dim(i).is_static() && size != labels.dim(i)) {
      return Violated(node, 1, node.input_text(1), finding);
    }
  }
  return Verdict::kHolds;
}

Verdict WeightsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(2)) return Verdict::kHolds;
  if (!node.knows_input(0) || !node.knows_input(2) || node.input_rank(0) < 2) {
    return Verdict::kNotChecked;
  }
  const Shape& weights = node.input_shape(2);
  const Dim classes = node.input_shape(0).dim(1);
  if (weights.rank() == 1 &&
      (weights.dim(0) == classes || !weights.dim(0).is_static() || !classes.is_static())) {
    return Verdict::kHolds;
  }
  return Violated(node, 2, node.input_text(2), finding);
}

Verdict IgnoredFits(const OnnxNode& node, Bounds, Finding& finding) {
  const std::int64_t ignored = node.Int("ignore_index", 0);
  if (ignored >= INT32_MIN && ignored <= INT32_MAX) return Verdict::kHolds;
  return Violated("ignore_index = " + std::to_string(ignored), finding);
}

constexpr OnnxConstraint kLoss[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 8}, "scores of rank {lo} to {hi}"},
    {Reason::kShapeMismatch,
     LabelsFit,
     {},
     "labels with the shape of the scores without the class axis"},
    {Reason::kShapeMismatch, WeightsFit, {}, "one weight for each class"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"reduction", "mean", "none", "sum">,
     {},
     "reduction none, mean or sum"},
    {Reason::kUnsupportedAttributeValue, IgnoredFits, {}, "ignore_index fits into 32 bits"},
};

constexpr OnnxRule kRules[] = {
    {"", "NegativeLogLikelihoodLoss", 12, 22, kLoss, InferLoss, TranslateLikelihood},
    {"", "SoftmaxCrossEntropyLoss", 12, 13, kLoss, InferLoss, TranslateCrossEntropy},
};

}  // namespace

std::span<const OnnxRule> LossRules() { return kRules; }

}  // namespace smelt::onnx_import
