#include "core/export/tflite/part_size.h"

#include "core/export/tflite/payload_layout.h"

namespace smelt::tflite_export {

PartSize::PartSize(const SplitGraph& graph)
    : graph_(graph),
      item_uses_(graph.items.size()),
      tensor_uses_(graph.tensors.size()),
      produced_(graph.tensors.size()),
      tables_(graph.fixed.table_bytes),
      payloads_(graph.fixed.payload_bytes) {}

std::uint64_t PartSize::Cost(std::uint32_t i) const {
  const SplitGraph::Tensor& tensor = graph_.tensors[i];
  const std::uint32_t uses = tensor_uses_[i];
  if (!produced_[i]) return uses == 0 ? 0 : tensor.table_bytes + tensor.input_bytes;
  const bool leaves = !tensor.outputs.empty() || uses < tensor.users.size();
  return tensor.table_bytes + (leaves ? tensor.output_bytes : 0);
}

template <class Change>
void PartSize::ChangeTensor(std::uint32_t i, Change change) {
  tables_ -= Cost(i);
  change();
  tables_ += Cost(i);
}

void PartSize::Add(std::uint32_t unit) {
  const SplitGraph::Unit& added = graph_.units[unit];
  tables_ += added.bytes;
  for (const std::uint32_t i : added.operands) ChangeTensor(i, [&] { ++tensor_uses_[i]; });
  for (const std::uint32_t i : added.results) ChangeTensor(i, [&] { produced_[i] = true; });
  for (const std::uint32_t i : added.items) {
    if (item_uses_[i]++ != 0) continue;
    tables_ += graph_.items[i].table_bytes;
    payloads_ += graph_.items[i].payload_bytes;
  }
}

void PartSize::Remove(std::uint32_t unit) {
  const SplitGraph::Unit& removed = graph_.units[unit];
  tables_ -= removed.bytes;
  for (const std::uint32_t i : removed.operands) ChangeTensor(i, [&] { --tensor_uses_[i]; });
  for (const std::uint32_t i : removed.results) ChangeTensor(i, [&] { produced_[i] = false; });
  for (const std::uint32_t i : removed.items) {
    if (--item_uses_[i] != 0) continue;
    tables_ -= graph_.items[i].table_bytes;
    payloads_ -= graph_.items[i].payload_bytes;
  }
}

std::uint64_t PartSize::Bytes() const { return InlineFileBytes(tables_, payloads_); }

std::uint64_t SizeOf(const SplitGraph& graph, const std::vector<std::uint32_t>& units) {
  PartSize size(graph);
  for (const std::uint32_t unit : units) size.Add(unit);
  return size.Bytes();
}

}  // namespace smelt::tflite_export
