#include "core/export/tflite/file_plan.h"

#include <algorithm>
#include <array>
#include <deque>
#include <tuple>
#include <utility>

#include "core/export/tflite/constant_sharing.h"
#include "core/export/tflite/op_versions.h"
#include "core/export/tflite/runtime_versions.h"
#include "core/ir/op_table.h"

namespace smelt::tflite_export {
namespace {

constexpr std::string_view kMinRuntimeVersion = "min_runtime_version";

// Metadata names that runtimes give a meaning to; a source must not set them through us.
constexpr std::array<std::string_view, 8> kReservedMetadata = {
    kMinRuntimeVersion,        "buffer_location",     "CONVERSION_METADATA",
    "TFLITE_METADATA",         "debug_metadata",      "model_control_dependencies",
    "OfflineMemoryAllocation", "COMPRESSION_METADATA"};

// The field holds at least one NUL.
constexpr std::size_t kRuntimeVersionBytes = 16;

ir::Constant Text(std::string_view text, std::size_t size) {
  std::vector<std::uint8_t> bytes(size, 0);
  std::copy_n(text.begin(), std::min(text.size(), size), bytes.begin());
  return ir::Constant::FromValues<std::uint8_t>(ir::DType::kU8, {static_cast<std::int64_t>(size)},
                                                bytes);
}

class Planner {
 public:
  Planner(const ir::Module& module, const target::Profile& profile)
      : module_(module), profile_(profile) {}

  Result<FilePlan> Run(const CancelToken& cancel) {
    plan_.buffers.emplace_back();
    plan_.subgraph_of_graph.assign(module_.graph_count(), -1);
    Reach(module_.main_id());
    for (const ir::Signature& signature : module_.signatures) Reach(signature.graph);
    SMELT_RETURN_IF_ERROR(PlanPending(cancel));
    // Several operators may share one body; behind all other subgraphs it comes after each of them.
    for (std::size_t i = 0; i < bodies_.size(); ++i) {
      Reach(bodies_[i]);
      SMELT_RETURN_IF_ERROR(PlanPending(cancel));
    }
    SMELT_RETURN_IF_ERROR(PlanBuffers(cancel));
    return std::move(plan_);
  }

 private:
  // Subgraphs are numbered in the order in which they are reached.
  void Reach(ir::GraphId graph) {
    std::int32_t& index = plan_.subgraph_of_graph[graph.index];
    if (index >= 0) return;
    index = static_cast<std::int32_t>(plan_.subgraphs.size());
    plan_.subgraphs.push_back({graph, {}, {}, {}});
    pending_.push_back(static_cast<std::size_t>(index));
  }

  Status PlanPending(const CancelToken& cancel) {
    while (!pending_.empty()) {
      const std::size_t at = pending_.front();
      pending_.pop_front();
      SMELT_RETURN_IF_ERROR(cancel.Check());
      SMELT_RETURN_IF_ERROR(PlanSubgraph(at));
    }
    return Status::Ok();
  }

  Status PlanSubgraph(std::size_t at) {
    const ir::Graph& graph = module_.graph(plan_.subgraphs[at].graph);
    plan_.subgraphs[at].tensor_of_value.assign(graph.value_count(), -1);
    for (const ir::ValueId input : graph.inputs()) AddTensor(at, input);
    for (const ir::OpId id : graph) {
      const ir::Op& op = graph.op(id);
      SMELT_RETURN_IF_ERROR(PlanOperator(at, graph, op));
      for (const auto& operand : op.operands) AddTensor(at, operand.value);
      for (const ir::ValueId result : op.results) AddTensor(at, result);
      const bool is_composite = op.kind == ir::OpKind::kStablehloComposite;
      for (const ir::GraphId region : op.regions) {
        if (is_composite) {
          bodies_.push_back(region);
        } else {
          Reach(region);
        }
      }
    }
    for (const ir::ValueId output : graph.outputs()) AddTensor(at, output);
    NameTensors(module_, plan_.subgraphs[at]);
    return Status::Ok();
  }

  void AddTensor(std::size_t at, ir::ValueId value) {
    if (!value.valid()) return;
    SubgraphPlan& subgraph = plan_.subgraphs[at];
    std::int32_t& index = subgraph.tensor_of_value[value.index];
    if (index >= 0) return;
    index = static_cast<std::int32_t>(subgraph.tensors.size());
    subgraph.tensors.push_back({value, "", 0});
  }

