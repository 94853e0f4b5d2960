// Runs the rules of a stage over every graph, in program order: what a rule makes can be part of a
// later pattern.
#include <algorithm>

#include "core/passes/composite_forms.h"
#include "core/passes/legalize_site.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

using ir::OpId;
using ir::ValueId;

// Operators that nobody uses any more, from the root's side inwards: they would count as users of
// what later patterns want for themselves.
void EraseUnused(ir::Graph& graph, const std::vector<OpId>& ops) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const OpId id : ops) {
      if (!graph.op(id).alive || graph.HasUses(graph.op(id).result())) continue;
      graph.Erase(id);
      changed = true;
    }
  }
}

Status Apply(PassContext& context, ir::GraphId graph_id, OpId root, const PatternRule& rule,
             bool& replaced) {
  ir::Graph& graph = context.module.graph(graph_id);
  PatternMatch match;
  replaced = rule.match(graph, root, match);
  // A constant of one element may have raised the rank on the way.
  replaced = replaced &&
             (match.changes_shape || graph.type(match.x) == graph.type(graph.op(root).result()));
  if (!replaced) return Status::Ok();
  ir::OriginId origin = graph.op(root).origin;
  for (const OpId id : match.ops) {
    origin = context.module.origins().Merge(origin, graph.op(id).origin);
  }
  ir::Builder out(context.module, graph_id, origin, root);
  const ValueId value = rule.rewrite(out, graph, match);
  SMELT_RETURN_IF_ERROR((LegalizeSite{context, graph_id, root}.Replace(out, value)));
  EraseUnused(graph, match.ops);
  return Status::Ok();
}

// By graph. The graphs that rules add are bodies too.
std::vector<bool> BodiesOfComposites(const ir::Module& module) {
  std::vector<bool> is_body(module.graph_count(), false);
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    const ir::Graph& graph = module.graph(ir::GraphId{i});
    for (const OpId id : graph) {
      if (graph.op(id).kind != ir::OpKind::kComposite) continue;
      for (const ir::GraphId region : graph.op(id).regions) is_body[region.index] = true;
    }
  }
  return is_body;
}

Status RunStage(PassContext& context, std::string_view stage) {
  std::vector<PatternRule> rules = AllPatternRules();
  std::erase_if(rules, [&](const PatternRule& rule) {
    return rule.stage != stage ||
           std::ranges::find(context.disabled, rule.name) != context.disabled.end() ||
           (!rule.composite.empty() && !KeepsComposite(context, rule.composite));
  });
  // A composite's body says what the composite is: no other one is made of it.
  const bool makes_composites =
      std::ranges::any_of(rules, [](const PatternRule& rule) { return !rule.composite.empty(); });
  const std::vector<bool> is_body = makes_composites
                                        ? BodiesOfComposites(context.module)
                                        : std::vector<bool>(context.module.graph_count(), false);
  for (std::uint32_t i = 0; i < is_body.size(); ++i) {
    const ir::GraphId id{i};
    for (OpId at = context.module.graph(id).first(); at.valid();) {
      const OpId next = context.module.graph(id).next(at);
      for (const PatternRule& rule : rules) {
        if (is_body[i] && !rule.composite.empty()) continue;
        const ir::Op& op = context.module.graph(id).op(at);
        if (op.results.size() != 1) continue;
        bool replaced = false;
        SMELT_RETURN_IF_ERROR(Apply(context, id, at, rule, replaced));
        if (replaced) break;
      }
      at = next;
    }
  }
  return Status::Ok();
}

}  // namespace

std::vector<PatternRule> AllPatternRules() {
  std::vector<PatternRule> rules;
  for (const auto family : {ActivationPatterns(), ArithmeticPatterns(), AttentionPattern(),
                            NormPatterns(), RearrangePatterns()}) {
    rules.insert(rules.end(), family.begin(), family.end());
  }
  return rules;
}

Status PatternFusion(PassContext& context) { return RunStage(context, "pattern_fusion_wave2"); }
Status PseudoOperators(PassContext& context) { return RunStage(context, "pseudo_ops_wave1"); }
Status ConstantChains(PassContext& context) { return RunStage(context, "constant_fold_a5"); }

}  // namespace smelt::passes
