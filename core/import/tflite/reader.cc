#include "core/import/tflite/reader.h"

#include <string>
#include <vector>

#include "core/import/tflite/container.h"
#include "core/import/tflite/graph_reader.h"

namespace smelt::tflite_import {
namespace {

constexpr std::string_view kVersionEntry = "min_runtime_version";
constexpr std::string_view kLocationEntry = "buffer_location";

using Indices = flatbuffers::Vector<std::int32_t>;

using TensorMaps = flatbuffers::Vector<flatbuffers::Offset<schema::TensorMap>>;

// The names of `tensors`, in their order.
Result<std::vector<std::string>> SignatureNames(const TensorMaps* maps, const Indices& tensors) {
  if (maps == nullptr || maps->size() != tensors.size()) {
    return Invalid("a signature does not cover the inputs and outputs of its subgraph");
  }
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < maps->size(); ++i) {
    const schema::TensorMap* map = maps->Get(i);
    if (map->name() == nullptr ||
        map->tensor_index() != static_cast<std::uint32_t>(tensors.Get(i))) {
      return Invalid("a signature is not in the order of its subgraph");
    }
    names.push_back(map->name()->str());
  }
  return names;
}

Status ReadSignatures(const schema::Model& model, ir::Module& module) {
  if (model.signature_defs() == nullptr) return Status::Ok();
  for (const schema::SignatureDef* table : *model.signature_defs()) {
    if (table->signature_key() == nullptr || table->subgraph_index() >= module.graph_count()) {
      return Invalid("a signature without key or subgraph");
    }
    const schema::SubGraph& subgraph = *model.subgraphs()->Get(table->subgraph_index());
    ir::Signature signature;
    signature.key = table->signature_key()->str();
    signature.graph = ir::GraphId{table->subgraph_index()};
    SMELT_ASSIGN_OR_RETURN(signature.input_names,
                           SignatureNames(table->inputs(), *subgraph.inputs()));
    SMELT_ASSIGN_OR_RETURN(signature.output_names,
                           SignatureNames(table->outputs(), *subgraph.outputs()));
    module.signatures.push_back(std::move(signature));
  }
  return Status::Ok();
}

// A region takes and gives what its owner hands on and receives.
Status CheckRegion(const ir::Module& module, ir::GraphId region, std::size_t inputs,
                   std::size_t outputs) {
  const ir::Graph& graph = module.graph(region);
  if (graph.inputs().size() == inputs && graph.outputs().size() == outputs) return Status::Ok();
  return Invalid("subgraph " + std::to_string(region.index) +
                 " does not fit the operator that calls it");
}

Status CheckRegions(const ir::Module& module, const ir::Op& op) {
  const std::size_t inputs = op.operands.size();
  const std::size_t outputs = op.results.size();
  if (op.kind == ir::OpKind::kIf) {
    if (op.regions.size() != 2) return Invalid("IF without two branches");
    for (const ir::GraphId branch : op.regions) {
      SMELT_RETURN_IF_ERROR(CheckRegion(module, branch, inputs - 1, outputs));
    }
  }
  if (op.kind == ir::OpKind::kWhile) {
    if (op.regions.size() != 2 || inputs != outputs) return Invalid("WHILE of another form");
    SMELT_RETURN_IF_ERROR(CheckRegion(module, op.regions[0], inputs, 1));
    SMELT_RETURN_IF_ERROR(CheckRegion(module, op.regions[1], inputs, outputs));
  }
  if (op.kind == ir::OpKind::kStablehloComposite) {
    if (op.regions.size() != 1) return Invalid("STABLEHLO_COMPOSITE without its body");
    SMELT_RETURN_IF_ERROR(CheckRegion(module, op.regions[0], inputs, outputs));
  }
  return Status::Ok();
}

// A composite's body takes and gives the types of the operator, which its runtime hands on.
Status CheckBody(const ir::Module& module, const ir::Graph& graph, const ir::Op& op) {
  if (op.kind != ir::OpKind::kStablehloComposite) return Status::Ok();
  const ir::Graph& body = module.graph(op.regions.front());
  bool fits = true;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const ir::ValueId operand = op.operands[i].value;
    fits =
        fits && operand.valid() && ir::MayAgree(graph.type(operand), body.type(body.inputs()[i]));
  }
  const std::vector<ir::ValueId> outputs = body.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    fits = fits && ir::MayAgree(graph.type(op.results[i]), body.type(outputs[i]));
  }
  if (fits) return Status::Ok();
  return Invalid("subgraph " + std::to_string(op.regions.front().index) +
                 " is of other types than the composite that it defines");
}

Status ReadMetadata(const Container& file, ir::Module& module) {
  if (file.model().metadata() == nullptr) return Status::Ok();
  for (const schema::Metadata* entry : *file.model().metadata()) {
    if (entry->name() == nullptr || entry->buffer() >= file.model().buffers()->size()) {
      return Invalid("a metadata entry without name or buffer");
    }
    const std::string name = entry->name()->str();
    if (name == kVersionEntry || name == kLocationEntry) continue;  // of the file, not of the model
    const SharedBytes bytes = file.Payload(entry->buffer());
    module.metadata[name].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return Status::Ok();
}

}  // namespace

Result<ir::Module> Read(const SharedBytes& bytes) {
  SMELT_ASSIGN_OR_RETURN(const Container file, Container::Open(bytes));
  ir::Module module;
  for (const schema::SubGraph* subgraph : *file.model().subgraphs()) {
    module.AddGraph(subgraph->name() == nullptr ? "" : subgraph->name()->str());
  }
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    SMELT_RETURN_IF_ERROR(ReadGraph(file, module, i));
  }
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    const ir::Graph& graph = module.graph(ir::GraphId{i});
    for (const ir::OpId id : graph) {
      SMELT_RETURN_IF_ERROR(CheckRegions(module, graph.op(id)));
      SMELT_RETURN_IF_ERROR(CheckBody(module, graph, graph.op(id)));
    }
  }
  SMELT_RETURN_IF_ERROR(ReadSignatures(file.model(), module));
  SMELT_RETURN_IF_ERROR(ReadMetadata(file, module));
  return module;
}

}  // namespace smelt::tflite_import