  Status PlanOperator(std::size_t at, const ir::Graph& graph, const ir::Op& op) {
    const std::string_view name = ir::GetOpInfo(op.kind).name;
    if (op.kind == ir::OpKind::kCustom) {
      UseCode(at, {op.kind, 1, op.attrs.String("custom_code")});
      return Status::Ok();
    }
    const target::OperatorSupport* support = profile_.Find(op.kind);
    if (!ir::IsTfliteBuiltin(op.kind) || support == nullptr) {
      return Status(Reason::kInternalError,
                    "operator " + std::string(name) + " reached the writer unlegalized");
    }
    const int version = OperatorVersion(graph, op);
    if (version > support->max_version) {
      return Status(Reason::kInternalError, "operator " + std::string(name) + " needs version " +
                                                std::to_string(version) + ", the runtime has " +
                                                std::to_string(support->max_version));
    }
    UseCode(at, {op.kind, version, ""});
    return Status::Ok();
  }

  void UseCode(std::size_t at, OperatorCodePlan wanted) {
    const auto [code, added] =
        code_of_.try_emplace({wanted.kind, wanted.version, wanted.custom_code},
                             static_cast<std::uint32_t>(plan_.op_codes.size()));
    ++plan_.operator_counts[std::string(ir::GetOpInfo(wanted.kind).name)];
    plan_.subgraphs[at].op_codes.push_back(code->second);
    if (!added) return;
    const std::string_view runtime = RuntimeVersionOf(wanted.kind, wanted.version);
    if (OlderRuntime(plan_.min_runtime_version, runtime)) plan_.min_runtime_version = runtime;
    plan_.op_codes.push_back(std::move(wanted));
  }

  // Metadata first, then each distinct constant where it is first used.
  Status PlanBuffers(const CancelToken& cancel) {
    if (plan_.min_runtime_version.empty()) plan_.min_runtime_version = "1.5";
    if (std::ranges::count(plan_.min_runtime_version, '.') == 1) plan_.min_runtime_version += ".0";
    AddMetadata(std::string(kMinRuntimeVersion),
                Text(plan_.min_runtime_version, kRuntimeVersionBytes));
    for (const auto& [name, value] : module_.metadata) {
      if (std::ranges::find(kReservedMetadata, name) != kReservedMetadata.end()) continue;
      AddMetadata(name, Text(value, value.size()));
    }
    std::vector<const ir::Constant*> constants;
    std::vector<TensorPlan*> users;
    for (SubgraphPlan& subgraph : plan_.subgraphs) {
      const ir::Graph& graph = module_.graph(subgraph.graph);
      for (TensorPlan& tensor : subgraph.tensors) {
        const ir::Value& value = graph.value(tensor.value);
        if (!value.is_constant()) continue;
        constants.push_back(&*value.constant);
        users.push_back(&tensor);
      }
    }
    SMELT_ASSIGN_OR_RETURN(const std::vector<std::uint32_t> first, ShareEqual(constants, cancel));
    for (std::size_t i = 0; i < constants.size(); ++i) {
      if (first[i] == i) {
        users[i]->buffer = static_cast<std::uint32_t>(plan_.buffers.size());
        plan_.buffers.push_back(*constants[i]);
      } else {
        users[i]->buffer = users[first[i]]->buffer;
      }
    }
    return Status::Ok();
  }

  void AddMetadata(const std::string& name, ir::Constant payload) {
    plan_.metadata.push_back({name, static_cast<std::uint32_t>(plan_.buffers.size())});
    plan_.buffers.push_back(std::move(payload));
  }

  const ir::Module& module_;
  const target::Profile& profile_;
  FilePlan plan_;
  std::map<std::tuple<ir::OpKind, int, std::string>, std::uint32_t> code_of_;
  std::deque<std::size_t> pending_;
  std::vector<ir::GraphId> bodies_;  // of composites, in order of use
};

}  // namespace

Result<FilePlan> PlanFile(const ir::Module& module, const target::Profile& profile,
                          const CancelToken& cancel) {
  return Planner(module, profile).Run(cancel);
}

void RaiseRuntime(FilePlan& plan, std::string_view version) {
  if (!OlderRuntime(plan.min_runtime_version, version)) return;
  plan.min_runtime_version = version;
  const auto entry = std::ranges::find(plan.metadata, kMinRuntimeVersion, &MetadataPlan::name);
  SMELT_CHECK(entry != plan.metadata.end());
  plan.buffers[entry->buffer] = Text(plan.min_runtime_version, kRuntimeVersionBytes);
}

}  // namespace smelt::tflite_export
