// Atoms: the pieces that axes are made of.
//
// An axis is a run of atoms, outermost first: an axis C that is reshaped to (g, c) consists of the
// atoms g and c. An axis of size 1 has none, so that it never matters where it stands. An atom is
// split when a reshape, or an operator that ties it to a split axis, needs its parts.
#pragma once

#include <absl/container/inlined_vector.h>
#include <optional>
#include <span>
#include <vector>

#include "core/ir/symbols.h"

namespace smelt::passes::layout {

using Atom = int;
using Axis = absl::InlinedVector<Atom, 2>;  // mostly one

class AtomTable {
 public:
  explicit AtomTable(ir::SymbolTable& symbols) : symbols_(symbols) {}

  // An axis of its own.
  Axis NewAxis(ir::Dim size);
  // The same sizes, split alike, with other atoms.
  Axis Clone(std::span<const Atom> axis);
  ir::Dim size(Atom atom) const { return nodes_[static_cast<std::size_t>(atom)].size; }

  // The pieces of the atoms as they are split by now.
  Axis Leaves(std::span<const Atom> axis) const;
  // The product of the sizes.
  ir::Dim SizeOf(std::span<const Atom> axis);

  // Takes atoms from `at` on off the run `leaves` until their product is `size`, splitting the last
  // one if need be; nothing when no split gives it. Moves `at` behind them.
  std::optional<Axis> Take(Axis& leaves, std::size_t& at, ir::Dim size);
  // Splits the axis so that its outer pieces make up `outer` and the others the rest; false when it
  // can't be.
  bool Cut(std::span<const Atom> axis, ir::Dim outer);
  // Where the pieces of a cut axis come apart: how many of its leaves make up `outer`.
  std::size_t PartsAt(std::span<const Atom> leaves, ir::Dim outer);
  // Splits either axis until both have pieces of the same sizes. False, with whatever splits were
  // made, when they can't have.
  bool SplitAlike(std::span<const Atom> a, std::span<const Atom> b);

  // Counts splits: a pass over the graph that changed nothing is the last.
  int splits() const { return splits_; }

 private:
  struct Node {
    ir::Dim size;
    Atom outer = -1;
    Atom inner = -1;
  };
  Atom NewAtom(ir::Dim size);
  // Neither is split, and the atoms have the same sizes.
  bool AreAlike(std::span<const Atom> a, std::span<const Atom> b) const;
  // `whole / part` when that is exact.
  std::optional<ir::Dim> Quotient(ir::Dim whole, ir::Dim part);
  // False when the atom has no such outer piece.
  bool Split(Atom atom, ir::Dim outer);

  ir::SymbolTable& symbols_;
  std::vector<Node> nodes_;
  int splits_ = 0;
};

}  // namespace smelt::passes::layout
