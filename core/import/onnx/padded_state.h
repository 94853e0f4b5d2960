// PaddedState: a carried value that may be empty, as state of a WHILE. Runtimes refuse a state that
// begins empty, so it has one element more, in front, on each axis that may have none. One that
// only becomes empty in a round needs no padding: LiteRT 2.3 goes on with it, with every resolver.
#pragma once

#include <vector>

#include "core/ir/builder.h"

namespace smelt::onnx_import {

class PaddedState {
 public:
  // `first`: the value's type before the loop. An axis of size 0 is padded, and one whose size only
  // other values tell where a PAD takes the tensor; sizes of the graph's inputs count as positive.
  PaddedState(const ir::SymbolTable& symbols, const ir::TensorType& first);

  // The state of a value of type `value`.
  ir::TensorType StateOf(ir::SymbolTable& symbols, ir::TensorType value) const;
  // The value as state, and the value of `type` that a state holds. `value` itself without padding.
  ir::ValueId Pad(ir::Builder& out, ir::ValueId value) const;
  ir::ValueId Cut(ir::Builder& out, ir::ValueId state, const ir::TensorType& type) const;

 private:
  bool any() const { return !padded_.empty(); }

  std::vector<int> padded_;  // axes
};

}  // namespace smelt::onnx_import
