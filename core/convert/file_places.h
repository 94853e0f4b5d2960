// FilePlaces: where a written file holds the tensors of its source's graph, by their names there.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/export/tflite/writer.h"
#include "core/ir/module.h"
#include "core/passes/pass.h"

namespace smelt {

struct FilePlace {
  std::string tensor;         // its name in the file, unique in its subgraph
  std::vector<int> order;     // axis of the file's tensor -> the source's; empty: the same order
  bool is_regrouped = false;  // axes were split or joined: no order tells where elements are
};

using FilePlaces = std::map<std::string, FilePlace>;

// By signature; signature i is subgraph i of the file. A name that two tensors hold tells nothing
// and has no place, unless it is that of an input or output: then it means that one. `orders`, by
// signature as far as they go, are those of all other tensors: inputs and outputs are in the order
// that was asked for.
std::vector<FilePlaces> FindPlaces(std::span<const tflite_export::WrittenTensor> written,
                                   std::span<const ir::Signature> signatures,
                                   std::span<const passes::StoredOrders> orders);

}  // namespace smelt
