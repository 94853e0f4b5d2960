#include "core/passes/layout/forms.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/ir/runtime_dims.h"

namespace smelt::passes::layout {
namespace {

using ir::OpKind;
using ir::ValueId;

constexpr int kMaxSweeps = 16;
constexpr int kAbsent = IterationAxis::kAbsent;

std::optional<std::vector<int>> Permutation(const ir::Graph& graph, const ir::Op& op) {
  const ir::Constant* operand = graph.constant(op.input(1));
  const auto values = operand != nullptr ? operand->AsInts() : std::nullopt;
  if (!values) return std::nullopt;
  std::vector<int> permutation;
  for (const std::int64_t axis : *values) {
    const auto normal = ir::NormalizeAxis(axis, static_cast<int>(values->size()));
    if (!normal) return std::nullopt;
    permutation.push_back(*normal);
  }
  return permutation;
}

bool HasEmptyAxis(const ir::Shape& shape) {
  return std::ranges::find(shape.dims(), ir::Dim(0)) != shape.dims().end();
}

// A view is written anew where it is read. Several sizes that neither the graph's inputs nor the
// operand tell are known to the RESHAPE's own operand only: such a one stays as it is.
bool TellsItsShape(ir::Module& module, ir::GraphId graph, const ir::Op& op) {
  if (op.kind != OpKind::kReshape || module.graph(graph).constant(op.input(1)) != nullptr) {
    return true;
  }
  ir::Builder builder(module, graph, op.origin);
  const ir::RuntimeDims dims(builder, op.input(0));
  const ir::Shape& shape = builder.type(op.result()).shape;
  return std::ranges::count_if(shape, [&](ir::Dim dim) { return !dims.Knows(dim); }) <= 1;
}

}  // namespace

Forms::Forms(ir::Module& module, ir::GraphId graph)
    : module_(module),
      graph_id_(graph),
      graph_(module.graph(graph)),
      atoms_(module.symbols()),
      forms_(graph_.value_count()) {
  for (const ValueId input : graph_.inputs()) AddTensor(input, {});
  for (const ir::OpId id : graph_) {
    if (!AddView(id)) AddMaker(id);
  }
  // A split that a later operator asks for is felt by earlier ones.
  for (int sweep = 0, before = -1; sweep < kMaxSweeps && before != atoms_.splits(); ++sweep) {
    before = atoms_.splits();
    for (Maker& maker : makers_) Tie(maker);
  }
  for (Maker& maker : makers_) {
    const int before = atoms_.splits();
    if (maker.relation.HasSections() && !SectionsAreOfUse(maker)) maker.relation.DropSections();
    if (!Tie(maker) || atoms_.splits() != before) maker.relation = {};
  }
}

void Forms::AddTensor(ValueId value, std::vector<Axis> axes) {
  Form& form = forms_[value.index];
  form.tensor = static_cast<int>(tensors_.size());
  tensors_.push_back(value);
  const ir::Shape& shape = graph_.type(value).shape;
  axes.resize(static_cast<std::size_t>(shape.rank()));
  for (int i = 0; i < shape.rank(); ++i) {
    Axis& axis = axes[static_cast<std::size_t>(i)];
    if (axis.empty()) axis = atoms_.NewAxis(shape.dim(i));
  }
  form.axes = std::move(axes);
}

void Forms::AddMaker(ir::OpId id) {
  const ir::Op& op = graph_.op(id);
  Maker maker{id, RelationOf(graph_, op)};
  for (std::size_t i = 0; i < op.results.size(); ++i) {
    AddTensor(op.results[i], ResultAxes(op, maker.relation, i));
  }
  if (maker.relation.family == Family::kFreshPieces) {  // goes away, as views do
    forms_[op.result().index].origin = module_.origins().Merge(form(op.input(0)).origin, op.origin);
    views_.push_back(id);
  }
  makers_.push_back(std::move(maker));
}

// A result takes the atoms of the operands over, so that their splits are its own. The same atom
// twice in one tensor would make its axes look alike: the second one gets others.
std::vector<Axis> Forms::ResultAxes(const ir::Op& op, const Relation& relation,
                                    std::size_t result) {
  const ir::Shape& shape = graph_.type(op.results[result]).shape;
  std::vector<Axis> axes(static_cast<std::size_t>(shape.rank()));
  if (relation.family == Family::kFreshPieces) return axes;
  Axis used;
  for (const IterationAxis& axis : relation.axes) {
    if (axis.results[result] == kAbsent) continue;
    Axis& made = axes[static_cast<std::size_t>(axis.results[result])];
    for (std::size_t k = 0; k < axis.operands.size() && made.empty(); ++k) {
      if (axis.operands[k] == kAbsent || !op.operands[k].value.valid()) continue;
      const ValueId operand = op.operands[k].value;
      if (graph_.type(operand).shape.dim(axis.operands[k]) != shape.dim(axis.results[result])) {
        continue;
      }
      if (form(operand).tensor == kNoTensor) continue;
      const Axis leaves =
          atoms_.Leaves(form(operand).axes[static_cast<std::size_t>(axis.operands[k])]);
      const bool again = std::ranges::find_first_of(leaves, used) != leaves.end();
      made = again ? atoms_.Clone(leaves) : leaves;
    }
    used.insert(used.end(), made.begin(), made.end());
  }
  return axes;
}

bool Forms::AddView(ir::OpId id) {
  const ir::Op& op = graph_.op(id);
  const bool transposes = op.kind == OpKind::kTranspose;
  if (!transposes && op.kind != OpKind::kReshape && op.kind != OpKind::kSqueeze &&
      op.kind != OpKind::kExpandDims) {
    return false;
  }
  const Form& before = form(op.input(0));
  const ir::Shape& shape = graph_.type(op.result()).shape;
  if (before.tensor == kNoTensor || HasEmptyAxis(shape)) return false;
  if (!TellsItsShape(module_, graph_id_, op)) return false;
  if (op.kind == OpKind::kReshape && graph_.type(op.input(0)).shape == shape) return false;
  Form after{before.tensor, {}, module_.origins().Merge(before.origin, op.origin)};
  if (transposes) {
    const auto permutation = Permutation(graph_, op);
    if (!permutation) return false;
    for (const int axis : *permutation) {
      after.axes.push_back(before.axes[static_cast<std::size_t>(axis)]);
    }
  } else {
    Axis leaves;
    for (const Axis& axis : before.axes) {
      const Axis pieces = atoms_.Leaves(axis);
      leaves.insert(leaves.end(), pieces.begin(), pieces.end());
    }
    std::size_t at = 0;
    for (const ir::Dim size : shape) {
      auto axis = atoms_.Take(leaves, at, size);
      if (!axis) break;
      after.axes.push_back(*std::move(axis));
    }
    if (at != leaves.size() || after.axes.size() != shape.dims().size()) {
      stuck_.push_back(id);
      return false;
    }
  }
  forms_[op.result().index] = std::move(after);
  views_.push_back(id);
  return true;
}

std::vector<Axis> Forms::LeafAxes(ValueId value) const {
  std::vector<Axis> axes;
  for (const Axis& axis : form(value).axes) axes.push_back(atoms_.Leaves(axis));
  return axes;
}

}  // namespace smelt::passes::layout
