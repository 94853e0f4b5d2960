// PartSize: the size of a file with some of a graph's operators, kept up to date while operators
// come and go: each costs what it has operands, so that moving a window over the graph is linear.
//
// It is the file's size to the byte but for padding that depends on what stands before it and the
// shapes of tables that a part may not need: never less, and more by a few hundred bytes at most.
#pragma once

#include <cstdint>
#include <vector>

#include "core/export/tflite/split_graph.h"

namespace smelt::tflite_export {

class PartSize {
 public:
  explicit PartSize(const SplitGraph& graph);

  void Add(std::uint32_t unit);     // that is not in
  void Remove(std::uint32_t unit);  // that is in
  std::uint64_t Bytes() const;

 private:
  // What tensor `i` costs as the counts are.
  std::uint64_t Cost(std::uint32_t i) const;
  template <class Change>
  void ChangeTensor(std::uint32_t i, Change change);

  const SplitGraph& graph_;
  std::vector<std::uint32_t> item_uses_;
  std::vector<std::uint32_t> tensor_uses_;
  std::vector<bool> produced_;
  std::uint64_t tables_;
  std::uint64_t payloads_;
};

// The size of a part with these operators.
std::uint64_t SizeOf(const SplitGraph& graph, const std::vector<std::uint32_t>& units);

}  // namespace smelt::tflite_export
