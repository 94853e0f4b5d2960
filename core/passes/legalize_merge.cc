#include "core/passes/legalize_merge.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;
using Sizes = std::vector<std::int64_t>;

std::int64_t Product(Sizes::const_iterator from, Sizes::const_iterator to) {
  return std::accumulate(from, to, std::int64_t{1}, std::multiplies<>());
}

// What lies before the axis, the axis, and what follows it.
Shape Around(const Sizes& sizes, int axis) {
  const auto at = sizes.begin() + axis;
  return Shape{Product(sizes.begin(), at), *at, Product(at + 1, sizes.end())};
}

bool AllStatic(const LegalizeSite& site) {
  const auto is_static = [&](ValueId value) {
    return !value.valid() || site.type(value).shape.IsStatic();
  };
  return std::ranges::all_of(site.op().operands, is_static, &ir::Op::Operand::value) &&
         std::ranges::all_of(site.op().results, is_static);
}

// Each result in the old shape again.
Status ReplaceAll(const LegalizeSite& site, Builder& b, const std::vector<ValueId>& merged) {
  std::vector<ValueId> results;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    results.push_back(b.Reshape(merged[i], Shape(site.type(site.op().results[i]).shape)));
  }
  SMELT_RETURN_IF_ERROR(b.status());
  if (results.size() == 1) return site.Replace(b, results[0]);
  for (std::size_t i = 0; i < results.size(); ++i) {
    site.graph().ReplaceAllUses(site.op().results[i], results[i]);
  }
  site.graph().Erase(site.id);
  ++site.context.rewrites;
  return Status::Ok();
}

Status MergeLastAxis(const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  const Sizes sizes = site.type(x).shape.Sizes();
  const ir::Attributes attrs = site.op().attrs;
  Builder b = site.Before();
  const ValueId rows = b.Reshape(x, Shape{Product(sizes.begin(), sizes.end() - 1), sizes.back()});
  return ReplaceAll(site, b, {b.Emit(site.op().kind, {rows}, attrs)});
}

Status MergeConcatenation(const LegalizeSite& site) {
  std::vector<ValueId> operands;
  for (const auto& operand : site.op().operands) operands.push_back(operand.value);
  const int rank = site.type(operands[0]).shape.rank();
  const auto axis = ir::NormalizeAxis(site.op().attrs.Int("axis"), rank);
  if (!axis) return Status(Reason::kInternalError, "CONCATENATION along no axis");
  ir::Attributes attrs = site.op().attrs;
  attrs.Set("axis", std::int64_t{1});
  Builder b = site.Before();
  for (ValueId& operand : operands) {
    operand = b.Reshape(operand, Around(site.type(operand).shape.Sizes(), *axis));
  }
  return ReplaceAll(site, b, {b.Emit(OpKind::kConcatenation, operands, attrs)});
}

// The constant axes in operand `operand`, counted from the front.
std::optional<std::vector<int>> Axes(const LegalizeSite& site, int operand, int rank) {
  const ir::Constant* constant = site.graph().constant(site.op().input(operand));
  const auto values = constant == nullptr ? std::nullopt : constant->AsInts();
  if (!values) return std::nullopt;
  std::vector<int> axes;
  for (const std::int64_t value : *values) {
    const auto axis = ir::NormalizeAxis(value, rank);
    if (!axis) return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

Status MergeSplit(const LegalizeSite& site, bool& changed) {
  const ValueId x = site.op().input(1);
  const auto axes = Axes(site, 0, site.type(x).shape.rank());
  changed = axes && axes->size() == 1;
  if (!changed) return Status::Ok();
  const ir::Attributes attrs = site.op().attrs;
  Builder b = site.Before();
  const ValueId operands[] = {b.ScalarI32(1),
                              b.Reshape(x, Around(site.type(x).shape.Sizes(), axes->front()))};
  return ReplaceAll(site, b, b.EmitMany(OpKind::kSplit, operands, attrs));
}

// Neighbours that are both reduced, or both kept, become one.
Status MergeReduction(const LegalizeSite& site, int max_rank, bool& changed) {
  const ValueId x = site.op().input(0);
  const Sizes sizes = site.type(x).shape.Sizes();
  const auto axes = Axes(site, 1, static_cast<int>(sizes.size()));
  if (!axes) return Status::Ok();
  Shape shape;
  std::vector<std::int32_t> merged_axes;
  bool last_reduced = false;
  for (int axis = 0; axis < static_cast<int>(sizes.size()); ++axis) {
    const std::int64_t size = sizes[static_cast<std::size_t>(axis)];
    const bool reduced = std::ranges::find(*axes, axis) != axes->end();
    if (size == 1) continue;
    if (shape.rank() > 0 && reduced == last_reduced) {
      shape.dim(shape.rank() - 1) = shape.dim(shape.rank() - 1).value() * size;
      continue;
    }
    if (reduced) merged_axes.push_back(shape.rank());
    shape.push_back(size);
    last_reduced = reduced;
  }
  changed = shape.rank() <= max_rank && !merged_axes.empty();
  if (!changed) return Status::Ok();
  Builder b = site.Before();
  const ValueId merged = b.Emit(site.op().kind, {b.Reshape(x, shape), b.ConstI32(merged_axes)},
                                {{"keep_dims", false}});
  return ReplaceAll(site, b, {merged});
}

bool IsReduction(OpKind kind) {
  return kind == OpKind::kSum || kind == OpKind::kMean || kind == OpKind::kReduceMax ||
         kind == OpKind::kReduceMin || kind == OpKind::kReduceProd;
}

}  // namespace

Status MergeDimensions(const LegalizeSite& site, int max_rank, bool& changed) {
  if (!AllStatic(site)) return Status::Ok();
  const OpKind kind = site.op().kind;
  if (kind == OpKind::kSplit) return MergeSplit(site, changed);
  if (IsReduction(kind)) return MergeReduction(site, max_rank, changed);
  if (kind == OpKind::kSoftmax || kind == OpKind::kLogSoftmax) {
    changed = true;
    return MergeLastAxis(site);
  }
  if (kind == OpKind::kConcatenation) {
    changed = true;
    return MergeConcatenation(site);
  }
  return Status::Ok();
}

}  // namespace smelt::passes
