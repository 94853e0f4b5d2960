// Axes that are counted from the end, or named twice, as sources may: from the front, each once.
// Equal operators then look equal, and the smallest runtimes read them, too.
#include <algorithm>
#include <optional>
#include <vector>

#include "core/passes/legalize_site.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

using ir::OpKind;
using ir::ValueId;
using Ints = std::vector<std::int64_t>;

// Where an operator names axes, and of which tensor.
struct AxisRow {
  enum class Of { kResult, kOperand0, kOperand1 };
  OpKind kind;
  std::string_view attribute;  // empty: an operand
  int operand = 0;
  Of of = Of::kOperand0;
  bool is_set = false;  // the order means nothing
};

constexpr AxisRow kRows[] = {
    {OpKind::kConcatenation, "axis", 0, AxisRow::Of::kResult},
    {OpKind::kPack, "axis", 0, AxisRow::Of::kResult},
    {OpKind::kUnpack, "axis"},
    {OpKind::kGather, "axis"},
    {OpKind::kSqueeze, "squeeze_dims", 0, AxisRow::Of::kOperand0, true},
    {OpKind::kTranspose, "", 1},
    {OpKind::kExpandDims, "", 1, AxisRow::Of::kResult},
    {OpKind::kSplit, "", 0, AxisRow::Of::kOperand1},
    {OpKind::kSplitV, "", 2},
    {OpKind::kArgMax, "", 1},
    {OpKind::kArgMin, "", 1},
    {OpKind::kCumsum, "", 1},
    {OpKind::kReverseV2, "", 1},
    {OpKind::kMean, "", 1, AxisRow::Of::kOperand0, true},
    {OpKind::kSum, "", 1, AxisRow::Of::kOperand0, true},
    {OpKind::kReduceProd, "", 1, AxisRow::Of::kOperand0, true},
    {OpKind::kReduceMax, "", 1, AxisRow::Of::kOperand0, true},
    {OpKind::kReduceMin, "", 1, AxisRow::Of::kOperand0, true},
    {OpKind::kReduceAny, "", 1, AxisRow::Of::kOperand0, true},
    {OpKind::kReduceAll, "", 1, AxisRow::Of::kOperand0, true},
};

// Nothing when they are so already, or are no axes.
std::optional<Ints> Normalized(const AxisRow& row, const Ints& axes, int rank) {
  Ints normal;
  for (const std::int64_t axis : axes) {
    const auto one = ir::NormalizeAxis(axis, rank);
    if (!one) return std::nullopt;
    normal.push_back(*one);
  }
  if (row.is_set) {
    std::ranges::sort(normal);
    normal.erase(std::unique(normal.begin(), normal.end()), normal.end());
  }
  return normal == axes ? std::nullopt : std::optional(normal);
}

int RankOf(const LegalizeSite& site, AxisRow::Of of) {
  const ir::Op& op = site.op();
  const ValueId value =
      of == AxisRow::Of::kResult ? op.result() : op.input(of == AxisRow::Of::kOperand1 ? 1 : 0);
  return site.type(value).shape.rank();
}

void NormalizeAttribute(const LegalizeSite& site, const AxisRow& row) {
  ir::Attributes& attrs = site.graph().op(site.id).attrs;
  const std::string name(row.attribute);
  const int rank = RankOf(site, row.of);
  if (row.kind == OpKind::kSqueeze) {
    const auto normal = Normalized(row, attrs.Ints(name), rank);
    if (!normal) return;
    attrs.Set(name, *normal);
  } else {
    const auto normal = Normalized(row, {attrs.Int(name)}, rank);
    if (!normal) return;
    attrs.Set(name, normal->front());
  }
  ++site.context.rewrites;
}

void NormalizeOperand(const LegalizeSite& site, const AxisRow& row) {
  const ValueId operand = site.op().input(row.operand);
  const ir::Constant* constant = site.graph().constant(operand);
  const auto axes = constant != nullptr ? constant->AsInts() : std::nullopt;
  if (!axes || axes->empty()) return;
  const auto normal = Normalized(row, *axes, RankOf(site, row.of));
  if (!normal) return;
  Ints shape;
  if (constant->rank() != 0) shape = {static_cast<std::int64_t>(normal->size())};
  ir::Constant made =
      ir::Constant::FromValues(ir::DType::kI64, shape, std::span<const std::int64_t>(*normal))
          .Cast(constant->dtype())
          .Evaluated();
  const std::string name = site.graph().value(operand).name;
  site.graph().SetOperand({site.id, static_cast<std::uint32_t>(row.operand)},
                          site.graph().AddConstant(std::move(made), name));
  ++site.context.rewrites;
}

}  // namespace

Status NormalizeAttributes(PassContext& context) {
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    for (const ir::OpId id : context.module.graph(graph)) {
      const LegalizeSite site{context, graph, id};
      const AxisRow* row = std::ranges::find(kRows, site.op().kind, &AxisRow::kind);
      if (row == std::end(kRows)) continue;
      if (row->attribute.empty()) {
        NormalizeOperand(site, *row);
      } else {
        NormalizeAttribute(site, *row);
      }
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
