#include "core/import/onnx/ops/attention_plan.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "core/ir/runtime_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

ValueId Product(Builder& out, ValueId a, ValueId b, bool transpose_b) {
  return out.Emit(
      OpKind::kBatchMatmul, {a, b},
      {{"adj_x", false}, {"adj_y", transpose_b}, {"asymmetric_quantize_inputs", false}});
}

// The query heads of one key head lie side by side: their queries are rows of one matrix, so that
// no key is repeated. x is (batch, query heads, queries, any).
ValueId GroupHeads(Builder& out, ValueId x, Dim key_heads) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  if (shape.dim(1) == key_heads) return x;
  const Dim group(shape.dim(1).value() / key_heads.value());
  return out.Reshape(
      x, {shape.dim(0), key_heads, out.module().symbols().Mul(group, shape.dim(2)), shape.dim(3)});
}

// The inverse, to the heads and queries of `like`.
ValueId UngroupHeads(Builder& out, ValueId x, const Shape& like) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  if (shape.dim(1) == like.dim(1)) return x;
  return out.Reshape(x, {like.dim(0), like.dim(1), like.dim(2), shape.dim(3)});
}

ValueId Scaled(Builder& out, ValueId x, double factor) {
  if (!out.status().ok() || factor == 1) return x;
  return out.Mul(x, out.Scalar(out.type(x).dtype, factor));
}

// True for each query that has a key: (..., queries, 1).
ValueId HasKey(Builder& out, const AttentionPlan& plan) {
  const ir::Attributes keep{{"keep_dims", true}};
  if (!plan.bias.valid()) {
    const int last = out.type(plan.allowed).shape.rank() - 1;
    return out.Emit(OpKind::kReduceAny, {plan.allowed, out.ConstI32({last})}, keep);
  }
  const DType dtype = out.type(plan.bias).dtype;
  const ValueId nothing = out.Scalar(dtype, -kInfinity);
  ValueId bias = plan.bias;
  if (plan.allowed.valid()) bias = out.Emit(OpKind::kSelectV2, {plan.allowed, bias, nothing});
  if (!out.status().ok()) return {};
  const int last = out.type(bias).shape.rank() - 1;
  const ValueId most = out.Emit(OpKind::kReduceMax, {bias, out.ConstI32({last})}, keep);
  return out.Emit(OpKind::kGreater, {most, nothing});
}

}  // namespace

AttentionValues EmitAttention(Builder& out, const AttentionPlan& plan, bool with_probabilities) {
  AttentionValues values;
  if (!out.status().ok()) return values;
  const ir::TensorType query_type = out.type(plan.query);
  const Dim key_heads = out.type(plan.key).shape.dim(1);
  ValueId query = plan.query;
  ValueId key = plan.key;
  if (query_type.dtype == DType::kF32) {
    query = Scaled(out, query, plan.scale);
  } else {  // half of the scale on each side keeps narrow types in range
    query = Scaled(out, query, std::sqrt(plan.scale));
    key = Scaled(out, key, std::sqrt(plan.scale));
  }
  const ValueId product = Product(out, GroupHeads(out, query, key_heads), key, true);
  values.scores = UngroupHeads(out, product, query_type.shape);
  values.capped = values.scores;
  if (plan.softcap > 0) {
    const ValueId narrow = Scaled(out, values.scores, 1 / plan.softcap);
    values.capped = Scaled(out, out.Unary(OpKind::kTanh, narrow), plan.softcap);
  }
  values.biased = values.capped;
  if (plan.bias.valid()) values.biased = out.Add(values.biased, plan.bias);
  if (plan.allowed.valid()) {
    values.biased = out.Emit(
        OpKind::kSelectV2, {plan.allowed, values.biased, out.Scalar(query_type.dtype, -kInfinity)});
  }
  values.probabilities = out.Cast(
      out.Emit(OpKind::kSoftmax, {out.Cast(values.biased, plan.softmax_type)}, {{"beta", 1.0}}),
      query_type.dtype);
  const ValueId zero = out.Scalar(query_type.dtype, 0);
  const ValueId has_key = plan.empty_rows ? HasKey(out, plan) : ValueId{};
  const bool guard_rows = has_key.valid() && with_probabilities;
  if (guard_rows) {
    values.probabilities = out.Emit(OpKind::kSelectV2, {has_key, values.probabilities, zero});
  }
  values.result = UngroupHeads(
      out, Product(out, GroupHeads(out, values.probabilities, key_heads), plan.value, false),
      query_type.shape);
  // Without a key the softmax is NaN; the result has fewer columns than there are keys.
  if (has_key.valid() && !guard_rows) {
    values.result = out.Emit(OpKind::kSelectV2, {has_key, values.result, zero});
  }
  return values;
}

ValueId SplitHeads(Builder& out, ValueId x, std::int64_t heads) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  const Dim size(shape.dim(2).value() / heads);
  return out.Transpose(out.Reshape(x, {shape.dim(0), shape.dim(1), heads, size}), {0, 2, 1, 3});
}

ValueId MergeHeads(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  const Dim width = out.module().symbols().Mul(shape.dim(1), shape.dim(3));
  return out.Reshape(out.Transpose(x, {0, 2, 1, 3}), {shape.dim(0), shape.dim(2), width});
}

ValueId Positions(Builder& out, ValueId x, Dim size) {
  if (!out.status().ok()) return {};
  if (size.is_static()) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(size.value()));
    std::iota(values.begin(), values.end(), 0);
    return out.ConstI32(values);
  }
  const ValueId end = out.Reshape(ir::RuntimeDims(out, x).Emit(size), Shape{});
  const ValueId operands[] = {out.ScalarI32(0), end, out.ScalarI32(1)};
  return out.EmitTyped(OpKind::kRange, operands, {}, {DType::kI32, {size}});
}

}  // namespace smelt::onnx_import
