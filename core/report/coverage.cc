#include "core/report/coverage.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/ir/op_table.h"
#include "core/report/to_proto.h"

namespace smelt::report {
namespace {

using Entry = v1::CoverageEntry;

// Nodes of subgraphs count from 0 too, so the index alone does not tell a node.
std::string Key(const ir::SourceNode& node) {
  return std::to_string(node.index) + " " + node.op_type + " " + node.name;
}

std::unordered_map<std::string, Entry::Outcome> OutcomesOfFindings(
    const ir::Diagnostics& diagnostics) {
  std::unordered_map<std::string, Entry::Outcome> outcomes;
  for (const ir::Diagnostic& diagnostic : diagnostics) {
    if (!diagnostic.node) continue;
    if (diagnostic.severity == ir::Severity::kError) {
      outcomes[Key(*diagnostic.node)] = Entry::REJECTED;
    } else if (diagnostic.reason == Reason::kNotChecked) {
      outcomes.emplace(Key(*diagnostic.node), Entry::NOT_CHECKED);  // a rejection stays
    }
  }
  return outcomes;
}

void Count(Entry::Outcome outcome, v1::Coverage& coverage) {
  switch (outcome) {
    case Entry::CONVERTED:
      coverage.set_converted(coverage.converted() + 1);
      return;
    case Entry::FOLDED:
      coverage.set_folded(coverage.folded() + 1);
      return;
    case Entry::REJECTED:
      coverage.set_rejected(coverage.rejected() + 1);
      return;
    case Entry::DECOMPOSED:
      coverage.set_decomposed(coverage.decomposed() + 1);
      return;
    case Entry::NOT_CHECKED:
      coverage.set_not_checked(coverage.not_checked() + 1);
      return;
    case Entry::FUSED:
      coverage.set_fused(coverage.fused() + 1);
      return;
    case Entry::CUSTOM:
      coverage.set_custom(coverage.custom() + 1);
      return;
    default:  // the generated enum has sentinels; none of ours is left out above
      return;
  }
}

// TRANSPOSE is how a channels-last kernel is reached, DEQUANTIZE how weights are stored: neither is
// a part of what the node says.
bool IsPlumbing(ir::OpKind kind) {
  return kind == ir::OpKind::kTranspose || kind == ir::OpKind::kDequantize;
}

// What the live operators say of one source node.
struct Traces {
  std::set<std::string> operators;
  std::set<ir::OpKind> kinds;  // without plumbing
  bool hosted = true;          // each of these carries a node that was not absorbed
};

Entry::Outcome OutcomeOf(const Traces& traces, bool absorbed) {
  if (traces.operators.empty()) return Entry::FOLDED;
  if (traces.kinds.contains(ir::OpKind::kCustom)) return Entry::CUSTOM;
  if (absorbed && traces.hosted && !traces.kinds.empty()) return Entry::FUSED;
  return traces.kinds.size() > 1 ? Entry::DECOMPOSED : Entry::CONVERTED;
}

}  // namespace

void FillCoverage(const ir::Module& module, const ir::Diagnostics& diagnostics,
                  std::span<const ir::SourceId> expanded, v1::Coverage& coverage) {
  const auto& sources = module.origins().sources();
  std::vector<Traces> traces(sources.size());
  for (std::uint32_t g = 0; g < module.graph_count(); ++g) {
    const ir::Graph& graph = module.graph(ir::GraphId{g});
    for (ir::OpId id : graph) {
      const ir::Op& op = graph.op(id);
      const std::string name(ir::GetOpInfo(op.kind).name);
      ++(*coverage.mutable_target_operators())[name];
      const std::vector<ir::SourceId>& carried = module.origins().SourcesOf(op.origin);
      const bool hosted = std::ranges::any_of(
          carried, [&](ir::SourceId source) { return !module.origins().IsAbsorbed(source); });
      for (const ir::SourceId source : carried) {
        traces[source].operators.insert(name);
        if (IsPlumbing(op.kind)) continue;
        traces[source].kinds.insert(op.kind);
        traces[source].hosted = traces[source].hosted && hosted;
      }
    }
  }
  const std::set<ir::SourceId> bodies(expanded.begin(), expanded.end());
  const auto findings = OutcomesOfFindings(diagnostics);
  coverage.set_source_nodes(static_cast<std::uint32_t>(sources.size()));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    ++(*coverage.mutable_source_operators())[sources[i].op_type];
    Entry* entry = coverage.add_entries();
    *entry->mutable_node() = ToProto(sources[i]);
    for (const std::string& name : traces[i].operators) entry->add_target_operators(name);
    const auto finding = findings.find(Key(sources[i]));
    Entry::Outcome outcome =
        finding == findings.end()
            ? OutcomeOf(traces[i], module.origins().IsAbsorbed(static_cast<ir::SourceId>(i)))
            : finding->second;
    if (outcome == Entry::CONVERTED && bodies.contains(static_cast<ir::SourceId>(i))) {
      outcome = Entry::DECOMPOSED;
    }
    entry->set_outcome(outcome);
    Count(outcome, coverage);
  }
}

}  // namespace smelt::report
