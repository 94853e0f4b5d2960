// GraphWalk's work at an If whose branches give different ranks: what follows it becomes part of
// both branches, so that each is walked with the ranks that it has.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/import/onnx/graph_order.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/walk_loop.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

// Each one doubles what follows it.
constexpr int kMostContinued = 15;

// True when the branch has a name of its own that the nodes of `rest` mean something else by.
bool Hides(const onnx::GraphProto& branch, const onnx::NodeProto& node,
           const onnx::GraphProto& around, const std::vector<std::uint32_t>& rest) {
  std::unordered_set<std::string> own;
  for (const auto& inner : branch.node()) own.insert(inner.output().begin(), inner.output().end());
  for (const auto& tensor : branch.initializer()) own.insert(tensor.name());
  for (const auto& tensor : branch.sparse_initializer()) own.insert(tensor.values().name());
  own.erase("");
  // A result of the If may have the name that its branch has for it.
  for (int i = 0; i < std::min(node.output_size(), branch.output_size()); ++i) {
    if (node.output(i) == branch.output(i).name()) own.erase(node.output(i));
  }
  return std::ranges::any_of(rest, [&](std::uint32_t index) {
    const onnx::NodeProto& follower = around.node(static_cast<int>(index));
    const auto is_own = [&](const std::string* name) { return own.contains(*name); };
    return std::ranges::any_of(NamesReadBy(follower), is_own) ||
           std::ranges::any_of(follower.output(),
                               [&](const std::string& name) { return own.contains(name); });
  });
}

// The branch, then `rest` of the graph around it, whose outputs in `late` are its results.
onnx::GraphProto Continued(const onnx::GraphProto& branch, const onnx::NodeProto& node,
                           const onnx::GraphProto& around, const std::vector<std::uint32_t>& rest,
                           const std::vector<std::string>& results) {
  onnx::GraphProto whole = branch;
  whole.clear_output();
  for (int i = 0; i < std::min(node.output_size(), branch.output_size()); ++i) {
    if (node.output(i).empty() || node.output(i) == branch.output(i).name()) continue;
    onnx::NodeProto& same = *whole.add_node();
    same.set_op_type("Identity");
    same.add_input(branch.output(i).name());
    same.add_output(node.output(i));
  }
  for (const std::uint32_t index : rest) {
    *whole.add_node() = around.node(static_cast<int>(index));
  }
  for (const auto& info : around.value_info()) *whole.add_value_info() = info;
  for (const std::string& name : results) whole.add_output()->set_name(name);
  return whole;
}

// The first error, if all of them are contradictions of the model; else null.
const ir::Diagnostic* ContradictionIn(std::span<const ir::Diagnostic> said) {
  const ir::Diagnostic* contradiction = nullptr;
  for (const ir::Diagnostic& diagnostic : said) {
    if (diagnostic.severity != ir::Severity::kError) continue;
    if (!diagnostic.in_every_run) return nullptr;
    if (contradiction == nullptr) contradiction = &diagnostic;
  }
  return contradiction;
}

}  // namespace

// Which node of the model's graph a node of the scope is; nothing in bodies.
std::optional<std::uint32_t> GraphWalk::IndexInMain(std::uint32_t index) const {
  if (scope_ == main_.get()) return index;
  return scope_->in_main != nullptr ? (*scope_->in_main)[index] : std::nullopt;
}

// The nodes that wait for the results of `node`, in their order, with every further If: it may be
// in need of the same. All others are walked.
std::vector<std::uint32_t> GraphWalk::WalkUpToFollowers(const onnx::NodeProto& node,
                                                        std::unordered_set<std::string>& late) {
  ir::Diagnostics said_before;
  late.insert(node.output().begin(), node.output().end());
  std::vector<std::uint32_t> rest;
  std::vector<std::uint32_t> others;
  for (const std::uint32_t index : OrderNodes(scope_->graph, said_before)) {
    const onnx::NodeProto& other = scope_->graph.node(static_cast<int>(index));
    const bool dropped =
        scope_ == main_.get() && index < context_.dropped.size() && context_.dropped[index];
    if (dropped || scope_->walked[index]) continue;
    const auto reads = NamesReadBy(other);
    const bool follows =
        other.op_type() == "If" ||
        std::ranges::any_of(reads, [&](const std::string* name) { return late.contains(*name); });
    if (follows) late.insert(other.output().begin(), other.output().end());
    (follows ? rest : others).push_back(index);
  }
  for (const std::uint32_t index : others) WalkNode(index);
  return rest;
}

