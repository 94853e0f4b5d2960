#include "core/ir/verify_regions.h"

#include <span>
#include <utility>

#include "core/ir/op_table.h"

namespace smelt::ir {
namespace {

std::vector<TensorType> TypesOf(const Graph& graph, std::span<const ValueId> values) {
  std::vector<TensorType> types;
  for (const ValueId value : values) types.push_back(graph.type(value));
  return types;
}

bool AllMayAgree(const std::vector<TensorType>& a, const std::vector<TensorType>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!MayAgree(a[i], b[i])) return false;
  }
  return true;
}

class RegionVerifier {
 public:
  RegionVerifier(const Module& module, Findings& findings)
      : module_(module), findings_(findings), state_(module.graph_count(), State::kNew) {}

  void Run() {
    for (std::uint32_t i = 0; i < module_.graph_count(); ++i) Visit(GraphId{i});
  }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kDone };
  struct Frame {
    GraphId graph;
    std::vector<GraphId> regions;  // still to visit
  };

  // Depth first with a stack of its own: nesting is as deep as a hostile model makes it.
  void Visit(GraphId root) {
    if (state_[root.index] != State::kNew) return;
    std::vector<Frame> stack;
    stack.push_back(Open(root));
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.regions.empty()) {
        state_[top.graph.index] = State::kDone;
        stack.pop_back();
        continue;
      }
      const GraphId next = top.regions.back();
      top.regions.pop_back();
      if (state_[next.index] == State::kOpen) {
        findings_.Add("graph @" + module_.graph(next).name() + " is nested in itself");
      } else if (state_[next.index] == State::kNew) {
        stack.push_back(Open(next));
      }
    }
  }

  Frame Open(GraphId id) {
    state_[id.index] = State::kOpen;
    Frame frame{id, {}};
    const Graph& graph = module_.graph(id);
    for (const OpId op_id : graph) {
      const Op& op = graph.op(op_id);
      for (const GraphId region : op.regions) {
        if (region.index < module_.graph_count()) frame.regions.push_back(region);
      }
      CheckOp(graph, op);
    }
    return frame;
  }

  void CheckOp(const Graph& graph, const Op& op) {
    const auto report = [&](const std::string& what) {
      findings_.Add("graph @" + graph.name() + ", " + std::string(GetOpInfo(op.kind).name) + ": " +
                    what);
    };
    for (const GraphId region : op.regions) {
      if (region.index >= module_.graph_count()) return report("a region does not exist");
    }
    std::vector<ValueId> values;
    for (const Op::Operand& operand : op.operands) values.push_back(operand.value);
    const bool is_if = op.kind == OpKind::kIf;
    const bool is_while = op.kind == OpKind::kWhile;
    const bool is_kept = op.kind == OpKind::kStablehloComposite;
    const bool is_composite = is_kept || op.kind == OpKind::kComposite;
    const std::size_t most = is_if || is_while ? 2 : is_composite ? 1 : 0;
    const std::size_t least = op.kind == OpKind::kComposite ? 0 : most;
    if (op.regions.size() > most || op.regions.size() < least) {
      return report("has " + std::to_string(op.regions.size()) + " regions");
    }
    if (op.regions.empty()) return;
    if (is_if) values.erase(values.begin());  // the condition
    for (const ValueId value : values) {
      if (!value.valid()) return report("an absent operand is passed to a region");
    }
    const std::vector<TensorType> given = TypesOf(graph, values);
    const std::vector<TensorType> results = TypesOf(graph, op.results);
    for (std::size_t i = 0; i < op.regions.size(); ++i) {
      const Graph& region = module_.graph(op.regions[i]);
      if (!AllMayAgree(given, TypesOf(region, region.inputs()))) {
        report("region @" + region.name() + " takes other types than it is given");
      }
      const std::vector<TensorType> returned = TypesOf(region, region.outputs());
      if (is_while && i == 0) {
        if (returned.size() != 1 || returned[0].dtype != DType::kBool) {
          report("condition @" + region.name() + " does not return one bool");
        }
      } else if (!AllMayAgree(results, returned)) {
        report("region @" + region.name() + " returns other types than the results have");
      }
    }
  }

  const Module& module_;
  Findings& findings_;
  std::vector<State> state_;
};

}  // namespace

void Findings::Add(std::string finding) {
  constexpr std::size_t kKept = 100;
  if (kept_.size() < kKept) kept_.push_back(std::move(finding));
  ++count_;
}

Status Findings::ToStatus() const {
  if (empty()) return Status::Ok();
  std::string text = "the IR is not well formed";
  for (const std::string& finding : kept_) text += "\n" + finding;
  if (count_ > kept_.size()) {
    text += "\nand " + std::to_string(count_ - kept_.size()) + " more";
  }
  return Status(Reason::kInternalError, std::move(text));
}

void CheckRegions(const Module& module, Findings& findings) {
  RegionVerifier(module, findings).Run();
}

}  // namespace smelt::ir
