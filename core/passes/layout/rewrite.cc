#include "core/passes/layout/rewrite.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

#include "core/passes/layout/constant_order.h"

namespace smelt::passes::layout {
namespace {

using ir::ValueId;

// The place of each of `stored` in `source`; nothing when they are not the same axes.
std::optional<std::vector<int>> OrderAmong(const std::vector<Axis>& stored,
                                           const std::vector<Axis>& source) {
  if (stored.size() != source.size()) return std::nullopt;
  std::vector<int> order;
  for (const Axis& axis : stored) {
    std::size_t at = 0;
    const auto is_free = [&] {
      return source[at] == axis && std::ranges::find(order, static_cast<int>(at)) == order.end();
    };
    while (at < source.size() && !is_free()) ++at;
    if (at == source.size()) return std::nullopt;
    order.push_back(static_cast<int>(at));
  }
  return order;
}

}  // namespace

Rewriter::Rewriter(ir::Module& module, ir::GraphId graph, Forms& forms, const Choices& choices,
                   const Labelling& labels, const LayoutOptions& options)
    : module_(module),
      graph_id_(graph),
      graph_(module.graph(graph)),
      forms_(forms),
      choices_(choices),
      labels_(labels),
      options_(options),
      store_(module, graph, forms.atoms(), forms.tensors().size()) {}

Status Rewriter::Run() {
  for (const ValueId input : graph_.inputs()) {
    store_.Made(forms_.form(input).tensor, choices_.SourceOrder(input), input,
                forms_.LeafAxes(input));
  }
  const std::vector<Choice>& nodes = choices_.nodes();
  for (std::size_t node = 1; node + 1 < nodes.size(); ++node) {
    SMELT_RETURN_IF_ERROR(RewriteOp({node, nodes[node], labels_[node], nodes[node].op}));
  }
  SMELT_RETURN_IF_ERROR(RewriteOutputs());
  return EraseViews();
}

Status Rewriter::RewriteOp(const Site& site) {
  switch (site.choice.relation->family) {
    case Family::kBarrier:
      return RewriteBarrier(site);
    case Family::kElementwise:
      return RewriteElementwise(site);
    case Family::kReduce:
      return RewriteReduce(site);
    case Family::kConcat:
      return RewriteConcat(site);
    case Family::kAxisRows:
      return RewriteAxisRows(site);
    case Family::kSplit:
      return RewriteSplit(site);
    case Family::kLastAxis:
      return RewriteLastAxis(site);
    case Family::kShape:
      return RewriteShape(site);
    case Family::kFullyConnected:
      return RewriteFullyConnected(site);
    case Family::kBatchMatmul:
      return RewriteBatchMatmul(site);
    case Family::kImage:
      return RewriteImage(site);
    case Family::kFreshPieces:
      return RewriteFreshPieces(site);
  }
  return Status::Ok();
}

bool Rewriter::IsTensor(ValueId value) const {
  return value.valid() && forms_.form(value).tensor != kNoTensor;
}

// The views between a tensor and its reader go away: unless the tensor's maker or the reader
// carries their origin already, the reader stands for them.
void Rewriter::KeepOrigin(ir::OpId user, const Form& form) {
  if (form.origin == ir::kNoOrigin) return;
  ir::OriginTable& origins = module_.origins();
  const ir::OpId maker = graph_.value(store_.made_value(form.tensor)).producer;
  if (maker.valid()) {
    const ir::OriginId made = graph_.op(maker).origin;
    if (origins.Merge(made, form.origin) == made) return;
  }
  ir::OriginId& origin = graph_.op(user).origin;
  origin = origins.Merge(origin, form.origin);
}

// Of the views of a tensor, or else of its maker.
ir::OriginId Rewriter::OriginOf(const Form& form) const {
  if (form.origin != ir::kNoOrigin) return form.origin;
  const ir::OpId maker = graph_.value(store_.made_value(form.tensor)).producer;
  return maker.valid() ? graph_.op(maker).origin : ir::kNoOrigin;
}

void Rewriter::SetConstant(const Site& site, int operand, ir::Constant constant) {
  const std::string name = graph_.value(op(site).input(operand)).name;
  graph_.SetOperand({site.id, static_cast<std::uint32_t>(operand)},
                    graph_.AddConstant(std::move(constant), name));
}

void Rewriter::SetInts(const Site& site, int operand, const std::vector<std::int64_t>& values,
                       bool scalar) {
  const ir::Constant& old = *graph_.constant(op(site).input(operand));
  std::vector<std::int64_t> shape;
  if (!scalar) shape = {static_cast<std::int64_t>(values.size())};
  if (old.rank() == 2) shape = {static_cast<std::int64_t>(values.size()) / 2, 2};
  SetConstant(
      site, operand,
      ir::Constant::FromValues(ir::DType::kI64, shape, std::span<const std::int64_t>(values))
          .Cast(old.dtype())
          .Evaluated());
}

void Rewriter::AddPieces(const Choice& choice, const PlannedAxis& axis, bool of_result,
                         std::vector<ConstantPiece>& pieces) {
  std::vector<int> in_source = axis.units;
  std::ranges::sort(in_source);
  const auto before = static_cast<int>(pieces.size());
  for (const int u : in_source) {
    const Unit& unit = choice.units[static_cast<std::size_t>(u)];
    const auto place = std::ranges::find(axis.units, u) - axis.units.begin();
    pieces.push_back({SizeOf(of_result ? unit.results[0] : unit.operands[0]).value(),
                      before + static_cast<int>(place)});
  }
}

void Rewriter::MadeResult(const Site& site, int result, std::vector<Axis> axes) {
  const ValueId value = op(site).result(result);
  graph_.value(value).type.shape = store_.ShapeOf(axes);
  Order order = Flat(axes);
  store_.Made(forms_.form(value).tensor, std::move(order), value, std::move(axes));
  NoteOrder(value, value);
}

int Rewriter::PlaceOf(const AxisPlan& plan, int axis) const {
  const auto found = std::ranges::find(plan, axis, &PlannedAxis::axis);
  return found == plan.end() ? -1 : static_cast<int>(found - plan.begin());
}

Status Rewriter::RewriteBarrier(const Site& site) {
  for (int k = 0; k < op(site).input_count(); ++k) {
    const ValueId value = op(site).input(k);
    if (IsTensor(value)) SMELT_RETURN_IF_ERROR(TakeOperand(site, k, forms_.LeafAxes(value)));
  }
  for (int r = 0; r < static_cast<int>(op(site).results.size()); ++r) {
    MadeResult(site, r, forms_.LeafAxes(op(site).result(r)));
  }
  return Status::Ok();
}

// The tensor goes on under the name of new pieces.
Status Rewriter::RewriteFreshPieces(const Site& site) {
  const AxisPlan plan = Plan(site, 0);
  const std::vector<Axis> before = OperandAxes(site.choice, plan, 0);
  const Form& form = forms_.form(op(site).input(0));
  SMELT_ASSIGN_OR_RETURN(const ValueId stored, store_.Get(form.tensor, Flat(before), before,
                                                          op(site).origin, site.id, site.node));
  graph_.SetOperand({site.id, 0}, stored);
  std::vector<Axis> axes = ResultAxes(site.choice, plan, 0);
  Order order = Flat(axes);
  store_.Made(forms_.form(op(site).result()).tensor, std::move(order), stored, std::move(axes));
  return Status::Ok();
}

// A result of the graph keeps a tensor of its own: no input, no constant, no other result.
Status Rewriter::RewriteOutputs() {
  const std::vector<ValueId> old = graph_.outputs();
  std::vector<ValueId> outputs;
  for (const ValueId value : old) {
    if (!IsTensor(value)) {
      outputs.push_back(value);
      continue;
    }
    const Form& form = forms_.form(value);
    const std::vector<Axis> axes = forms_.LeafAxes(value);
    const ir::OriginId origin = OriginOf(form);
    SMELT_ASSIGN_OR_RETURN(ValueId stored, store_.Get(form.tensor, Flat(axes), axes, origin, {},
                                                      choices_.nodes().size() - 1));
    // What was so before stays: regions pass their inputs on.
    const bool is_own = stored == value || (graph_.value(stored).producer.valid() &&
                                            std::ranges::find(outputs, stored) == outputs.end());
    if (!is_own) {
      ir::Builder builder(module_, graph_id_, origin);
      stored = CopyOf(builder, stored);
      SMELT_RETURN_IF_ERROR(builder.status());
    } else if (stored != value) {
      KeepOrigin(graph_.value(stored).producer, form);
    }
    if (stored != value) graph_.value(stored).name = graph_.value(value).name;
    outputs.push_back(stored);
  }
  graph_.SetOutputs(outputs);
  return Status::Ok();
}

void Rewriter::NoteOrder(ValueId stored, ValueId source) {
  if (!options_.tell_reordered) return;
  const auto order =
      OrderAmong(store_.made_axes(forms_.form(source).tensor), forms_.LeafAxes(source));
  const bool same = order && std::ranges::is_sorted(*order);
  if (same) {
    orders_.erase(stored.index);
  } else {
    orders_[stored.index] = order.value_or(std::vector<int>{});
  }
}

// A tensor that its maker left without a name, as kernels do that work in an order of their own, is
// known by that of its view with the same axes.
void Rewriter::KeepName(ir::OpId view) {
  const ValueId source = graph_.op(view).result();
  if (!IsTensor(source) || graph_.value(source).name.empty()) return;
  const int tensor = forms_.form(source).tensor;
  ir::Value& made = graph_.value(store_.made_value(tensor));
  if (!made.name.empty() || made.is_input) return;
  if (!OrderAmong(store_.made_axes(tensor), forms_.LeafAxes(source))) return;
  made.name = graph_.value(source).name;
  NoteOrder(store_.made_value(tensor), source);
}

std::vector<StoredOrder> Rewriter::Reorderings() const {
  std::vector<StoredOrder> all;
  for (const auto& [index, axes] : orders_) {
    const ValueId value{index};
    if (!graph_.value(value).name.empty()) all.push_back({value, axes});
  }
  std::ranges::sort(all, {}, &StoredOrder::value);
  return all;
}

Status Rewriter::EraseViews() {
  for (const ir::OpId id : forms_.views()) KeepName(id);
  for (const ir::OpId id : forms_.views() | std::views::reverse) {
    if (graph_.HasUses(graph_.op(id).result())) {
      return Status(Reason::kInternalError, "a view is still used after the layout was solved");
    }
    graph_.Erase(id);
  }
  return Status::Ok();
}

}  // namespace smelt::passes::layout
