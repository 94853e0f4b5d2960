#include "core/report/coverage.h"

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
    default:  // the generated enum has sentinels; none of ours is left out above
      return;
  }
}

}  // namespace

void FillCoverage(const ir::Module& module, const ir::Diagnostics& diagnostics,
                  std::span<const ir::SourceId> expanded, v1::Coverage& coverage) {
  const auto& sources = module.origins().sources();
  std::vector<std::set<std::string>> operators(sources.size());
  for (std::uint32_t g = 0; g < module.graph_count(); ++g) {
    const ir::Graph& graph = module.graph(ir::GraphId{g});
    for (ir::OpId id : graph) {
      const ir::Op& op = graph.op(id);
      const std::string name(ir::GetOpInfo(op.kind).name);
      ++(*coverage.mutable_target_operators())[name];
      for (ir::SourceId source : module.origins().SourcesOf(op.origin)) {
        operators[source].insert(name);
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
    for (const std::string& name : operators[i]) entry->add_target_operators(name);
    const auto finding = findings.find(Key(sources[i]));
    Entry::Outcome outcome =
        finding == findings.end() ? Entry::OUTCOME_UNSPECIFIED : finding->second;
    if (outcome == Entry::OUTCOME_UNSPECIFIED) {
      // TRANSPOSE is how a channels-last kernel is reached, not a part of the definition.
      std::set<std::string> kinds = operators[i];
      kinds.erase("TRANSPOSE");
      kinds.erase("DEQUANTIZE");  // how weights are stored
      const bool by_body = bodies.contains(static_cast<ir::SourceId>(i));
      outcome = operators[i].empty()          ? Entry::FOLDED
                : by_body || kinds.size() > 1 ? Entry::DECOMPOSED
                                              : Entry::CONVERTED;
    }
    entry->set_outcome(outcome);
    Count(outcome, coverage);
  }
}

}  // namespace smelt::report
