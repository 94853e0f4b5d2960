#include "core/report/coverage.h"

#include <set>
#include <string>
#include <vector>

#include "core/ir/op_table.h"
#include "core/report/to_proto.h"

namespace smelt::report {
namespace {

using Entry = v1::CoverageEntry;

// Findings name nodes of the main graph by index.
std::vector<Entry::Outcome> OutcomesOfFindings(std::size_t sources,
                                               const ir::Diagnostics& diagnostics) {
  std::vector<Entry::Outcome> outcomes(sources, Entry::OUTCOME_UNSPECIFIED);
  for (const ir::Diagnostic& diagnostic : diagnostics) {
    if (!diagnostic.node || diagnostic.node->index >= sources) continue;
    Entry::Outcome& outcome = outcomes[diagnostic.node->index];
    if (diagnostic.severity == ir::Severity::kError) {
      outcome = Entry::REJECTED;
    } else if (diagnostic.reason == Reason::kNotChecked && outcome != Entry::REJECTED) {
      outcome = Entry::NOT_CHECKED;
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
                  v1::Coverage& coverage) {
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
  const auto findings = OutcomesOfFindings(sources.size(), diagnostics);
  coverage.set_source_nodes(static_cast<std::uint32_t>(sources.size()));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    ++(*coverage.mutable_source_operators())[sources[i].op_type];
    Entry* entry = coverage.add_entries();
    *entry->mutable_node() = ToProto(sources[i]);
    for (const std::string& name : operators[i]) entry->add_target_operators(name);
    Entry::Outcome outcome = findings[i];
    if (outcome == Entry::OUTCOME_UNSPECIFIED) {
      // TRANSPOSE is how a channels-last kernel is reached, not a part of the definition.
      std::set<std::string> kinds = operators[i];
      kinds.erase("TRANSPOSE");
      outcome = operators[i].empty() ? Entry::FOLDED
                : kinds.size() > 1   ? Entry::DECOMPOSED
                                     : Entry::CONVERTED;
    }
    entry->set_outcome(outcome);
    Count(outcome, coverage);
  }
}

}  // namespace smelt::report
