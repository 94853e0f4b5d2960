#include "core/export/tflite/split_at.h"

#include <algorithm>

#include "core/base/name_map.h"
#include "core/export/tflite/split_sides.h"

namespace smelt::tflite_export {
namespace {

// Tensors of the names, in program order, each once.
std::vector<std::uint32_t> FindTensors(const SplitGraph& graph,
                                       const std::vector<std::string>& names,
                                       ir::Diagnostics& diagnostics) {
  NameMap<std::uint32_t> by_name;
  for (std::uint32_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].producer < 0) continue;
    by_name.emplace(graph.names[graph.tensors[i].value.index], i);
    for (const std::uint32_t output : graph.tensors[i].outputs) {
      by_name.emplace(graph.output_names[output], i);
    }
  }
  const NameSet all(graph.names.begin(), graph.names.end());
  std::vector<std::uint32_t> found;
  for (const std::string& name : names) {
    const auto tensor = by_name.find(name);
    if (tensor != by_name.end()) {
      found.push_back(tensor->second);
      continue;
    }
    ir::Diagnostic unknown;
    unknown.reason = Reason::kUnknownTensorName;
    unknown.tensor = name;
    unknown.message = "the artifact can't be cut at \"" + name + "\": " +
                      (!name.empty() && all.contains(name)
                           ? "it is an input, or a constant that every part has for itself"
                           : "no operator of it computes a tensor of this name");
    unknown.hint =
        "Choose one that NAME_tensor_correspondence_report.json lists as a tensor of "
        "the file; --extra-report tensors writes it.";
    unknown.stage = "split";
    diagnostics.push_back(std::move(unknown));
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

// Marks the unit and all that it needs. Program order is behind it: one walk is enough.
void MarkNeeded(const SplitGraph& graph, std::uint32_t unit, std::vector<bool>& marked) {
  std::vector<std::uint32_t> pending = {unit};
  while (!pending.empty()) {
    const std::uint32_t at = pending.back();
    pending.pop_back();
    if (marked[at]) continue;
    marked[at] = true;
    for (const std::uint32_t operand : graph.units[at].operands) {
      const std::int32_t producer = graph.tensors[operand].producer;
      if (producer >= 0) pending.push_back(static_cast<std::uint32_t>(producer));
    }
  }
}

// Marks all that need the result of a marked unit.
void MarkNeeding(const SplitGraph& graph, std::vector<bool>& marked) {
  for (std::size_t unit = 0; unit < graph.units.size(); ++unit) {
    for (const std::uint32_t operand : graph.units[unit].operands) {
      const std::int32_t producer = graph.tensors[operand].producer;
      if (producer >= 0 && marked[static_cast<std::size_t>(producer)]) marked[unit] = true;
    }
  }
}

}  // namespace

AskedCuts CutsAt(const SplitGraph& graph, const std::vector<std::string>& tensors,
                 const CancelToken& cancel, ir::Diagnostics& diagnostics) {
  AskedCuts cuts;
  const std::vector<std::uint32_t> found = FindTensors(graph, tensors, diagnostics);
  const std::size_t count = graph.units.size();
  std::vector<bool> before(count);
  const auto take = [&](const std::vector<bool>& side) {
    for (std::uint32_t unit = 0; unit < count; ++unit) {
      if (side[unit] && !before[unit]) cuts.order.push_back(unit);
    }
    if (!cuts.order.empty() && (cuts.ends.empty() || cuts.ends.back() < cuts.order.size())) {
      cuts.ends.push_back(cuts.order.size());
    }
    before = side;
  };
  for (std::size_t i = 0; i < found.size() && !cancel.cancelled(); ++i) {
    const auto producer = static_cast<std::uint32_t>(graph.tensors[found[i]].producer);
    if (before[producer] && i > 0 &&
        producer == static_cast<std::uint32_t>(graph.tensors[found[i - 1]].producer)) {
      continue;  // the last cut is this one's, too
    }
    std::vector<bool> needed = before;
    MarkNeeded(graph, producer, needed);
    // Users of this tensor, later cuts, and all that follows from them.
    std::vector<bool> behind(count);
    for (const std::uint32_t user : graph.tensors[found[i]].users) behind[user] = true;
    for (std::size_t k = i + 1; k < found.size(); ++k) {
      const auto later = static_cast<std::size_t>(graph.tensors[found[k]].producer);
      if (later != producer) behind[later] = true;
      // Another result of the same operator has the same cut: its users come behind that, too.
      for (const std::uint32_t user : graph.tensors[found[k]].users) behind[user] = true;
    }
    MarkNeeding(graph, behind);
    std::vector<Side> sides(count, Side::kBehind);
    std::vector<std::uint32_t> free;
    for (std::uint32_t unit = 0; unit < count; ++unit) {
      if (needed[unit]) sides[unit] = Side::kBefore;
      if (!needed[unit] && !behind[unit]) free.push_back(unit);
    }
    const std::vector<bool> chosen = CheapestSides(graph, sides, free);
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      if (chosen[k]) needed[free[k]] = true;
    }
    take(needed);
    if (cuts.program_ends.empty() || cuts.program_ends.back() < producer + 1) {
      cuts.program_ends.push_back(producer + 1);
    }
  }
  take(std::vector<bool>(count, true));
  if (cuts.program_ends.empty() || cuts.program_ends.back() < count) {
    cuts.program_ends.push_back(count);
  }
  return cuts;
}

}  // namespace smelt::tflite_export