// The If as a node with other results.
OnnxNode GraphWalk::Giving(const Step& step, std::span<const std::string> results) {
  const auto inputs = FindInputs(*step.proto);
  return OnnxNode(step.attributes, step.source, step.schema->since, {inputs.begin(), inputs.end()},
                  {results.begin(), results.end()}, context_.module, graph_);
}

// What follows one branch may be impossible: operands of shapes that no run accepts (silero-vad
// squeezes an axis "if it is 1", and reads the result as a matrix in any case). A run that is not
// an error takes the other branch then. False when that is not so. Shapes that the model declares
// prove nothing: exporters note those of the branch that they traced.
bool GraphWalk::TakeOnlyPossible(Step& step, const Branches& wholes,
                                 std::span<const std::string> results) {
  const Mark start = MarkHere();
  const int skipped_around = std::exchange(context_.maybe_skipped, 0);
  std::optional<std::size_t> possible;
  std::string contradiction;
  for (std::size_t i = 0; i < wholes.size(); ++i) {
    OnnxNode node = Giving(step, results);
    const bool whole = TakeBranch(step, node, wholes[i]).ok() && IsWhole(start.diagnostics);
    GoBack(start);
    if (whole) {
      if (!possible) possible = i;
      continue;
    }
    onnx::GraphProto undeclared = *wholes[i].graph;
    undeclared.clear_value_info();
    OnnxNode again = Giving(step, results);
    if (TakeBranch(step, again, {&undeclared, wholes[i].in_main}).ok()) {
      const auto* found =
          ContradictionIn(std::span(context_.diagnostics).subspan(start.diagnostics));
      if (found != nullptr) contradiction = found->message;
    }
    GoBack(start);
  }
  context_.maybe_skipped = skipped_around;
  if (!possible || contradiction.empty()) return false;
  OnnxNode node = Giving(step, results);
  if (!TakeBranch(step, node, wholes[*possible]).ok() || !IsWhole(start.diagnostics)) {
    GoBack(start);
    return false;
  }
  const char* taken = *possible == 0 ? "then_branch" : "else_branch";
  context_.diagnostics.push_back(NodeDiagnostic(
      ir::Severity::kWarning, Reason::kShapeMismatch, step.source,
      NodeText(step.source) + ": always takes its " + taken + ", whatever its condition: what " +
          "follows the other one is impossible (" + contradiction + ")"));
  return true;
}

Status GraphWalk::ContinueInBranches(Step& step, const Branches& branches,
                                     const Status& otherwise) {
  if (context_.continued == kMostContinued) return otherwise;
  ++context_.continued;
  std::unordered_set<std::string> late;
  const std::vector<std::uint32_t> rest = WalkUpToFollowers(*step.proto, late);
  std::vector<std::string> results;
  for (const auto& output : scope_->graph.output()) {
    if (late.contains(output.name())) results.push_back(output.name());
  }
  const bool hides = std::ranges::any_of(branches, [&](const Branch& branch) {
    return Hides(*branch.graph, *step.proto, scope_->graph, rest);
  });
  if (results.empty() || hides) return otherwise;
  context_.expanded_nodes += 2 * rest.size();
  if (context_.expanded_nodes > context_.request.limits.max_nodes) return otherwise;
  std::vector<onnx::GraphProto> wholes;
  std::vector<std::vector<std::optional<std::uint32_t>>> places(branches.size());
  for (std::size_t i = 0; i < branches.size(); ++i) {
    wholes.push_back(Continued(*branches[i].graph, *step.proto, scope_->graph, rest, results));
    places[i].resize(static_cast<std::size_t>(wholes[i].node_size()));
    const std::size_t first = places[i].size() - rest.size();
    for (std::size_t k = 0; k < rest.size(); ++k) places[i][first + k] = IndexInMain(rest[k]);
  }
  const Branches continued = {Branch{&wholes[0], &places[0]}, Branch{&wholes[1], &places[1]}};
  OnnxNode wide = Giving(step, results);
  const Mark start = MarkHere();
  const Status status = EmitIf(step, wide, continued, false);
  if (!status.ok() || !IsWhole(start.diagnostics)) {
    GoBack(start);
    if (!TakeOnlyPossible(step, continued, results)) return otherwise;
  }
  for (const std::uint32_t index : rest) scope_->walked[index] = true;
  return Status::Ok();
}

}  // namespace smelt::onnx_import
