// What a stock loader and its verifier refuse, and what breaks tools although loaders accept it.
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/import/tflite/container.h"
#include "core/import/tflite/reader.h"
#include "core/import/tflite/signature_reader.h"
#include "core/ir/op_table.h"

namespace smelt::tflite_import {
namespace {

constexpr int kPlaceholderCode = 127;
constexpr std::uint64_t kPayloadAlignment = 16;  // the format's; ours is 64

Status CheckOperatorCodes(const schema::Model& model) {
  std::set<std::tuple<int, int, std::string>> seen;
  for (const schema::OperatorCode* code : *model.operator_codes()) {
    const int number = code->builtin_code();
    if (code->deprecated_builtin_code() != std::min(number, kPlaceholderCode)) {
      return Invalid("the two codes of operator " + std::to_string(number) + " disagree");
    }
    if (code->version() < 1) return Invalid("operator version below 1");
    const std::string custom = code->custom_code() == nullptr ? "" : code->custom_code()->str();
    if (!seen.emplace(number, code->version(), custom).second) {
      return Invalid("operator " + std::to_string(number) + " is listed twice");
    }
  }
  return Status::Ok();
}

Status CheckBuffers(const Container& file) {
  const schema::Model& model = file.model();
  const std::uint32_t count = model.buffers()->size();
  if (model.buffers()->Get(0)->data() != nullptr) return Invalid("buffer 0 is not empty");
  std::vector<bool> used(count, false);
  used[0] = true;
  for (const schema::SubGraph* subgraph : *model.subgraphs()) {
    for (const schema::Tensor* tensor : *subgraph->tensors()) used[tensor->buffer()] = true;
  }
  if (model.metadata() != nullptr) {
    for (const schema::Metadata* entry : *model.metadata()) used[entry->buffer()] = true;
  }
  for (std::uint32_t i = 1; i < count; ++i) {
    if (!used[i]) return Invalid("buffer " + std::to_string(i) + " is not used");
    if (file.HasPayload(i) && file.PayloadPosition(i) % kPayloadAlignment != 0) {
      return Invalid("the payload of buffer " + std::to_string(i) + " is not aligned");
    }
  }
  return Status::Ok();
}

// Every tensor has a name of its own and takes part in the computation.
Status CheckTensors(const schema::SubGraph& subgraph, std::uint32_t index) {
  const std::string place = "subgraph " + std::to_string(index) + ": ";
  std::set<std::string> names;
  for (const schema::Tensor* tensor : *subgraph.tensors()) {
    if (tensor->name() == nullptr || tensor->name()->size() == 0) {
      return Invalid(place + "a tensor without a name");
    }
    if (!names.insert(tensor->name()->str()).second) {
      return Invalid(place + "two tensors are named " + tensor->name()->str());
    }
    if (!tensor->has_rank()) return Invalid(place + tensor->name()->str() + " has no rank");
  }
  std::vector<bool> used(subgraph.tensors()->size(), false);
  const auto mark = [&](const flatbuffers::Vector<std::int32_t>& tensors) {
    for (const std::int32_t tensor : tensors) {
      if (tensor >= 0) used[static_cast<std::size_t>(tensor)] = true;
    }
  };
  mark(*subgraph.inputs());
  mark(*subgraph.outputs());
  for (const schema::Operator* op : *subgraph.operators()) {
    mark(*op->inputs());
    mark(*op->outputs());
  }
  for (std::uint32_t i = 0; i < used.size(); ++i) {
    if (!used[i]) return Invalid(place + subgraph.tensors()->Get(i)->name()->str() + " is dead");
  }
  return Status::Ok();
}

Status CheckSignatures(const schema::Model& model, const ir::Module& module) {
  if (model.signature_defs() == nullptr) return Invalid("no signature covers the main subgraph");
  SMELT_RETURN_IF_ERROR(CheckSignatureOrder(model));
  std::map<std::uint32_t, int> covered;
  for (const ir::Signature& signature : module.signatures) {
    ++covered[signature.graph.index];
    for (const auto* names : {&signature.input_names, &signature.output_names}) {
      if (std::set<std::string>(names->begin(), names->end()).size() != names->size()) {
        return Invalid("signature " + signature.key + " uses a name twice");
      }
    }
  }
  if (covered[0] == 0) return Invalid("no signature covers the main subgraph");
  return Status::Ok();
}

bool Contradicts(const ir::TensorType& stored, const ir::TensorType& computed) {
  if (stored.dtype != computed.dtype || stored.shape.rank() != computed.shape.rank()) return true;
  for (int axis = 0; axis < stored.shape.rank(); ++axis) {
    const ir::Dim a = stored.shape.dim(axis);
    const ir::Dim b = computed.shape.dim(axis);
    if (a.is_static() && b.is_static() && a != b) return true;
  }
  return false;
}

bool AllStatic(const ir::Graph& graph, std::span<const ir::ValueId> operands) {
  for (const ir::ValueId id : operands) {
    if (id.valid() && !graph.type(id).shape.IsStatic()) return false;
  }
  return true;
}

// The stored types are those that the operators compute.
Status CheckTypes(ir::Module& module, ir::GraphId id) {
  const ir::Graph& graph = module.graph(id);
  for (const ir::OpId at : graph) {
    const ir::Op& op = graph.op(at);
    const ir::OpInfo& info = ir::GetOpInfo(op.kind);
    if (info.infer == nullptr) continue;
    std::vector<ir::ValueId> operands;
    for (const auto& operand : op.operands) operands.push_back(operand.value);
    const auto types = ir::InferTypes(graph, module.symbols(), op.kind, operands, op.attrs);
    const std::string place = std::string(info.name) + " producing " +
                              (op.results.empty() ? "" : graph.value(op.result()).name);
    if (!types.ok()) {
      // Two open dimensions that the source knew to be equal are strangers here.
      if (!AllStatic(graph, operands)) continue;
      return Invalid(place + ": " + std::string(types.status().message()));
    }
    for (std::size_t i = 0; i < op.results.size(); ++i) {
      if (i >= types->size() || Contradicts(graph.type(op.results[i]), (*types)[i])) {
        return Invalid(place + ": the stored type is not the computed one");
      }
    }
  }
  return Status::Ok();
}

}  // namespace

Status CheckFile(const SharedBytes& bytes) {
  SMELT_ASSIGN_OR_RETURN(ir::Module module, Read(bytes));
  SMELT_ASSIGN_OR_RETURN(const Container file, Container::Open(bytes));
  SMELT_RETURN_IF_ERROR(CheckOperatorCodes(file.model()));
  SMELT_RETURN_IF_ERROR(CheckBuffers(file));
  for (std::uint32_t i = 0; i < file.model().subgraphs()->size(); ++i) {
    SMELT_RETURN_IF_ERROR(CheckTensors(*file.model().subgraphs()->Get(i), i));
    SMELT_RETURN_IF_ERROR(CheckTypes(module, ir::GraphId{i}));
  }
  return CheckSignatures(file.model(), module);
}

}  // namespace smelt::tflite_import
