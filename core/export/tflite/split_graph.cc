#include "core/export/tflite/split_graph.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/export/tflite/file_plan.h"
#include "core/export/tflite/metadata_tables.h"
#include "core/export/tflite/payload_layout.h"
#include "core/export/tflite/writer.h"

namespace smelt::tflite_export {
namespace {

// Zero points are 8 bytes wide: in another place of the file they may need padding.
constexpr std::uint64_t kWidePadding = 4;
// The counts of the subgraphs and of the buffers, and the buffer without data.
constexpr std::uint64_t kVectorCounts = 16;

class Maker {
 public:
  Maker(const ir::Module& module, const FilePlan& plan, const TableExtents& extents)
      : module_(module),
        plan_(plan),
        extents_(extents),
        signature_(module.signatures[0]),
        graph_(module.graph(signature_.graph)),
        main_(static_cast<std::size_t>(plan.subgraph_of_graph[signature_.graph.index])),
        tensor_of_value_(graph_.value_count(), -1),
        is_output_(graph_.value_count()) {
    for (const ir::ValueId output : graph_.outputs()) is_output_[output.index] = true;
  }

  SplitGraph Run() {
    made_.names.resize(graph_.value_count());
    for (const TensorPlan& tensor : plan_.subgraphs[main_].tensors) {
      made_.names[tensor.value.index] = tensor.name;
    }
    AddFixed();
    for (const ir::ValueId input : graph_.inputs()) AddTensor(input, -1);
    std::size_t at = 0;
    for (const ir::OpId id : graph_) {
      if (IsDequantizedConstant(id)) {
        AddDequantized(id, at++);
      } else {
        AddUnit(id, at++);
      }
    }
    AddOutputs();
    return std::move(made_);
  }

 private:
  void AddFixed() {
    made_.fixed.table_bytes =
        extents_.rest + 2 * extents_.vtables + kVectorCounts + extents_.subgraphs[main_].header;
    for (const MetadataPlan& entry : plan_.metadata) {
      made_.fixed.table_bytes += kBufferTableBytes;
      made_.fixed.payload_bytes += InlinePayloadBytes(plan_.buffers[entry.buffer].size_bytes());
    }
  }

  std::uint64_t TensorBytes(std::size_t subgraph, ir::ValueId value) const {
    const SubgraphPlan& plan = plan_.subgraphs[subgraph];
    const auto index = static_cast<std::size_t>(plan.tensor_of_value[value.index]);
    const bool wide = !module_.graph(plan.graph).value(value).quant.empty();
    return extents_.subgraphs[subgraph].tensors[index] + (wide ? kWidePadding : 0);
  }

  std::uint32_t AddTensor(ir::ValueId value, std::int32_t producer) {
    SplitGraph::Tensor tensor;
    tensor.value = value;
    tensor.producer = producer;
    tensor.table_bytes = TensorBytes(main_, value);
    tensor.input_bytes = PortBytes(made_.names[value.index]);
    tensor.output_bytes = tensor.input_bytes;
    tensor.bytes = DataBytes(graph_.type(value));
    const auto index = static_cast<std::uint32_t>(made_.tensors.size());
    tensor_of_value_[value.index] = static_cast<std::int32_t>(index);
    made_.tensors.push_back(std::move(tensor));
    return index;
  }

  bool IsDequantizedConstant(ir::OpId id) const {
    const ir::Op& op = graph_.op(id);
    return op.kind == ir::OpKind::kDequantize && graph_.value(op.input(0)).is_constant() &&
           !is_output_[op.result().index];
  }

  // Its tables, with its constant's, are an item of whoever reads it.
  void AddDequantized(ir::OpId id, std::size_t at) {
    const ir::Op& op = graph_.op(id);
    std::vector<std::uint32_t>& items = dequantized_[op.result().index];
    UseConstant(main_, op.input(0), items);
    SplitGraph::Item tables;
    tables.table_bytes = extents_.subgraphs[main_].operators[at] + TensorBytes(main_, op.result());
    items.push_back(AddItem(std::move(tables)));
  }

