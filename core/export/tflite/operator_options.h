// The option table of one operator, encoded from its attributes by core/flat's table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/export/tflite/flat_image.h"
#include "core/ir/graph.h"

namespace smelt::tflite_export {

struct OperatorOptions {
  int union_index = 0;  // 1: builtin_options, 2: builtin_options_2, 0: the operator has none
  std::uint8_t tag = 0;
  TableFields fields;
  // Vectors, strings and bytes that slots of the table refer to; to be added after it.
  std::vector<std::pair<int, std::vector<std::int32_t>>> vectors;
  std::vector<std::pair<int, std::string>> strings;
  std::vector<std::pair<int, std::vector<std::uint8_t>>> bytes;
};

// `subgraph_of_graph` gives the indices that regions are written as. kInternalError, naming the
// attribute, for a value that the field can't hold.
Result<OperatorOptions> EncodeOptions(const ir::Graph& graph, const ir::Op& op,
                                      std::span<const std::int32_t> subgraph_of_graph);

}  // namespace smelt::tflite_export
