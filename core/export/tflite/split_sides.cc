#include "core/export/tflite/split_sides.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <utility>

#include "core/base/min_cut.h"

namespace smelt::tflite_export {
namespace {

// Edge visits for each edge, so that the work stays near linear in the model.
constexpr std::uint64_t kStepsPerEdge = 64;

// Costs what the free operators and the users of their tensors are.
class Network {
 public:
  Network(const SplitGraph& graph, const std::vector<Side>& sides,
          const std::vector<std::uint32_t>& free)
      : graph_(graph), sides_(sides), free_(free), cut_(static_cast<int>(free.size())) {}

  std::vector<bool> Run() {
    for (std::size_t i = 0; i < free_.size(); ++i) node_[free_[i]] = NodeOf(i);
    for (const std::uint32_t unit : free_) {
      for (const std::uint32_t operand : graph_.units[unit].operands) AddTensor(operand);
      for (const std::uint32_t result : graph_.units[unit].results) AddTensor(result);
    }
    std::uint64_t steps = 0;
    cut_.Run(kStepsPerEdge * (edges_ + free_.size()), &steps);
    std::vector<bool> before;
    if (cut_.OnSourceSide(cut_.sink())) return before;  // the steps ran out
    for (std::size_t i = 0; i < free_.size(); ++i) before.push_back(cut_.OnSourceSide(NodeOf(i)));
    return before;
  }

 private:
  static int NodeOf(std::size_t place) { return static_cast<int>(place) + 2; }

  int Place(std::uint32_t unit) const {
    if (const auto node = node_.find(unit); node != node_.end()) return node->second;
    return sides_[unit] == Side::kBefore ? cut_.source() : cut_.sink();
  }

  // It crosses when it is made before the cut and somebody behind the cut needs it.
  void AddTensor(std::uint32_t index) {
    if (!seen_.insert(index).second) return;
    const SplitGraph::Tensor& tensor = graph_.tensors[index];
    if (tensor.producer < 0) return;
    const int from = Place(static_cast<std::uint32_t>(tensor.producer));
    if (from == cut_.sink()) return;
    const int crossing = cut_.AddNode();
    cut_.AddEdge(from, crossing, static_cast<std::int64_t>(tensor.bytes));
    bool reaches_sink = false;
    for (const std::uint32_t user : tensor.users) {
      const int to = Place(user);
      if (to == cut_.source()) continue;
      if (to == cut_.sink() && std::exchange(reaches_sink, true)) continue;  // once is enough
      cut_.AddEdge(crossing, to, MinCut::kInfinite);
      if (to != cut_.sink() && from != cut_.source()) {
        cut_.AddEdge(to, from, MinCut::kInfinite);  // nobody comes before what it needs
      }
      edges_ += 2;
    }
  }

  const SplitGraph& graph_;
  const std::vector<Side>& sides_;
  const std::vector<std::uint32_t>& free_;
  MinCut cut_;
  absl::flat_hash_map<std::uint32_t, int> node_;  // by unit
  absl::flat_hash_set<std::uint32_t> seen_;       // tensors
  std::uint64_t edges_ = 0;
};

}  // namespace

std::vector<bool> CheapestSides(const SplitGraph& graph, const std::vector<Side>& sides,
                                const std::vector<std::uint32_t>& free) {
  return Network(graph, sides, free).Run();
}

}  // namespace smelt::tflite_export
