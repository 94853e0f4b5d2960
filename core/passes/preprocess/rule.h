// Preprocess rules: patterns of operators that one operator, or fewer, can stand for. They run on
// the imported graph, stage by stage; a stage is a pass of its name, which the report counts. A job
// can disable a stage, or a single rule. What almost matches does not match.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/ir/builder.h"
#include "core/passes/pass.h"

namespace smelt::passes {

// What a rule recognized.
struct PatternMatch {
  std::vector<ir::OpId> ops;   // all that are replaced, the root first
  ir::ValueId x;               // what goes into the pattern
  double alpha = 0;            // a parameter, where the pattern has one
  bool approximate = false;    // GELU: the form with TANH
  bool changes_shape = false;  // the result has another shape than `x`
};

struct PatternRule {
  std::string_view name;
  std::string_view stage;
  std::string_view doc;  // one sentence
  // Fills `match` when the operator ends the pattern, and nothing else uses what lies inside of it.
  bool (*match)(const ir::Graph& graph, ir::OpId root, PatternMatch& match);
  // The value that replaces the root's result.
  ir::ValueId (*rewrite)(ir::Builder& out, const ir::Graph& graph, const PatternMatch& match);
  // What the rule makes, for jobs that keep it: a composite, by the name of its form.
  std::string_view composite = {};
};

// One family of rules, one file of the same name.
std::span<const PatternRule> ActivationPatterns();
std::span<const PatternRule> ArithmeticPatterns();
std::span<const PatternRule> AttentionPattern();
std::span<const PatternRule> NormPatterns();
std::span<const PatternRule> RearrangePatterns();

// Every rule in one fixed order.
std::vector<PatternRule> AllPatternRules();

// The stages as passes.
Status PatternFusion(PassContext& context);
Status PseudoOperators(PassContext& context);
Status ConstantChains(PassContext& context);
Status NormalizeAttributes(PassContext& context);  // no patterns: normalize_axes.cc

}  // namespace smelt::passes
