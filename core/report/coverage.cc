#include "core/report/coverage.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <functional>
#include <iterator>
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

std::unordered_map<std::string, Entry::Outcome> OutcomesOfFindings(
    const ir::Diagnostics& diagnostics) {
  std::unordered_map<std::string, Entry::Outcome> outcomes;
  for (const ir::Diagnostic& diagnostic : diagnostics) {
    if (!diagnostic.node) continue;
    if (diagnostic.severity == ir::Severity::kError) {
      outcomes[ir::KeyOf(*diagnostic.node)] = Entry::REJECTED;
    } else if (diagnostic.reason == Reason::kNotChecked) {
      outcomes.emplace(ir::KeyOf(*diagnostic.node), Entry::NOT_CHECKED);  // a rejection stays
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

// What each signature's live operators say of the source nodes: [signature][node].
using AllTraces = std::vector<std::vector<Traces>>;

// The most that a signature does for the node.
Entry::Outcome OutcomeOf(const AllTraces& traces, std::size_t node, bool absorbed) {
  constexpr Entry::Outcome kRising[] = {Entry::FOLDED, Entry::FUSED, Entry::CONVERTED,
                                        Entry::DECOMPOSED, Entry::CUSTOM};
  const Entry::Outcome* most = std::begin(kRising);
  for (const std::vector<Traces>& of_signature : traces) {
    most = std::max(most, std::ranges::find(kRising, OutcomeOf(of_signature[node], absorbed)));
  }
  return *most;
}

// Sorted, each once.
std::vector<std::string_view> OperatorNames(const AllTraces& traces, std::size_t node) {
  std::vector<std::string_view> names;
  for (const std::vector<Traces>& of_signature : traces) {
    for (const ir::OpKind kind : of_signature[node].kinds) {
      names.push_back(ir::GetOpInfo(kind).name);
    }
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

// The signature that each graph belongs to.
std::vector<std::size_t> SignatureOfGraphs(const ir::Module& module) {
  std::vector<std::size_t> signature(module.graph_count(), 0);
  if (module.signatures.size() < 2) return signature;
  std::vector<ir::GraphId> reached;
  for (std::size_t i = 0; i < module.signatures.size(); ++i) {
    signature[module.signatures[i].graph.index] = i;
    reached.push_back(module.signatures[i].graph);
  }
  for (std::size_t at = 0; at < reached.size(); ++at) {
    const ir::GraphId owner = reached[at];
    for (const ir::OpId id : module.graph(owner)) {
      for (const ir::GraphId region : module.graph(owner).op(id).regions) {
        signature[region.index] = signature[owner.index];
        reached.push_back(region);
      }
    }
  }
  return signature;
}

}  // namespace

void FillCoverage(const ir::Module& module, const ir::Diagnostics& diagnostics,
                  std::span<const ir::SourceId> expanded, v1::Coverage& coverage) {
  const auto& sources = module.origins().sources();
  AllTraces traces(std::max<std::size_t>(module.signatures.size(), 1),
                   std::vector<Traces>(sources.size()));
  const std::vector<std::size_t> signature_of = SignatureOfGraphs(module);
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
        Traces& of_source = traces[signature_of[g]][source];
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
    for (const std::string_view name : OperatorNames(traces, i)) {
      entry->add_target_operators(std::string(name));
    }
    const auto finding = findings.empty() ? findings.end() : findings.find(ir::KeyOf(sources[i]));
    Entry::Outcome outcome =
        finding == findings.end()
            ? OutcomeOf(traces, i, module.origins().IsAbsorbed(static_cast<ir::SourceId>(i)))
            : finding->second;
    if (outcome == Entry::CONVERTED && bodies.contains(static_cast<ir::SourceId>(i))) {
      outcome = Entry::DECOMPOSED;
    }
    entry->set_outcome(outcome);
    Count(outcome, coverage);
  }
}

}  // namespace smelt::report
