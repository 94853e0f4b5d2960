// The passes in their order, and what runs them.
#include <algorithm>
#include <array>
#include <string>

#include "core/base/clock.h"
#include "core/ir/verify.h"
#include "core/passes/composite_forms.h"
#include "core/passes/legalize.h"
#include "core/passes/legalize_site.h"
#include "core/passes/pass.h"
#include "core/passes/passes.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

constexpr Pass kPipeline[] = {
    {"pattern_fusion_wave2", "Recognizes activations that the source spells out.", false,
     PatternFusion},
    {"pseudo_ops_wave1", "Puts single operators in the place of small expressions.", false,
     PseudoOperators},
    {"constant_fold_a5", "Makes one number of scalar factors that follow each other.", false,
     ConstantChains},
    {"normalize_attrs_a5", "Counts axes from the front, and names each once.", false,
     NormalizeAttributes},
    {"canonicalize", "Removes data movement that moves nothing; that of constants becomes a view.",
     false, Canonicalize},
    {"fold_batch_norm", "Folds per-channel scales and shifts into the weights before them.", false,
     FoldBatchNorm},
    {"fuse_activation", "Fuses ReLU-like activations into the operator before them.", false,
     FuseActivation},
    {"remove_dead", "Removes operators whose results nobody uses.", false, RemoveDead},
    {"legalize_structure", "Expands what the runtime has no operator for.", true,
     LegalizeStructure},
    {"canonicalize_expanded", "The same as canonicalize, for what legalization expanded.", false,
     Canonicalize},
    {"join_products", "Computes an attention's query, key and value side by side, in one operator.",
     false, JoinProducts},
    {"route_channels", "Reads shuffled channels where they were, by weights in that order.", false,
     RouteChannels},
    {"expose_views", "Says by RESHAPE, SLICE, SPLIT and CONCATENATION what these can say.", false,
     ExposeViews},
    {"prefer_delegated",
     "Uses operators that the runtime's delegate takes where others say the same.", false,
     PreferDelegated},
    {"layout", "Chooses the order of axes of every operator, so that little data is moved.", false,
     SolveLayout},
    {"fuse_activation_laid_out", "The same as fuse_activation, for what layout brought together.",
     false, FuseActivation},
    {"share_equal", "Computes only once what several operators compute alike.", false, ShareEqual},
    {"prefer_delegated_laid_out", "The same as prefer_delegated, for what layout has written.",
     false, PreferDelegated},
    {"prepare_sizes", "Computes sizes by operators that the runtime runs before the first run.",
     false, PrepareSizes},
    {"legalize_types", "Takes detours around element types and ranks that kernels lack.", true,
     LegalizeTypes},
    {"float16_weights", "Stores float32 weights as float16, if the job asks for it.", true,
     Float16Weights},
    {"dynamic_range_weights",
     "Stores weights as int8, for kernels that round the other side as they run, if asked for.",
     true, DynamicRangeWeights},
    {"full_integer", "Computes in integers where the runtime has such kernels, if asked for.", true,
     FullInteger},
    {"remove_dead_last", "The same as remove_dead, for what legalization left behind.", false,
     RemoveDead},
};

// Operators of the entry points and of the regions that they reach.
std::uint64_t CountOperators(const ir::Module& module) {
  std::uint64_t count = 0;
  for (const ir::GraphId graph : ReachableGraphs(module)) count += module.graph(graph).op_count();
  return count;
}

Status CheckDisabled(std::span<const std::string> disabled) {
  const std::vector<PatternRule> rules = AllPatternRules();
  for (const std::string& name : disabled) {
    if (std::ranges::find(rules, name, &PatternRule::name) != rules.end()) continue;
    const Pass* found = std::ranges::find(kPipeline, name, &Pass::name);
    if (found == std::end(kPipeline)) {
      std::string known;
      for (const Pass& pass : kPipeline) {
        if (!pass.required) known += (known.empty() ? "" : ", ") + std::string(pass.name);
      }
      std::string known_rules;
      for (const PatternRule& rule : rules) {
        known_rules += (known_rules.empty() ? "" : ", ") + std::string(rule.name);
      }
      return Status(Reason::kInvalidArgument, "no pass or rule is called \"" + name + "\"",
                    "Passes that can be disabled: " + known + ". Rules: " + known_rules + ".");
    }
    if (found->required) {
      return Status(Reason::kInvalidArgument,
                    "pass \"" + name + "\" can't be disabled: the artifact depends on it");
    }
  }
  return Status::Ok();
}

// Hand-written modules have no origins, nor have the stand-ins for tensors that could not be read.
bool ExpectsOrigins(const ir::Module& module, const ir::Diagnostics& diagnostics) {
  return !ir::HasError(diagnostics) && !module.origins().sources().empty();
}

Status Verify(ir::Module& module, const ir::Diagnostics& diagnostics, std::string_view after) {
  ir::VerifyOptions options;
  options.require_origins = ExpectsOrigins(module, diagnostics);
  return ir::VerifyModule(module, options).WithContext("after pass " + std::string(after));
}

#ifdef NDEBUG
constexpr bool kAlwaysVerify = false;
#else
constexpr bool kAlwaysVerify = true;
#endif

}  // namespace

std::span<const Pass> Pipeline() { return kPipeline; }

Status RunPipeline(ir::Module& module, const target::Profile& profile,
                   const PipelineOptions& options, const CancelToken& cancel,
                   ir::Diagnostics& diagnostics, std::vector<PassOutcome>& outcomes) {
  SMELT_RETURN_IF_ERROR(CheckDisabled(options.disabled));
  SMELT_RETURN_IF_ERROR(CheckComposites(options.passes.composites));
  const bool verify = options.check_ir || kAlwaysVerify;
  if (verify) SMELT_RETURN_IF_ERROR(Verify(module, diagnostics, "(none: as imported)"));
  std::uint64_t operators = CountOperators(module);
  for (const Pass& pass : kPipeline) {
    SMELT_RETURN_IF_ERROR(cancel.Check());
    PassOutcome outcome;
    outcome.name = pass.name;
    outcome.operators_before = outcome.operators_after = operators;
    outcome.skipped = std::ranges::find(options.disabled, pass.name) != options.disabled.end();
    if (!outcome.skipped) {
      PassContext context{module, profile, diagnostics, options.passes, options.disabled};
      const Clock::SteadyTime start = Clock::System().Now();
      SMELT_RETURN_IF_ERROR(pass.run(context).WithContext("in pass " + std::string(pass.name)));
      outcome.seconds = std::chrono::duration<double>(Clock::System().Now() - start).count();
      outcome.rewrites = context.rewrites;
      outcome.operators_after = operators = CountOperators(module);
      if (verify) SMELT_RETURN_IF_ERROR(Verify(module, diagnostics, pass.name));
      if (options.after_pass) options.after_pass(pass.name);
    }
    outcomes.push_back(outcome);
  }
  return Status::Ok();
}

}  // namespace smelt::passes
