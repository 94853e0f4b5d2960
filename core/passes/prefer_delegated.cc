// LiteRT hands float32 operators to its XNNPACK delegate. An operator that the delegate does not
// take cuts the graph: what is before and what is behind it are delegated apart, and it runs in a
// slower kernel. Where operators that the delegate takes say the same, exactly, they are used:
//
//   SLICE to the end (-1)      SLICE with sizes
//   SPLIT_V, SPLIT into many   a SLICE for each
//   PADV2 with -infinity, or with the lowest number, in front of MAX_POOL_2D and behind what has no
//   negative values            PAD with zeros
//
// All found by running such files in LiteRT 2.3.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "core/passes/legalize_site.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;
using Rows = std::vector<std::int32_t>;

std::optional<std::vector<std::int64_t>> Ints(const LegalizeSite& site, int operand) {
  const ir::Constant* constant = site.graph().constant(site.op().input(operand));
  return constant != nullptr ? constant->AsInts() : std::nullopt;
}

// Only tensors of known sizes are delegated.
bool IsDelegable(const LegalizeSite& site, ValueId value) {
  const ir::TensorType& type = site.type(value);
  return type.dtype == ir::DType::kF32 && type.shape.IsStatic() &&
         std::ranges::all_of(type.shape.Sizes(), [](std::int64_t size) {
           return size > 0 && size <= std::numeric_limits<std::int32_t>::max();
         });
}

Rows SizesOf(const LegalizeSite& site, ValueId value) {
  Rows sizes;
  for (const std::int64_t size : site.type(value).shape.Sizes()) {
    sizes.push_back(static_cast<std::int32_t>(size));
  }
  return sizes;
}

ValueId Slice(Builder& b, ValueId x, const Rows& begin, const Rows& size) {
  return b.Emit(OpKind::kSlice, {x, b.ConstI32(begin), b.ConstI32(size)});
}

Status SliceWithSizes(const LegalizeSite& site) {
  const ValueId result = site.op().result();
  const auto sizes = Ints(site, 2);
  if (!IsDelegable(site, result) || !sizes || std::ranges::find(*sizes, -1) == sizes->end()) {
    return Status::Ok();
  }
  Builder b = site.Before();
  const ValueId made = b.ConstI32(SizesOf(site, result));
  SMELT_RETURN_IF_ERROR(b.status());
  site.graph().SetOperand({site.id, 2}, made);
  ++site.context.rewrites;
  return Status::Ok();
}

// SPLIT takes its axis first, SPLIT_V last; the delegate takes even splits into up to four.
Status SplitByIndex(const LegalizeSite& site) {
  constexpr std::size_t kDelegatedParts = 4;
  const bool even = site.op().kind == OpKind::kSplit;
  const auto parts = site.op().results;
  const ValueId x = site.op().input(even ? 1 : 0);
  const auto axes = Ints(site, even ? 0 : 2);
  if ((even && parts.size() <= kDelegatedParts) || !IsDelegable(site, x) || !axes ||
      axes->size() != 1 ||
      !std::ranges::all_of(parts, [&](ValueId part) { return IsDelegable(site, part); })) {
    return Status::Ok();
  }
  const auto axis = ir::NormalizeAxis((*axes)[0], site.type(x).shape.rank());
  if (!axis) return Status::Ok();
  const auto at = static_cast<std::size_t>(*axis);
  Builder b = site.Before();
  Rows begin(SizesOf(site, x).size(), 0);
  for (const ValueId part : parts) {
    const Rows size = SizesOf(site, part);
    if (site.graph().HasUses(part)) {
      const ValueId made = Slice(b, x, begin, size);
      SMELT_RETURN_IF_ERROR(b.status());
      site.ReplaceResult(part, made);
    }
    begin[at] += size[at];
  }
  site.graph().Erase(site.id);
  ++site.context.rewrites;
  return Status::Ok();
}

// Is no element of the value negative? Looks through what only moves or selects elements.
bool IsNonNegative(const LegalizeSite& site, ValueId value) {
  constexpr int kSteps = 8;  // a bound on the work; patterns need two
  for (int step = 0; step < kSteps; ++step) {
    const OpId producer = site.graph().value(value).producer;
    if (!producer.valid()) return false;
    const ir::Op& op = site.graph().op(producer);
    const std::string fused = op.attrs.String("fused_activation_function", "NONE");
    if (fused == "RELU" || fused == "RELU6") return true;
    switch (op.kind) {
      case OpKind::kRelu:
      case OpKind::kRelu6:
      case OpKind::kLogistic:
      case OpKind::kAbs:
      case OpKind::kExp:
      case OpKind::kSoftmax:
        return true;
      case OpKind::kTranspose:
      case OpKind::kReshape:
      case OpKind::kMaxPool2d:
        value = op.input(0);
        break;
      default:
        return false;
    }
  }
  return false;
}

// Every window of a pool holds an element of the image, as the padding is smaller than the window:
// then zeros never win where nothing is negative.
Status PadForMaximum(const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  const ValueId result = site.op().result();
  const ir::Constant* fill = site.graph().constant(site.op().input(2));
  const auto rows = Ints(site, 1);
  const auto value = fill != nullptr ? fill->AsDoubles() : std::nullopt;
  if (!IsDelegable(site, result) || !rows || rows->size() != 8 || !value || value->empty() ||
      value->front() > -std::numeric_limits<float>::max()) {
    return Status::Ok();
  }
  for (const ir::Use use : site.graph().UsesOf(result)) {
    const ir::Op& pool = site.graph().op(use.op);
    if (pool.kind != OpKind::kMaxPool2d || pool.attrs.String("padding") != "VALID") {
      return Status::Ok();
    }
    const std::int64_t window[] = {1, pool.attrs.Int("filter_height"),
                                   pool.attrs.Int("filter_width"), 1};
    for (std::size_t i = 0; i < 8; ++i) {
      if ((*rows)[i] < 0 || (*rows)[i] >= window[i / 2]) return Status::Ok();
    }
  }
  if (!IsNonNegative(site, x)) return Status::Ok();
  Builder b = site.Before();
  return site.Replace(b, b.Emit(OpKind::kPad, {x, site.op().input(1)}));
}

struct Row {
  OpKind kind;
  Status (*rewrite)(const LegalizeSite& site);
};
constexpr Row kRows[] = {{OpKind::kPadv2, PadForMaximum},
                         {OpKind::kSlice, SliceWithSizes},
                         {OpKind::kSplit, SplitByIndex},
                         {OpKind::kSplitV, SplitByIndex}};

}  // namespace

Status PreferDelegated(PassContext& context) {
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    for (const OpId id : context.module.graph(graph)) {
      const OpKind kind = context.module.graph(graph).op(id).kind;
      const Row* row = std::ranges::find(kRows, kind, &Row::kind);
      if (row != std::end(kRows)) SMELT_RETURN_IF_ERROR(row->rewrite({context, graph, id}));
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
