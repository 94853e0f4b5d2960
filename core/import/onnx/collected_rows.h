// CollectedRows: a result of a loop that has one row for each round, as state of a WHILE. Where the
// number of rounds and the row's sizes are known, the rows are written into a tensor of the final
// size; else the elements are appended to a flat tensor. That begins with an element of padding:
// runtimes refuse empty tensors in a loop's state.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/ir/builder.h"

namespace smelt::onnx_import {

class CollectedRows {
 public:
  // `rounds`: there are exactly so many.
  CollectedRows(ir::SymbolTable& symbols, ir::TensorType row, std::optional<std::int64_t> rounds);

  // What the state consists of: types, and initial values in the graph around the loop.
  const std::vector<ir::TensorType>& types() const { return types_; }
  std::vector<ir::ValueId> Begin(ir::Builder& outside) const;
  // The state after a round: `index` is the round's number (an i64 scalar) and `row` its row.
  std::vector<ir::ValueId> Next(ir::Builder& inside, std::span<const ir::ValueId> state,
                                ir::ValueId index, ir::ValueId row) const;
  // The rows side by side on axis 0; `done` is the number of rounds (an i64 scalar).
  ir::ValueId Finish(ir::Builder& outside, std::span<const ir::ValueId> state,
                     ir::ValueId done) const;

 private:
  ir::Shape Stacked(ir::Dim rows) const;
  ir::Shape KnownOutside(ir::SymbolTable& symbols) const;

  ir::TensorType row_;
  std::optional<std::int64_t> rounds_;
  bool in_place_ = false;
  std::vector<ir::TensorType> types_;
};

}  // namespace smelt::onnx_import
