// RotaryEmbedding, ONNX's and ONNX Runtime's: pairs of features turned by the angle of their
// position.
#include <optional>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/attention_plan.h"
#include "core/import/onnx/ops/turned_pairs.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// ONNX: (x, cosines, sines, positions or nothing). ONNX Runtime: (x, positions, cosines, sines).
bool IsContrib(const OnnxNode& node) { return node.source().domain == kContribDomain; }
int PositionsAt(const OnnxNode& node) { return IsContrib(node) ? 1 : 3; }
int CacheAt(const OnnxNode& node, int i) { return IsContrib(node) ? 2 + i : 1 + i; }

// Features of one head; nothing when they are not known.
std::optional<std::int64_t> HeadSize(const OnnxNode& node) {
  const Shape& x = node.input_shape(0);
  if (x.rank() != 3 && x.rank() != 4) return std::nullopt;
  const Dim last = x.dim(x.rank() - 1);
  if (!last.is_static()) return std::nullopt;
  if (x.rank() == 4) return last.value();
  std::int64_t heads = node.Int("num_heads", 0);
  if (IsContrib(node) && heads == 0) {  // all of a head is turned: the cache tells its size
    const int cache = CacheAt(node, 0);
    if (!node.knows_input(cache) || node.input_rank(cache) != 2) return std::nullopt;
    const Dim half = node.input_shape(cache).dim(1);
    if (!half.is_static() || half.value() < 1) return std::nullopt;
    heads = last.value() / (2 * half.value());
  }
  if (heads < 1 || last.value() % heads != 0) return std::nullopt;
  return last.value() / heads;
}

std::int64_t Rotated(const OnnxNode& node, std::int64_t head_size) {
  const std::int64_t stated = node.Int("rotary_embedding_dim", 0);
  return stated == 0 ? head_size : stated;
}

// The angles of each position as (batch, sequence, 1, half), or (batch, 1, sequence, half) beside
// heads that come first.
ValueId Angles(OnnxNode& node, Builder& out, int cache, bool heads_first) {
  ValueId angles = node.input(cache);
  if (const int at = PositionsAt(node); node.has_input(at)) {
    ValueId positions = node.input(at);
    if (node.input_rank(at) == 1) {  // that of the first; the others follow it
      const Dim length = node.input_shape(0).dim(heads_first ? 2 : 1);
      const ValueId steps = Positions(out, node.input(0), length);
      positions = out.Reshape(out.Add(out.Cast(positions, DType::kI32), steps), {1, length});
    }
    angles = out.Emit(OpKind::kGather, {angles, positions},
                      {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
  }
  if (!out.status().ok()) return {};
  const Shape shape = out.type(angles).shape;
  return out.Reshape(angles, heads_first ? Shape{shape.dim(0), 1, shape.dim(1), shape.dim(2)}
                                         : Shape{shape.dim(0), shape.dim(1), 1, shape.dim(2)});
}

Status TranslateRotaryEmbedding(OnnxNode& node, Builder& out) {
  const Shape& given = node.input_shape(0);
  const bool heads_first = given.rank() == 4;
  const std::int64_t head = *HeadSize(node);
  Shape shape = given;
  if (!heads_first) {
    shape = {given.dim(0), given.dim(1), given.dim(2).value() / head, head};
  }
  const ValueId x = heads_first ? node.input(0) : out.Reshape(node.input(0), shape);
  const ValueId cosine = Angles(node, out, CacheAt(node, 0), heads_first);
  const ValueId sine = Angles(node, out, CacheAt(node, 1), heads_first);
  const ValueId y =
      TurnPairs(out, x, cosine, sine, Rotated(node, head), node.Int("interleaved", 0) != 0);
  node.SetOutput(0, heads_first ? y : out.Reshape(y, given));
  return out.status();
}

Verdict HeadsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(CacheAt(node, 0))) return Verdict::kNotChecked;
  const auto head = HeadSize(node);
  if (head) {
    const std::int64_t rotated = Rotated(node, *head);
    if (rotated >= 2 && rotated <= *head && rotated % 2 == 0) return Verdict::kHolds;
  }
  return Violated(node, 0, node.input_text(0), finding);
}

Verdict CachesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto head = HeadSize(node);
  if (!head) return Verdict::kNotChecked;
  const int at = PositionsAt(node);
  for (const int i : {CacheAt(node, 0), CacheAt(node, 1)}) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    const Shape& cache = node.input_shape(i);
    const int rank = node.has_input(at) ? 2 : 3;
    const bool fits = cache.rank() == rank && cache.dim(rank - 1) == Dim(Rotated(node, *head) / 2);
    if (!fits) return Violated(node, i, node.input_text(i), finding);
  }
  if (node.has_input(at)) {
    if (!node.knows_input(at)) return Verdict::kNotChecked;
    const Shape& positions = node.input_shape(at);
    const bool uncounted = positions.rank() == 1 && !positions.dim(0).is_static();
    const bool first = IsContrib(node) && (positions == Shape{1} || uncounted);
    if (positions.rank() != 2 && !first) return Violated(node, at, node.input_text(at), finding);
  }
  return Verdict::kHolds;
}

// A list of positions is one number; of more the kernel would need the batch.
Verdict PositionsAreCounted(const OnnxNode& node, Bounds, Finding& finding) {
  const int at = PositionsAt(node);
  if (!node.has_input(at)) return Verdict::kHolds;
  if (!node.knows_input(at)) return Verdict::kNotChecked;
  const Shape& positions = node.input_shape(at);
  if (positions.rank() != 1 || positions.dim(0).is_static()) return Verdict::kHolds;
  return Violated(node, at, node.input_text(at), finding);
}

constexpr OnnxConstraint kRotaryEmbedding[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 4}, "input of rank {lo} to {hi}"},
    {Reason::kShapeMismatch,
     HeadsFit,
     {},
     "heads of a static size; an even number of features of each is turned"},
    {Reason::kShapeMismatch,
     CachesFit,
     {},
     "caches (positions, half) with position_ids, (batch, sequence, half) without"},
};

constexpr OnnxConstraint kContrib[] = {
    kRotaryEmbedding[0],
    kRotaryEmbedding[1],
    {Reason::kShapeMismatch,
     CachesFit,
     {},
     "caches (positions, half), position_ids of one element or (batch, sequence)"},
    {Reason::kDynamicDimensionUnsupported,
     PositionsAreCounted,
     {},
     "position_ids of a known length where they are a list"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"is_packed_batching", 0>,
     {0, 0},
     "is_packed_batching {lo}"},
};

constexpr OnnxRule kRules[] = {
    {"", "RotaryEmbedding", 23, 23, kRotaryEmbedding, SameAsFirst, TranslateRotaryEmbedding},
    {kContribDomain, "RotaryEmbedding", 1, 1, kContrib, SameAsFirst, TranslateRotaryEmbedding},
};

}  // namespace

std::span<const OnnxRule> RotaryEmbeddingRules() { return kRules; }

}  // namespace smelt::onnx_import