  void AddUnit(ir::OpId id, std::size_t at) {
    const ir::Op& op = graph_.op(id);
    const auto index = static_cast<std::uint32_t>(made_.units.size());
    SplitGraph::Unit& unit = made_.units.emplace_back();
    unit.op = id;
    unit.bytes = extents_.subgraphs[main_].operators[at];
    for (const auto& operand : op.operands) {
      if (!operand.value.valid()) continue;
      if (graph_.value(operand.value).is_constant()) {
        UseConstant(main_, operand.value, unit.items);
        continue;
      }
      const auto made = dequantized_.find(operand.value.index);
      if (made != dequantized_.end()) {
        unit.items.insert(unit.items.end(), made->second.begin(), made->second.end());
        unit.dequantized.push_back(graph_.value(operand.value).producer);
        continue;
      }
      const auto tensor = static_cast<std::uint32_t>(tensor_of_value_[operand.value.index]);
      std::vector<std::uint32_t>& users = made_.tensors[tensor].users;
      if (!users.empty() && users.back() == index) continue;  // an operand twice
      unit.operands.push_back(tensor);
      users.push_back(index);
    }
    for (const ir::GraphId region : op.regions) UseRegion(region, unit.items);
    std::ranges::sort(unit.items);
    unit.items.erase(std::unique(unit.items.begin(), unit.items.end()), unit.items.end());
    for (const ir::ValueId result : op.results) {
      made_.units[index].results.push_back(AddTensor(result, static_cast<std::int32_t>(index)));
    }
  }

  std::uint32_t AddItem(SplitGraph::Item item) {
    made_.items.push_back(std::move(item));
    return static_cast<std::uint32_t>(made_.items.size() - 1);
  }

  // The constant's tensor, and the buffer that it may share with others.
  void UseConstant(std::size_t subgraph, ir::ValueId value, std::vector<std::uint32_t>& items) {
    const SubgraphPlan& plan = plan_.subgraphs[subgraph];
    const auto tensor = static_cast<std::size_t>(plan.tensor_of_value[value.index]);
    if (subgraph == main_) {
      const auto [item, added] = constants_.try_emplace(value.index, 0);
      if (added) item->second = AddItem({TensorBytes(subgraph, value), 0, "", 0});
      items.push_back(item->second);
    }
    const std::uint32_t buffer = plan.tensors[tensor].buffer;
    const auto [item, added] = buffers_.try_emplace(buffer, 0);
    if (added) {
      const std::uint64_t bytes = plan_.buffers[buffer].size_bytes();
      item->second =
          AddItem({kBufferTableBytes, InlinePayloadBytes(bytes), plan.tensors[tensor].name, bytes});
      made_.constant_bytes += bytes;
    }
    items.push_back(item->second);
  }

  // Everything below it too. Nesting is bounded by the importer.
  void UseRegion(ir::GraphId region, std::vector<std::uint32_t>& items) {
    const auto subgraph = static_cast<std::size_t>(plan_.subgraph_of_graph[region.index]);
    const auto [known, added] = regions_.try_emplace(region.index);
    if (added) {
      std::vector<std::uint32_t> own;
      const ir::Graph& graph = module_.graph(region);
      const TableExtents::Subgraph& extent = extents_.subgraphs[subgraph];
      SplitGraph::Item item;
      item.table_bytes = extent.header + 4 * (graph.inputs().size() + graph.outputs().size());
      for (const std::uint32_t bytes : extent.operators) item.table_bytes += bytes;
      for (const TensorPlan& tensor : plan_.subgraphs[subgraph].tensors) {
        item.table_bytes += TensorBytes(subgraph, tensor.value);
        if (graph.value(tensor.value).is_constant()) UseConstant(subgraph, tensor.value, own);
      }
      own.push_back(AddItem(std::move(item)));
      for (const ir::OpId id : graph) {
        for (const ir::GraphId inner : graph.op(id).regions) UseRegion(inner, own);
      }
      regions_[region.index] = std::move(own);
    }
    const std::vector<std::uint32_t>& all = regions_[region.index];
    items.insert(items.end(), all.begin(), all.end());
  }

