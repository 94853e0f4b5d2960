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
bool CheckModel(const onnx::ModelProto& model, const onnx::GraphProto& graph, Imported& imported) {
  bool walkable = true;
  if (graph.node_size() == 0 && !PassesThrough(graph)) {
    AddError(imported, Reason::kEmptyGraph,
             model.has_graph() ? "the graph has no nodes" : "the model has no graph");
    walkable = false;
  } else if (graph.output_size() == 0) {
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

// Adds to the module what each entry point reads of the model, one after the other.
class ModelReading {
 public:
  ModelReading(const ImportRequest& request, const CancelToken& cancel, const LoadedModel& loaded)
      : request_(request), cancel_(cancel), loaded_(loaded), model_(*loaded.proto) {
    imported_.facts = Facts(model_);
    sources_.resize(static_cast<std::size_t>(model_.graph().node_size()));
    for (const EntryPoint& entry : request.entries) {
      const std::string name = signatures_.empty() ? "main" : entry.key;
      signatures_.push_back({entry.key, imported_.module.AddGraph(name), {}, {}});
    }
  }

  Result<Imported> Run() {
    for (std::uint32_t i = 0; i < signatures_.size(); ++i) {
      const Status read = Read(i);
      if (read.ok()) continue;
      if (signatures_.size() == 1 || read.reason() == Reason::kCancelled) return read;
      return Status(read.reason(),
                    "signature \"" + signatures_[i].key + "\": " + std::string(read.message()),
                    std::string(read.hint()));
    }
    imported_.module.signatures = std::move(signatures_);
    return std::move(imported_);
  }

 private:
  Status Read(std::uint32_t signature) {
    const EntryPoint& entry = request_.entries[signature];
    // Sizes may be given to dimensions of the model's own inputs and of those where it begins.
    onnx::GraphProto ports;
    *ports.mutable_input() = model_.graph().input();
    if (entry.from.empty() && entry.to.empty()) {
      return Walk(signature, model_.graph(), ports, {});
    }
    onnx::GraphProto part = model_.graph();
    SMELT_ASSIGN_OR_RETURN(std::vector<bool> dropped, Crop(entry, part));
    ports.mutable_input()->MergeFrom(part.input());
    return Walk(signature, part, ports, std::move(dropped));
  }

  // Where the model declares no type for a tensor to begin at, a walk over all of it may know one.
  Result<std::vector<bool>> Crop(const EntryPoint& entry, onnx::GraphProto& graph) {
    std::optional<Imported> whole;
    const auto declare = [&](const std::string& name, onnx::ValueInfoProto* info) -> Status {
      if (!whole) {
        ImportRequest all = request_;
        all.entries = {entry};
        all.entries.front().from.clear();
        all.entries.front().to.clear();
        all.extract.clear();
        all.list_tensors = true;
        SMELT_ASSIGN_OR_RETURN(whole, Import(all, cancel_));
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
    return CropGraph({entry.from, entry.to}, declare, graph);
  }

  Status Walk(std::uint32_t signature, const onnx::GraphProto& graph, const onnx::GraphProto& ports,
              std::vector<bool> dropped) {
    if (!CheckModel(model_, graph, imported_)) return Status::Ok();
    SMELT_ASSIGN_OR_RETURN(auto dims, BindDims(ports, request_.entries[signature]));
    const PayloadSource payloads{request_.model, &loaded_.tensors, request_.external_files,
                                 request_.limits.max_tensor_bytes};
    WalkContext context{.request = request_,
                        .cancel = cancel_,
                        .payloads = payloads,
                        .opsets = imported_.facts.opset_imports,
                        .dims = std::move(dims),
                        .functions = FunctionLibrary(model_, payloads),
                        .module = imported_.module,
                        .diagnostics = imported_.diagnostics,
                        .sources = sources_,
                        .dropped = std::move(dropped)};
    Extract extract(request_.extract, model_, payloads, imported_.module.symbols());
    if (!request_.extract.empty()) context.extract = &extract;
    const std::size_t before = imported_.diagnostics.size();
    GraphWalk walk(context, graph, signatures_[signature].graph);
    SMELT_RETURN_IF_ERROR(walk.Run(signatures_[signature]));
    imported_.facts.parameter_bytes =
        std::max(imported_.facts.parameter_bytes, walk.parameter_bytes());
    if (request_.list_tensors) {
      for (SourceTensor& tensor : walk.Tensors()) {
        tensor.signature = signature;
        imported_.tensors.push_back(std::move(tensor));
      }
    }
    if (context.extract != nullptr) {
      Keep(extract.Finish(walk.Tensors()), ir::HasError(imported_.diagnostics, before));
    }
    imported_.expanded.insert(imported_.expanded.end(), context.expanded.begin(),
                              context.expanded.end());
    return Status::Ok();
  }

  // The nodes as the first reading has them that refused one; else as the first one has them.
  void Keep(std::string extract, bool refused) {
    if (extract.empty()) return;
    if (!imported_.extract.empty() && (extract_is_refused_ || !refused)) return;
    imported_.extract = std::move(extract);
    extract_is_refused_ = refused;
  }

  const ImportRequest& request_;
  const CancelToken& cancel_;
  const LoadedModel& loaded_;
  const onnx::ModelProto& model_;
  std::vector<std::optional<ir::SourceId>> sources_;
  std::vector<ir::Signature> signatures_;
  bool extract_is_refused_ = false;
  Imported imported_;
};

}  // namespace

Result<Imported> Import(const ImportRequest& request, const CancelToken& cancel) {
  SMELT_RETURN_IF_ERROR(cancel.Check());
  SMELT_ASSIGN_OR_RETURN(const LoadedModel loaded, LoadModel(request.model.span(), request.limits));
  return ModelReading(request, cancel, loaded).Run();
}

}  // namespace smelt::onnx_import
