#include "core/import/tflite/signature_reader.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace smelt::tflite_import {
namespace {

using Indices = flatbuffers::Vector<std::int32_t>;
using TensorMaps = flatbuffers::Vector<flatbuffers::Offset<schema::TensorMap>>;

// One side of a signature: its inputs or its outputs.
struct Side {
  const schema::SubGraph& subgraph;
  const Indices& tensors;
  const TensorMaps* maps;  // null: none of them is named
  const char* what;        // "input"
};

std::string TensorName(const Side& side, std::int32_t tensor) {
  const auto* name = side.subgraph.tensors()->Get(static_cast<std::uint32_t>(tensor))->name();
  return name == nullptr ? std::string() : name->str();
}

// Gives tensors without a name, and those that are listed twice, names that nobody has.
class Names {
 public:
  void Take(std::string name) { taken_.insert(std::move(name)); }

  std::string Make(const std::string& wanted) {
    std::string name = wanted;
    while (!taken_.insert(name).second) {
      name = wanted + "_" + std::to_string(++last_number_[wanted]);
    }
    return name;
  }

 private:
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, std::uint64_t> last_number_;  // by the name wanted
};

Result<std::vector<std::string>> ReadNames(const Side& side) {
  // By tensor: a subgraph may give one tensor twice, under two names.
  std::unordered_map<std::int64_t, std::vector<const schema::TensorMap*>> named;
  Names given;
  std::size_t left = 0;
  if (side.maps != nullptr) {
    for (std::uint32_t i = side.maps->size(); i-- > 0;) {
      const schema::TensorMap* map = side.maps->Get(i);
      if (map->name() == nullptr) return Invalid("a signature with a nameless tensor");
      named[map->tensor_index()].push_back(map);
      given.Take(map->name()->str());
      ++left;
    }
  }
  std::vector<std::string> names;
  for (const std::int32_t tensor : side.tensors) {
    const auto found = named.find(tensor);
    if (found == named.end() || found->second.empty()) {
      const std::string name = TensorName(side, tensor);
      names.push_back(given.Make(name.empty() ? side.what : name));
      continue;
    }
    names.push_back(found->second.back()->name()->str());
    found->second.pop_back();
    --left;
  }
  if (left == 0) return names;
  return Invalid("a signature names a tensor that is no " + std::string(side.what) +
                 " of its subgraph, or names one too often");
}

Result<ir::Signature> ReadSignature(const schema::SubGraph& subgraph, std::uint32_t graph,
                                    const schema::SignatureDef* table) {
  ir::Signature signature;
  signature.graph = ir::GraphId{graph};
  const Side inputs = {subgraph, *subgraph.inputs(), table == nullptr ? nullptr : table->inputs(),
                       "input"};
  const Side outputs = {subgraph, *subgraph.outputs(),
                        table == nullptr ? nullptr : table->outputs(), "output"};
  SMELT_ASSIGN_OR_RETURN(signature.input_names, ReadNames(inputs));
  SMELT_ASSIGN_OR_RETURN(signature.output_names, ReadNames(outputs));
  return signature;
}

bool InOrder(const TensorMaps* maps, const Indices& tensors) {
  if (maps == nullptr || maps->size() != tensors.size()) return false;
  for (std::uint32_t i = 0; i < maps->size(); ++i) {
    if (maps->Get(i)->tensor_index() != static_cast<std::uint32_t>(tensors.Get(i))) return false;
  }
  return true;
}

}  // namespace

Status ReadSignatures(const Container& file, ir::Module& module) {
  const schema::Model& model = file.model();
  if (model.signature_defs() == nullptr || model.signature_defs()->size() == 0) {
    SMELT_ASSIGN_OR_RETURN(ir::Signature made,
                           ReadSignature(*model.subgraphs()->Get(0), 0, nullptr));
    module.signatures.push_back(std::move(made));
    return Status::Ok();
  }
  for (const schema::SignatureDef* table : *model.signature_defs()) {
    if (table->signature_key() == nullptr || table->subgraph_index() >= module.graph_count()) {
      return Invalid("a signature without key or subgraph");
    }
    const std::uint32_t graph = table->subgraph_index();
    SMELT_ASSIGN_OR_RETURN(ir::Signature signature,
                           ReadSignature(*model.subgraphs()->Get(graph), graph, table));
    signature.key = table->signature_key()->str();
    module.signatures.push_back(std::move(signature));
  }
  return Status::Ok();
}

Status CheckSignatureOrder(const schema::Model& model) {
  if (model.signature_defs() == nullptr) return Status::Ok();
  for (const schema::SignatureDef* table : *model.signature_defs()) {
    const schema::SubGraph& subgraph = *model.subgraphs()->Get(table->subgraph_index());
    if (!InOrder(table->inputs(), *subgraph.inputs()) ||
        !InOrder(table->outputs(), *subgraph.outputs())) {
      return Invalid("a signature does not name the inputs and outputs of its subgraph in order");
    }
  }
  return Status::Ok();
}

}  // namespace smelt::tflite_import
