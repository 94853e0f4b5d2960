#include "core/report/coverage.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
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
  absl::InlinedVector<ir::OpKind, 4> kinds;  // each once
  bool hosted = true;  // each operator, plumbing apart, carries a node that was not absorbed
};

Entry::Outcome OutcomeOf(const Traces& traces, bool absorbed) {
  if (traces.kinds.empty()) return Entry::FOLDED;
  if (std::ranges::find(traces.kinds, ir::OpKind::kCustom) != traces.kinds.end()) {
    return Entry::CUSTOM;
  }
  const auto computing = std::ranges::count_if(traces.kinds, std::not_fn(IsPlumbing));
  if (absorbed && traces.hosted && computing > 0) return Entry::FUSED;
  return computing > 1 ? Entry::DECOMPOSED : Entry::CONVERTED;
}

std::vector<std::string_view> SortedNames(const Traces& traces) {
  std::vector<std::string_view> names;
  for (const ir::OpKind kind : traces.kinds) names.push_back(ir::GetOpInfo(kind).name);
  std::ranges::sort(names);
  return names;
}

}  // namespace

void FillCoverage(const ir::Module& module, const ir::Diagnostics& diagnostics,
                  std::span<const ir::SourceId> expanded, v1::Coverage& coverage) {
  const auto& sources = module.origins().sources();
  std::vector<Traces> traces(sources.size());
  std::map<ir::OpKind, std::uint32_t> operators;
  for (std::uint32_t g = 0; g < module.graph_count(); ++g) {
    const ir::Graph& graph = module.graph(ir::GraphId{g});
    for (ir::OpId id : graph) {
      const ir::Op& op = graph.op(id);
      ++operators[op.kind];
      const std::vector<ir::SourceId>& carried = module.origins().SourcesOf(op.origin);
      const bool hosted = std::ranges::any_of(
          carried, [&](ir::SourceId source) { return !module.origins().IsAbsorbed(source); });
      for (const ir::SourceId source : carried) {
        Traces& of_source = traces[source];
        if (std::ranges::find(of_source.kinds, op.kind) == of_source.kinds.end()) {
          of_source.kinds.push_back(op.kind);
        }
        of_source.hosted = of_source.hosted && (hosted || IsPlumbing(op.kind));
      }
    }
  }
  for (const auto& [kind, count] : operators) {
    (*coverage.mutable_target_operators())[std::string(ir::GetOpInfo(kind).name)] += count;
  }
  const std::set<ir::SourceId> bodies(expanded.begin(), expanded.end());
  const auto findings = OutcomesOfFindings(diagnostics);
  coverage.set_source_nodes(static_cast<std::uint32_t>(sources.size()));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    ++(*coverage.mutable_source_operators())[sources[i].op_type];
    Entry* entry = coverage.add_entries();
    *entry->mutable_node() = ToProto(sources[i]);
    for (const std::string_view name : SortedNames(traces[i])) {
      entry->add_target_operators(std::string(name));
    }
    const auto finding = findings.empty() ? findings.end() : findings.find(Key(sources[i]));
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