  // What no operator leads to goes where the first operator goes.
  void AddOutputs() {
    const auto outputs = graph_.outputs();
    made_.output_names = signature_.output_names;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::int32_t at = tensor_of_value_[outputs[i].index];
      const std::uint64_t bytes = PortBytes(signature_.output_names[i]);
      if (at >= 0 && made_.tensors[static_cast<std::size_t>(at)].producer >= 0) {
        SplitGraph::Tensor& tensor = made_.tensors[static_cast<std::size_t>(at)];
        tensor.outputs.push_back(static_cast<std::uint32_t>(i));
        // Its own name may have to stand beside the output's.
        tensor.output_bytes += bytes;
        continue;
      }
      made_.loose.push_back(outputs[i]);
      if (made_.units.empty()) continue;
      SplitGraph::Unit& first = made_.units.front();
      if (graph_.value(outputs[i]).is_constant()) UseConstant(main_, outputs[i], first.items);
      first.bytes += bytes;
      if (at >= 0) first.bytes += PortsOf(outputs[i]);
    }
    for (const ir::ValueId input : graph_.inputs()) {
      if (graph_.HasUses(input)) continue;
      made_.loose.push_back(input);
      if (!made_.units.empty()) made_.units.front().bytes += PortsOf(input);
    }
    if (made_.units.empty()) return;
    auto& items = made_.units.front().items;
    std::ranges::sort(items);
    items.erase(std::unique(items.begin(), items.end()), items.end());
  }

  std::uint64_t PortsOf(ir::ValueId input) const {
    return TensorBytes(main_, input) + PortBytes(made_.names[input.index]);
  }

  const ir::Module& module_;
  const FilePlan& plan_;
  const TableExtents& extents_;
  const ir::Signature& signature_;
  const ir::Graph& graph_;
  std::size_t main_;
  std::vector<std::int32_t> tensor_of_value_;         // by value; -1: a constant, or not there yet
  std::vector<bool> is_output_;                       // by value
  std::map<std::uint32_t, std::uint32_t> constants_;  // value -> item
  std::map<std::uint32_t, std::uint32_t> buffers_;    // buffer -> item
  std::map<std::uint32_t, std::vector<std::uint32_t>> regions_;      // graph -> items
  std::map<std::uint32_t, std::vector<std::uint32_t>> dequantized_;  // value -> items
  SplitGraph made_;
};

}  // namespace

std::uint64_t DataBytes(const ir::TensorType& type) {
  std::uint64_t count = 1;
  for (const ir::Dim dim : type.shape) {
    if (dim.is_static()) count *= static_cast<std::uint64_t>(dim.value());
  }
  return ir::StorageBytes(type.dtype, count);
}

Result<SplitGraph> MakeSplitGraph(const ir::Module& module, const target::Profile& profile,
                                  const std::string& description, const CancelToken& cancel) {
  SMELT_CHECK(module.signatures.size() == 1);
  SMELT_ASSIGN_OR_RETURN(FilePlan plan, PlanFile(module, profile, cancel));
  // Without the offsets that a file beyond 2 GiB has: no part is so large.
  const std::vector<bool> inside(plan.buffers.size(), false);
  SMELT_ASSIGN_OR_RETURN(const MetadataImage image,
                         LayOutTables(module, plan, description, inside));
  SplitGraph made = Maker(module, plan, image.extents).Run();
  made.unsplit_bytes = InlineFileBytes(plan, image.image.size());
  if (made.unsplit_bytes <= kMaxInlineBytes) return made;
  SMELT_ASSIGN_OR_RETURN(const FileLayout layout,
                         LayOutFile(module, plan, description, kMaxInlineBytes));
  made.unsplit_bytes = layout.file_bytes;
  return made;
}

}  // namespace smelt::tflite_export
