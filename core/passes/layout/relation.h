// Relation: how the axes of an operator's operands and results correspond, and in which orders the
// operator can work. One table row an operator family; what is not in the table keeps the source's
// order on all operands and results.
#pragma once

#include <absl/container/inlined_vector.h>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/ir/graph.h"

namespace smelt::passes::layout {

// Which permutations of its axes an operator can work in.
enum class Freedom {
  kAny,
  kLastStays,  // the last axis stays the last: SOFTMAX
  kMatrix,     // rows in any order, then what is contracted or made: FULLY_CONNECTED, BATCH_MATMUL
  kChannels,   // batch and spatial axes as they are, then the channels' pieces in any order
  kSource,     // one order: its kernel has fixed axes, or nobody has said more
};

// An axis that the operator walks over.
struct IterationAxis {
  static constexpr int kAbsent = -1;
  // What is cut or joined at multiples of one size consists of sections of that size: which of them
  // are meant is told apart from what is inside of each, and that may come in any order.
  enum class Part { kAll, kSections, kInside };
  using Ports = absl::InlinedVector<int, 3>;
  Ports operands;           // by operand: which of its axes, or kAbsent
  Ports results;            // by result
  bool whole = false;       // its pieces stay together in the source's order
  bool cut = false;         // CONCATENATION, SPLIT: what is joined or cut, told by its sections
  bool row = false;         // kMatrix, kChannels: one of the leading axes
  Part part = Part::kAll;   // of the axes it names; kInside follows its kSections
  std::int64_t inside = 1;  // size of a section, unless kAll
};

// What the rewriting has to do for another order: see rewrite.h.
enum class Family {
  kBarrier,      // operands and results in the source's order
  kElementwise,  // broadcasting
  kReduce,
  kConcat,
  kAxisRows,  // one row of parameters an axis: SLICE, PAD, TILE, ...
  kSplit,
  kLastAxis,
  kShape,
  kFullyConnected,
  kBatchMatmul,
  kFreshPieces,  // the same bytes: no operator at all
  kImage,        // channels-last kernels: CONV_2D, pools, resizing
};

struct Relation {
  Family family = Family::kBarrier;
  Freedom freedom = Freedom::kSource;
  std::vector<IterationAxis> axes;  // in the source's order; none for a barrier

  // An operand that no axis belongs to: sizes, or computed weights. It comes as the source has it.
  bool IsSideOperand(int operand) const;
  // True when pieces of `axis` behind those of `before` make one axis of the ports with them.
  bool GoesOn(int axis, int before) const;
  bool HasSections() const;
  // Every axis of the ports as one again.
  void DropSections();
};

// Requires an operator that is no view (TRANSPOSE, RESHAPE, ...).
Relation RelationOf(const ir::Graph& graph, const ir::Op& op);

}  // namespace smelt::passes::layout
