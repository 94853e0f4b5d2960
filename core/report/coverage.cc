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
  const auto has = [&](ir::OpKind kind) {
    return std::ranges::find(traces.kinds, kind) != traces.kinds.end();
  };
  if (has(ir::OpKind::kCustom)) return Entry::CUSTOM;
  auto computing = std::ranges::count_if(traces.kinds, std::not_fn(IsPlumbing));
  // How operands are brought into a composite's form, or indices into that of a lookup of rows, is
  // no part of what the node says either.
  const bool rows = has(ir::OpKind::kEmbeddingLookup);
  if ((rows || has(ir::OpKind::kStablehloComposite)) && has(ir::OpKind::kReshape)) --computing;
  if (rows && has(ir::OpKind::kCast)) --computing;
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

// What a graph is for the artifact: nothing, for instance the body of what was inlined; a part of
// what a signature computes; or the body of a composite that is kept, whose nodes the composite
// itself stands for.
enum class Role : std::uint8_t { kUnused, kPart, kBody };
struct Place {
  Role role = Role::kUnused;
  std::size_t signature = 0;
};

std::vector<Place> PlacesOf(const ir::Module& module) {
  std::vector<Place> places(module.graph_count());
  std::vector<ir::GraphId> reached;
  const auto reach = [&](ir::GraphId graph, Place place) {
    if (places[graph.index].role != Role::kUnused) return;
    places[graph.index] = place;
    reached.push_back(graph);
  };
  for (std::size_t i = 0; i < module.signatures.size(); ++i) {
    reach(module.signatures[i].graph, {Role::kPart, i});
  }
  if (module.graph_count() > 0) reach(module.main_id(), {Role::kPart, 0});
  for (std::size_t at = 0; at < reached.size(); ++at) {
    const ir::Graph& graph = module.graph(reached[at]);
    const Place own = places[reached[at].index];
    for (const ir::OpId id : graph) {
      const bool kept = graph.op(id).kind == ir::OpKind::kStablehloComposite;
      for (const ir::GraphId region : graph.op(id).regions) {
        reach(region, {kept ? Role::kBody : own.role, own.signature});
      }
    }
  }
  return places;
}

}  // namespace

void FillCoverage(const ir::Module& module, const ir::Diagnostics& diagnostics,
                  std::span<const ir::SourceId> expanded, v1::Coverage& coverage) {
  const auto& sources = module.origins().sources();
  AllTraces traces(std::max<std::size_t>(module.signatures.size(), 1),
                   std::vector<Traces>(sources.size()));
  const std::vector<Place> places = PlacesOf(module);
  std::map<ir::OpKind, std::uint32_t> operators;
  for (std::uint32_t g = 0; g < module.graph_count(); ++g) {
    const ir::Graph& graph = module.graph(ir::GraphId{g});
    if (places[g].role == Role::kUnused) continue;
    for (ir::OpId id : graph) {
      const ir::Op& op = graph.op(id);
      ++operators[op.kind];
      if (places[g].role == Role::kBody) continue;
      const std::vector<ir::SourceId>& carried = module.origins().SourcesOf(op.origin);
      const bool hosted = std::ranges::any_of(
          carried, [&](ir::SourceId source) { return !module.origins().IsAbsorbed(source); });
      for (const ir::SourceId source : carried) {
        Traces& of_source = traces[places[g].signature][source];
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
