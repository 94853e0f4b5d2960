// LinearAttention: a state of (d_k, d_v) for each head that every position updates and reads; the
// positions one after the other.
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr int kPast = 3, kDecay = 4, kBeta = 5;

// The sizes that the operands have in common. Requires that they fit.
struct Sizes {
  std::int64_t batch, length, heads, group, key, value;
};

bool IsGated(const OnnxNode& node) {
  const std::string rule = node.String("update_rule", "gated_delta");
  return rule == "gated" || rule == "gated_delta";
}
bool IsDelta(const OnnxNode& node) {
  const std::string rule = node.String("update_rule", "gated_delta");
  return rule == "delta" || rule == "gated_delta";
}

std::optional<Sizes> ReadSizes(const OnnxNode& node) {
  for (int i = 0; i < 3; ++i) {
    if (!node.knows_input(i)) return std::nullopt;
    if (node.input_rank(i) != 3 || !node.input_shape(i).IsStatic()) return std::nullopt;
  }
  const std::int64_t heads = node.Int("kv_num_heads", 0);
  const std::int64_t readers = node.Int("q_num_heads", 0);
  if (heads < 1 || readers < heads || readers % heads != 0) return std::nullopt;
  const auto size = [&](int i, int axis) { return node.input_shape(i).dim(axis).value(); };
  const Sizes sizes{size(0, 0),      size(0, 1),           heads,
                    readers / heads, size(0, 2) / readers, size(2, 2) / heads};
  const Shape keys{sizes.batch, sizes.length, heads * sizes.key};
  const Shape values{sizes.batch, sizes.length, heads * sizes.value};
  const bool fits = size(0, 2) == readers * sizes.key && node.input_shape(1) == keys &&
                    node.input_shape(2) == values && sizes.key > 0 && sizes.value > 0;
  return fits ? std::optional(sizes) : std::nullopt;
}

Status InferLinearAttention(OnnxNode& node) {
  const auto sizes = ReadSizes(node);
  if (!sizes) return Status::Ok();
  if (node.has_input(kPast) && !node.knows_input(kPast)) return Status::Ok();
  const Shape shape{sizes->batch, sizes->length, sizes->heads * sizes->group * sizes->value};
  node.SetOutputType(0, {node.input_dtype(0), shape});
  const DType state = node.has_input(kPast) ? node.input_dtype(kPast) : node.input_dtype(0);
  node.SetOutputType(1, {state, Shape{sizes->batch, sizes->heads, sizes->key, sizes->value}});
  return Status::Ok();
}

// One value for each position: input `i` in f32 with the axes behind (batch, length) as `rest`.
std::vector<ValueId> Positions(OnnxNode& node, Builder& out, int i, const Sizes& sizes,
                               std::initializer_list<ir::Dim> rest) {
  Shape shape{sizes.batch, sizes.length};
  for (const ir::Dim dim : rest) shape.push_back(dim);
  const ValueId x = out.Reshape(out.Cast(node.input(i), DType::kF32), shape);
  return out.EmitMany(OpKind::kUnpack, std::vector{x},
                      {{"num", sizes.length}, {"axis", std::int64_t{1}}});
}

ValueId MatMul(Builder& out, ValueId a, ValueId b, bool transposed) {
  return out.Emit(OpKind::kBatchMatmul, {a, b},
                  {{"adj_x", transposed}, {"adj_y", false}, {"asymmetric_quantize_inputs", false}});
}

ValueId FirstState(OnnxNode& node, Builder& out, const Sizes& sizes) {
  if (node.has_input(kPast)) return out.Cast(node.input(kPast), DType::kF32);
  const std::vector<std::byte> zero(4);
  return out.Const(ir::Constant::Splat(
      DType::kF32, {sizes.batch, sizes.heads, sizes.key, sizes.value}, ByteSpan(zero)));
}

