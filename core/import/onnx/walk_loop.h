// What GraphWalk keeps of a Loop or a Scan while it is at it. Private to the walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/padded_state.h"

namespace smelt::onnx_import {

// A loop as both operators say it.
struct GraphWalk::Rolled {
  bool counts = false;                 // Loop: number of the round and condition go in first
  std::optional<std::int64_t> rounds;  // as many at most; nothing: computed, or no limit
  bool ends_by_condition = false;      // no limit in the source: `rounds` is how many to try
  ir::ValueId most;                    // the same computed, an i64 scalar; invalid: known or none
  ir::ValueId condition;               // of the first round, a bool scalar; invalid: true
  std::vector<const WalkValue*> carried;  // from round to round
  std::vector<ir::ValueId> scanned;       // cut along an axis, one piece a round
  std::vector<int> scan_axes;
  std::vector<bool> backwards;  // of the scanned inputs
  struct Collected {            // a result with a piece of each round, on a new axis
    std::int64_t axis = 0;
    bool backwards = false;
  };
  std::vector<Collected> collected;
};

// The body of a WHILE under construction. Its state is one list: operand k outside is input k of
// the region, and output k is that input of the next round.
struct GraphWalk::Round {
  ir::GraphId graph;
  std::unique_ptr<GraphWalk> walk;    // owns the results
  std::vector<ir::ValueId> operands;  // in the graph around the loop
  std::vector<ir::ValueId> inputs;    // of the region
  std::vector<ir::ValueId> outputs;   // of the region
  std::size_t first_carried = 0;
  std::vector<PaddedState> padded;        // how values are kept in the state, carried ones first
  ir::ValueId most;                       // limit of the rounds in the region; invalid: none
  std::vector<const WalkValue*> results;  // of the source's body; empty: it was refused
  std::size_t condition = 0;              // its place in the state; 0: every round is followed
};

struct GraphWalk::Carried {
  ir::TensorType type;
  std::set<int> open;  // axes whose size differs from round to round
};

struct GraphWalk::Mark {
  ir::OpId last;
  std::size_t graphs = 0;
  std::size_t diagnostics = 0;
};

}  // namespace smelt::onnx_import
