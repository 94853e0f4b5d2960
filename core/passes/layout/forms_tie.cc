// How splits spread: an operator's axis has the same pieces on all of its operands and results.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/passes/layout/forms.h"

namespace smelt::passes::layout {
namespace {

using ir::ValueId;

constexpr int kAbsent = IterationAxis::kAbsent;

// Calls `visit(value, own)` for every port that the axis belongs to, until it returns false.
bool AllPorts(const ir::Op& op, const IterationAxis& axis, const auto& visit) {
  for (std::size_t k = 0; k < axis.operands.size(); ++k) {
    const ValueId value = op.operands[k].value;
    if (axis.operands[k] != kAbsent && value.valid() && !visit(value, axis.operands[k])) {
      return false;
    }
  }
  for (std::size_t r = 0; r < axis.results.size(); ++r) {
    if (axis.results[r] != kAbsent && !visit(op.results[r], axis.results[r])) return false;
  }
  return true;
}

}  // namespace

Axis Forms::Part(const IterationAxis& axis, Axis leaves) {
  if (axis.part == IterationAxis::Part::kAll) return leaves;
  const ir::Dim size = atoms_.SizeOf(leaves);
  const std::size_t at = atoms_.PartsAt(leaves, size.value() / axis.inside);
  const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(at);
  return axis.part == IterationAxis::Part::kSections ? Axis(leaves.begin(), middle)
                                                     : Axis(middle, leaves.end());
}

bool Forms::SectionsAreOfUse(const Maker& maker) const {
  const ir::Op& op = graph_.op(maker.op);
  for (const IterationAxis& axis : maker.relation.axes) {
    if (axis.part != IterationAxis::Part::kSections) continue;
    ir::Dim packed = 0;
    AllPorts(op, axis, [&](ValueId value, int own) {
      const ir::Dim size = graph_.type(value).shape.dim(own);
      if (size.value() > packed.value()) packed = size;
      return true;
    });
    const bool none = AllPorts(op, axis, [&](ValueId value, int own) {
      return form(value).tensor == kNoTensor || graph_.type(value).shape.dim(own) == packed ||
             atoms_.Leaves(form(value).axes[static_cast<std::size_t>(own)]).size() < 2;
    });
    if (!none) return true;
  }
  return false;
}

bool Forms::Cut(const ir::Op& op, const IterationAxis& sections) {
  return AllPorts(op, sections, [&](ValueId value, int own) {
    if (form(value).tensor == kNoTensor) return true;
    const Axis& axis = form(value).axes[static_cast<std::size_t>(own)];
    return atoms_.Cut(axis, atoms_.SizeOf(axis).value() / sections.inside);
  });
}

bool Forms::TieAxis(const ir::Op& op, const IterationAxis& axis) {
  if (axis.part == IterationAxis::Part::kSections && !Cut(op, axis)) return false;
  if (axis.whole) return true;
  std::optional<Axis> first;
  bool alike = true;
  AllPorts(op, axis, [&](ValueId value, int own) {
    if (form(value).tensor == kNoTensor) return true;
    const Axis& all = form(value).axes[static_cast<std::size_t>(own)];
    Axis pieces = axis.part == IterationAxis::Part::kAll ? all : Part(axis, atoms_.Leaves(all));
    if (!first) {
      first = std::move(pieces);
    } else {
      alike = atoms_.SplitAlike(*first, pieces) && alike;
    }
    return true;
  });
  return alike;
}

bool Forms::Tie(Maker& maker) {
  const ir::Op& op = graph_.op(maker.op);
  if (maker.relation.HasSections() && SectionsAreOfUse(maker)) {
    for (const IterationAxis& axis : maker.relation.axes) {
      if (axis.part != IterationAxis::Part::kAll && !TieAxis(op, axis)) {
        maker.relation.DropSections();
        break;
      }
    }
  }
  bool alike = true;
  for (IterationAxis& axis : maker.relation.axes) {
    if (axis.part != IterationAxis::Part::kAll || TieAxis(op, axis)) continue;
    // Operands that come in pieces of other sizes: the axis is walked over as a whole.
    if (maker.relation.family == Family::kElementwise) {
      axis.whole = true;
    } else {
      alike = false;
    }
  }
  return alike;
}

}  // namespace smelt::passes::layout