Status TranslateLinearAttention(OnnxNode& node, Builder& out) {
  const Sizes sizes = *ReadSizes(node);
  const auto queries = Positions(node, out, 0, sizes, {sizes.heads, sizes.group, sizes.key});
  const auto keys = Positions(node, out, 1, sizes, {sizes.heads, sizes.key, 1});
  const auto values = Positions(node, out, 2, sizes, {sizes.heads, 1, sizes.value});
  std::vector<ValueId> decays, betas;
  if (IsGated(node)) {
    const std::int64_t each = node.input_shape(kDecay).dim(2).value() / sizes.heads;
    decays = Positions(node, out, kDecay, sizes, {sizes.heads, each, 1});
  }
  if (IsDelta(node)) {
    betas = Positions(node, out, kBeta, sizes, {node.input_shape(kBeta).dim(2), 1, 1});
  }
  SMELT_RETURN_IF_ERROR(out.status());
  const double stated = node.Float("scale", 0);
  const ValueId scale =
      out.Scalar(DType::kF32, stated != 0 ? stated : 1 / std::sqrt(static_cast<double>(sizes.key)));
  ValueId state = FirstState(node, out, sizes);
  std::vector<ValueId> reads;
  for (std::size_t t = 0; t < queries.size(); ++t) {
    if (!decays.empty()) state = out.Mul(state, out.Unary(OpKind::kExp, decays[t]));
    ValueId update = values[t];
    if (!betas.empty()) {
      update = out.Mul(out.Sub(update, MatMul(out, keys[t], state, true)), betas[t]);
    }
    state = out.Add(state, out.Mul(keys[t], update));
    reads.push_back(MatMul(out, queries[t], state, false));
  }
  const ValueId all = out.Mul(
      out.Emit(OpKind::kPack, reads, {{"values_count", sizes.length}, {"axis", std::int64_t{1}}}),
      scale);
  node.SetOutput(0, out.Cast(out.Reshape(all, node.output_type(0)->shape), node.input_dtype(0)));
  if (node.has_output(1)) node.SetOutput(1, out.Cast(state, node.output_type(1)->dtype));
  return out.status();
}

// --- Constraints ---

Verdict SizesFit(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = 0; i < 3; ++i) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
  }
  if (ReadSizes(node)) return Verdict::kHolds;
  return Violated(
      node, 0, node.input_text(0) + ", " + node.input_text(1) + ", " + node.input_text(2), finding);
}

Verdict LengthFits(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const auto sizes = ReadSizes(node);
  if (!sizes) return Verdict::kNotChecked;
  if (sizes->length >= bounds.lo && sizes->length <= bounds.hi) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

Verdict GatesFit(const OnnxNode& node, Bounds, Finding& finding) {
  const auto sizes = ReadSizes(node);
  if (!sizes) return Verdict::kNotChecked;
  const auto check = [&](int i, bool wanted, std::int64_t small, std::int64_t large) {
    if (!wanted) return !node.has_input(i);
    if (!node.has_input(i) || !node.knows_input(i)) return false;
    const Shape& shape = node.input_shape(i);
    return shape == Shape{sizes->batch, sizes->length, small} ||
           shape == Shape{sizes->batch, sizes->length, large};
  };
  const std::int64_t heads = sizes->heads;
  if (!check(kDecay, IsGated(node), heads, heads * sizes->key)) {
    return Violated(node, kDecay, "decay " + node.input_text(kDecay), finding);
  }
  if (!check(kBeta, IsDelta(node), heads, 1)) {
    return Violated(node, kBeta, "beta " + node.input_text(kBeta), finding);
  }
  const Shape state{sizes->batch, heads, sizes->key, sizes->value};
  if (node.knows_input(kPast) && node.input_shape(kPast) != state) {
    return Violated(node, kPast, node.input_text(kPast), finding);
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kLinearAttention[] = {
    {Reason::kShapeMismatch,
     SizesFit,
     {},
     "static query, key and value (batch, length, heads * size), q_num_heads a multiple of "
     "kv_num_heads"},
    {Reason::kValueOutOfRange, LengthFits, {1, 64}, "a length of {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"update_rule", "gated_delta", "linear", "gated", "delta">,
     {},
     "update_rule linear, gated, delta or gated_delta"},
    {Reason::kShapeMismatch,
     GatesFit,
     {},
     "decay for the gated rules, beta for the delta rules, past state (batch, heads, d_k, d_v)"},
};

constexpr OnnxRule kRules[] = {
    {"", "LinearAttention", 27, 27, kLinearAttention, InferLinearAttention,
     TranslateLinearAttention},
};

}  // namespace

std::span<const OnnxRule> LinearAttentionRules() { return kRules; }

}  // namespace smelt::onnx_import
