// Activations and weights as integers, wherever the runtime has an integer kernel.
#include <algorithm>
#include <string>
#include <utility>

#include "core/ir/op_table.h"
#include "core/passes/legalize_site.h"
#include "core/passes/passes.h"
#include "core/passes/quantize/integer_plan.h"
#include "core/passes/quantize/integer_ports.h"
#include "core/passes/quantize/integer_rewrite.h"
#include "core/passes/quantize/scale_classes.h"

namespace smelt::passes {
namespace {

// An operator that stays float32 although nothing may.
void Refuse(PassContext& context, ir::GraphId graph, const IntegerPlan::Island& island) {
  const LegalizeSite site{context, graph, island.op};
  ir::ValueId tensor;
  if (!site.op().results.empty()) tensor = site.op().result();
  site.Refuse(Reason::kQuantizationUnsupported, tensor,
              "float32 in an integer graph: " + island.why,
              "no float32 operators, as the job asks for");
}

void Note(const ir::Graph& graph, const IntegerPlan& plan, IntegerSummary& summary) {
  for (const IntegerPlan::Island& island : plan.islands) {
    const ir::Op& op = graph.op(island.op);
    ++summary.float_operators;
    summary.islands.push_back({std::string(ir::GetOpInfo(op.kind).name),
                               op.results.empty() ? "" : graph.value(op.result()).name,
                               island.why});
  }
}

// The entry points' graphs, each once. Bodies of their operators stay float32.
std::vector<ir::GraphId> EntryGraphs(const ir::Module& module) {
  std::vector<ir::GraphId> graphs;
  for (const ir::Signature& signature : module.signatures) {
    if (std::ranges::find(graphs, signature.graph) == graphs.end()) {
      graphs.push_back(signature.graph);
    }
  }
  return graphs;
}

Status MakeInteger(PassContext& context, ir::GraphId id, const std::vector<ValueRange>& ranges,
                   IntegerSummary& summary) {
  const IntegerOptions& options = *context.options.integer;
  const ir::Graph& graph = context.module.graph(id);
  const IntegerPlan plan = PlanIntegers(graph, ranges, options);
  Note(graph, plan, summary);
  if (options.strict) {
    for (const IntegerPlan::Island& island : plan.islands) Refuse(context, id, island);
  }
  ScaleClasses scales(graph, plan, ranges, options.activations);
  SMELT_RETURN_IF_ERROR(RewriteInIntegers(context, id, plan, scales, options, summary));
  if (options.io == ir::DType::kF32) return Status::Ok();
  return MakePortsIntegers(context, id, scales, options);
}

// Where the runtime to serve has no such version.
void CheckVersions(PassContext& context, ir::GraphId id) {
  const ir::Graph& graph = context.module.graph(id);
  for (const ir::OpId op : graph) {
    const LegalizeSite site{context, id, op};
    if (graph.op(op).regions.empty() && !site.HasVersion()) {
      site.Refuse(Reason::kRuntimeVersionUnsupported, ir::ValueId{}, "integers",
                  "no such version of it in runtime " + std::string(context.profile.runtime));
    }
  }
}

}  // namespace

Status FullInteger(PassContext& context) {
  if (context.options.integer == nullptr || ir::HasError(context.diagnostics)) return Status::Ok();
  const IntegerOptions& options = *context.options.integer;
  SMELT_ASSIGN_OR_RETURN(const ValueRanges ranges, options.ranges(context.module));
  IntegerSummary summary;
  for (const ir::GraphId graph : EntryGraphs(context.module)) {
    const auto& own = graph.index < ranges.size() ? ranges[graph.index] : std::vector<ValueRange>();
    SMELT_RETURN_IF_ERROR(MakeInteger(context, graph, own, summary));
    CheckVersions(context, graph);
  }
  if (options.summary != nullptr) *options.summary = std::move(summary);
  return Status::Ok();
}

}  // namespace smelt::passes
