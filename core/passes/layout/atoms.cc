#include "core/passes/layout/atoms.h"

#include <algorithm>

namespace smelt::passes::layout {
namespace {

std::size_t At(Atom atom) { return static_cast<std::size_t>(atom); }

}  // namespace

Atom AtomTable::NewAtom(ir::Dim size) {
  nodes_.push_back({size});
  return static_cast<Atom>(nodes_.size()) - 1;
}

Axis AtomTable::NewAxis(ir::Dim size) {
  if (size == ir::Dim(1)) return {};
  return {NewAtom(size)};
}

Axis AtomTable::Clone(std::span<const Atom> axis) {
  Axis clone;
  for (const Atom leaf : Leaves(axis)) clone.push_back(NewAtom(size(leaf)));
  return clone;
}

Axis AtomTable::Leaves(std::span<const Atom> axis) const {
  Axis leaves;
  Axis pending(axis.rbegin(), axis.rend());
  while (!pending.empty()) {
    const Atom atom = pending.back();
    pending.pop_back();
    const Node& node = nodes_[At(atom)];
    if (node.outer < 0) {
      leaves.push_back(atom);
    } else {
      pending.push_back(node.inner);
      pending.push_back(node.outer);
    }
  }
  return leaves;
}

ir::Dim AtomTable::SizeOf(std::span<const Atom> axis) {
  ir::Dim product = 1;
  for (const Atom atom : axis) product = symbols_.Mul(product, size(atom));
  return product;
}

std::optional<ir::Dim> AtomTable::Quotient(ir::Dim whole, ir::Dim part) {
  if (whole == part) return ir::Dim(1);
  if (part == ir::Dim(0) || whole == ir::Dim(0)) return std::nullopt;
  const ir::Dim quotient = symbols_.FloorDiv(whole, part);
  if (quotient.is_unknown() || symbols_.Mul(quotient, part) != whole) return std::nullopt;
  return quotient;
}

bool AtomTable::Split(Atom atom, ir::Dim outer) {
  const auto inner = Quotient(size(atom), outer);
  if (!inner || *inner == ir::Dim(1) || outer == ir::Dim(1)) return false;
  const Atom first = NewAtom(outer);
  const Atom second = NewAtom(*inner);
  nodes_[At(atom)].outer = first;
  nodes_[At(atom)].inner = second;
  ++splits_;
  return true;
}

std::optional<Axis> AtomTable::Take(Axis& leaves, std::size_t& at, ir::Dim size_wanted) {
  Axis taken;
  ir::Dim rest = size_wanted;
  while (rest != ir::Dim(1)) {
    if (at == leaves.size()) return std::nullopt;
    const Atom leaf = leaves[at];
    if (const auto quotient = Quotient(rest, size(leaf))) {
      taken.push_back(leaf);
      rest = *quotient;
      ++at;
    } else if (Split(leaf, rest)) {
      const Node node = nodes_[At(leaf)];
      leaves[at] = node.outer;
      leaves.insert(leaves.begin() + static_cast<std::ptrdiff_t>(at) + 1, node.inner);
    } else {
      return std::nullopt;
    }
  }
  return taken;
}

bool AtomTable::Cut(std::span<const Atom> axis, ir::Dim outer) {
  Axis leaves = Leaves(axis);
  std::size_t at = 0;
  return Take(leaves, at, outer).has_value();
}

std::size_t AtomTable::PartsAt(std::span<const Atom> leaves, ir::Dim outer) {
  std::size_t at = 0;
  for (ir::Dim size = 1; size != outer; ++at) {
    SMELT_CHECK(at < leaves.size());
    size = symbols_.Mul(size, this->size(leaves[at]));
  }
  return at;
}

bool AtomTable::AreAlike(std::span<const Atom> a, std::span<const Atom> b) const {
  return std::ranges::equal(a, b, [this](Atom x, Atom y) {
    return nodes_[At(x)].outer < 0 && nodes_[At(y)].outer < 0 && size(x) == size(y);
  });
}

bool AtomTable::SplitAlike(std::span<const Atom> a, std::span<const Atom> b) {
  if (AreAlike(a, b)) return true;  // nearly always, and without a copy
  Axis left = Leaves(a);
  Axis right = Leaves(b);
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
    if (size(left[i]) == size(right[i])) continue;
    const bool left_is_larger = Quotient(size(left[i]), size(right[i])).has_value();
    Axis& larger = left_is_larger ? left : right;
    const ir::Dim piece = size(left_is_larger ? right[i] : left[i]);
    if (!Split(larger[i], piece)) return false;
    const Node node = nodes_[At(larger[i])];
    larger[i] = node.outer;
    larger.insert(larger.begin() + static_cast<std::ptrdiff_t>(i) + 1, node.inner);
  }
  return left.size() == right.size();
}

}  // namespace smelt::passes::layout
