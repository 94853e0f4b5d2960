#include "core/import/onnx/importer.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "core/import/onnx/bound_dims.h"
#include "core/import/onnx/crop.h"
#include "core/import/onnx/declared_type.h"
#include "core/import/onnx/extract.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/load.h"

namespace smelt::onnx_import {
namespace {

void AddError(Imported& imported, Reason reason, std::string message) {
  ir::Diagnostic diagnostic;
  diagnostic.reason = reason;
  diagnostic.message = std::move(message);
  diagnostic.stage = "import";
  imported.diagnostics.push_back(std::move(diagnostic));
}

// True when every declared output is an input or an initializer: a graph without nodes that still
// computes something.
bool PassesThrough(const onnx::GraphProto& graph) {
  if (graph.output_size() == 0) return false;
  std::unordered_set<std::string_view> given;
  for (const auto& input : graph.input()) given.insert(input.name());
  for (const auto& tensor : graph.initializer()) given.insert(tensor.name());
  return std::all_of(graph.output().begin(), graph.output().end(),
                     [&](const auto& output) { return given.contains(output.name()); });
}

ModelFacts Facts(const onnx::ModelProto& model) {
  ModelFacts facts;
  facts.producer = model.producer_name();
  if (!model.producer_version().empty()) facts.producer += " " + model.producer_version();
  facts.ir_version =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(model.ir_version(), 0, UINT32_MAX));
  for (const auto& import : model.opset_import()) {
    const std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    facts.opset_imports[domain] =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(import.version(), 0, UINT32_MAX));
  }
  // The first two versions of the format, which import nothing, have opset 1 only.
  if (model.opset_import_size() == 0) facts.opset_imports[""] = 1;
  return facts;
}

// What makes a walk pointless. True when the graph can be walked.
bool CheckModel(const onnx::ModelProto& model, Imported& imported) {
  bool walkable = true;
  if (!model.has_graph() || (model.graph().node_size() == 0 && !PassesThrough(model.graph()))) {
    AddError(imported, Reason::kEmptyGraph,
             model.has_graph() ? "the graph has no nodes" : "the model has no graph");
    walkable = false;
  } else if (model.graph().output_size() == 0) {
    AddError(imported, Reason::kNoOutputs, "the graph declares no outputs");
  }
  const auto opset = imported.facts.opset_imports.find("");
  if (opset != imported.facts.opset_imports.end() &&
      (opset->second < kMinOpset || opset->second > kMaxOpset)) {
    AddError(imported, Reason::kUnsupportedOpset,
             "the model imports opset " + std::to_string(opset->second));
    imported.diagnostics.back().found = std::to_string(opset->second);
    imported.diagnostics.back().allowed =
        std::to_string(kMinOpset) + " to " + std::to_string(kMaxOpset);
    walkable = false;
  }
  return walkable;
}

// Where the model declares no type for a tensor to begin at, a walk over all of it may know one.
Result<std::vector<bool>> Crop(const ImportRequest& request, const CancelToken& cancel,
                               onnx::GraphProto& graph) {
  std::optional<Imported> whole;
  const auto declare = [&](const std::string& name, onnx::ValueInfoProto* info) -> Status {
    if (!whole) {
      ImportRequest all = request;
      all.from.clear();
      all.to.clear();
      all.extract.clear();
      all.list_tensors = true;
      SMELT_ASSIGN_OR_RETURN(whole, Import(all, cancel));
    }
    const auto found = std::ranges::find(whole->tensors, name, &SourceTensor::name);
    if (found == whole->tensors.end() || !found->type) {
      return Status(Reason::kMissingTypeInformation,
                    "the type of \"" + name + "\", where the model is to begin, is not known",
                    "Declare it in the graph's value_info, and convert again.");
    }
    info->set_name(name);
    DeclareType(*found->type, whole->module.symbols(), info);
    return Status::Ok();
  };
  return CropGraph({request.from, request.to}, declare, graph);
}

}  // namespace

bool LooksLikeOnnx(ByteSpan bytes) { return LooksLikeModel(bytes); }

Result<Imported> Import(const ImportRequest& request, const CancelToken& cancel) {
  SMELT_RETURN_IF_ERROR(cancel.Check());
  SMELT_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(request.model.span(), request.limits));
  const onnx::ModelProto& model = *loaded.proto;
  Imported imported;
  imported.facts = Facts(model);
  std::vector<bool> dropped;
  // Sizes may be given to dimensions of the model's own inputs and of those where it begins.
  onnx::GraphProto ports;
  *ports.mutable_input() = model.graph().input();
  if (!request.from.empty() || !request.to.empty()) {
    SMELT_ASSIGN_OR_RETURN(dropped, Crop(request, cancel, *loaded.proto->mutable_graph()));
    ports.mutable_input()->MergeFrom(model.graph().input());
  }
  const ir::GraphId graph = imported.module.AddGraph("main");
  ir::Signature signature;
  signature.graph = graph;
  if (CheckModel(model, imported)) {
    SMELT_ASSIGN_OR_RETURN(auto dims, BindDims(ports, request));
    const PayloadSource payloads{request.model, &loaded.tensors, request.external_files,
                                 request.limits.max_tensor_bytes};
    WalkContext context{request,         cancel,
                        payloads,        imported.facts.opset_imports,
                        std::move(dims), FunctionLibrary(model, payloads),
                        imported.module, imported.diagnostics};
    context.dropped = std::move(dropped);
    Extract extract(request.extract, model, payloads, imported.module.symbols());
    if (!request.extract.empty()) context.extract = &extract;
    GraphWalk walk(context, model.graph(), graph);
    SMELT_RETURN_IF_ERROR(walk.Run(signature));
    imported.facts.parameter_bytes = walk.parameter_bytes();
    if (request.list_tensors) imported.tensors = walk.Tensors();
    if (context.extract != nullptr) imported.extract = extract.Finish(walk.Tensors());
    imported.expanded = std::move(context.expanded);
  }
  imported.module.signatures.push_back(std::move(signature));
  return imported;
}

}  // namespace smelt::onnx_import
