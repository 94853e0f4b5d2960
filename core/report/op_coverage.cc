#include "core/report/op_coverage.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/base/reason.h"

namespace smelt::report {
namespace {

using Entry = v1::CoverageEntry;
using Node = v1::OpCoverageReport::Node;
// Nodes of subgraphs count from 0 too, so the index alone does not tell a node.
using NodeKey = std::tuple<std::uint32_t, std::string, std::string>;

NodeKey Key(const v1::SourceNode& node) { return {node.index(), node.op_type(), node.name()}; }

const char* DispatchMode(const Entry& entry) {
  switch (entry.outcome()) {
    case Entry::CONVERTED:
      return std::ranges::count(entry.target_operators(), "STABLEHLO_COMPOSITE") != 0 ? "composite"
                                                                                      : "builtin";
    case Entry::FUSED:
      return "fused";
    case Entry::FOLDED:
      return "folded";
    case Entry::DECOMPOSED:
      return "decomposed";
    case Entry::CUSTOM:
      return "custom";
    default:  // rejected, not checked; the generated enum has sentinels besides
      return "unsupported";
  }
}

std::string QualifiedName(const v1::SourceNode& node) {
  return node.domain().empty() ? node.op_type() : node.domain() + "." + node.op_type();
}

Node NodeReport(const Entry& entry, const v1::Diagnostic* problem) {
  Node node;
  node.set_node_index(entry.node().index());
  node.set_node_name(entry.node().name());
  node.set_domain(entry.node().domain());
  node.set_onnx_op(entry.node().op_type());
  node.set_opset(entry.node().opset());
  node.set_module_path(entry.node().module_path());
  node.set_dispatch_mode(DispatchMode(entry));
  node.set_supported(node.dispatch_mode() != "unsupported");
  *node.mutable_target_operators() = entry.target_operators();
  if (!node.supported() && problem != nullptr) {
    node.set_reason_code(problem->reason_code());
    node.set_message(problem->message());
  }
  return node;
}

// Problems first, then what hides others: the first of a node explains it.
std::map<NodeKey, const v1::Diagnostic*> FirstProblems(const v1::Report& report) {
  std::map<NodeKey, const v1::Diagnostic*> first;
  for (const bool errors : {true, false}) {
    for (const v1::Diagnostic& diagnostic : report.diagnostics()) {
      const bool tells = errors ? diagnostic.severity() == v1::SEVERITY_ERROR
                                : diagnostic.reason_code() == ReasonName(Reason::kNotChecked);
      if (tells && diagnostic.has_node()) first.emplace(Key(diagnostic.node()), &diagnostic);
    }
  }
  return first;
}

void FillNodes(const v1::Report& report, v1::OpCoverageReport& coverage) {
  const auto problems = FirstProblems(report);
  std::set<std::string> all, unsupported, custom;
  for (const Entry& entry : report.coverage().entries()) {
    const auto problem = problems.find(Key(entry.node()));
    const Node node = NodeReport(entry, problem == problems.end() ? nullptr : problem->second);
    const std::string name = QualifiedName(entry.node());
    all.insert(name);
    if (!node.supported()) unsupported.insert(name);
    if (node.dispatch_mode() == "custom") custom.insert(name);
    if (!node.supported()) *coverage.add_unsupported_nodes() = node;
    if (node.dispatch_mode() == "custom") *coverage.add_custom_lowered_nodes() = node;
    *coverage.add_graph_node_reports() = node;
  }
  for (const std::string& name : all) {
    coverage.add_graph_ops(name);
    if (!unsupported.contains(name)) coverage.add_graph_supported_ops(name);
  }
  for (const std::string& name : unsupported) coverage.add_graph_unsupported_ops(name);
  for (const std::string& name : custom) coverage.add_graph_custom_ops(name);
  for (const v1::Diagnostic& diagnostic : report.diagnostics()) {
    if (diagnostic.severity() != v1::SEVERITY_ERROR) continue;
    ++(*coverage.mutable_unsupported_reason_counts())[diagnostic.reason_code()];
  }
  auto& summary = *coverage.mutable_graph_summary();
  const int total = coverage.graph_node_reports_size();
  const int lost = coverage.unsupported_nodes_size();
  const int carried = coverage.custom_lowered_nodes_size();
  summary.set_total_nodes(static_cast<std::uint32_t>(total));
  summary.set_supported_nodes(static_cast<std::uint32_t>(total - lost - carried));
  summary.set_custom_lowered_nodes(static_cast<std::uint32_t>(carried));
  summary.set_unsupported_nodes(static_cast<std::uint32_t>(lost));
  summary.set_coverage_ratio(total == 0 ? 1.0 : static_cast<double>(total - lost) / total);
}

const char* PolicyName(const OperatorPolicy& op) {
  if (op.has_translation) return "builtin_supported";
  return op.may_be_custom ? "custom_candidate" : "explicit_error";
}

void FillPolicy(const CoveragePolicy& policy, v1::OpCoverageReport& coverage) {
  coverage.set_target_opset_min(policy.min_opset);
  coverage.set_target_opset_max(policy.max_opset);
  auto& custom = *coverage.mutable_custom_op_policy();
  for (const OperatorPolicy& op : policy.operators) {
    auto* row = coverage.add_schema_policy_matrix();
    row->set_onnx_op(op.op_type);
    row->set_policy(PolicyName(op));
    ++(*coverage.mutable_schema_policy_counts())[row->policy()];
    if (op.has_translation) coverage.add_supported_onnx_ops_registry(op.op_type);
    if (row->policy() == "custom_candidate") coverage.add_custom_op_candidate_ops(op.op_type);
  }
  custom.set_allow_custom_ops(policy.all_custom || !policy.custom_names.empty());
  custom.set_candidate_count(static_cast<std::uint32_t>(coverage.custom_op_candidate_ops_size()));
  for (const std::string& name : policy.custom_names) {
    custom.add_custom_op_allowlist(name);
    const auto op = std::ranges::find(policy.operators, name, &OperatorPolicy::op_type);
    if (op == policy.operators.end()) {
      custom.add_allowlist_unknown_ops(name);
    } else if (op->has_translation) {
      custom.add_allowlist_builtin_supported_ops(name);
    } else if (op->may_be_custom) {
      custom.add_allowlist_custom_candidate_ops(name);
    }
  }
}

void FillPasses(const v1::Report& report, v1::OpCoverageReport& coverage) {
  auto& preprocess = *coverage.mutable_preprocess_report();
  auto& summary = *preprocess.mutable_summary();
  preprocess.set_pipeline_version(report.converter_version());
  for (const v1::PassRecord& pass : report.passes()) {
    preprocess.add_registered_rule_ids(pass.name());
    if (pass.skipped()) continue;
    preprocess.add_enabled_rule_ids(pass.name());
    auto* rule = preprocess.add_applied_rules();
    rule->set_rule_id(pass.name());
    rule->set_rewritten_nodes(static_cast<std::uint32_t>(pass.rewrites()));
    rule->set_changed(pass.rewrites() != 0);
    rule->set_message(std::to_string(pass.operators_before()) + " operators before, " +
                      std::to_string(pass.operators_after()) + " after");
    if (rule->changed()) summary.set_changed_rule_count(summary.changed_rule_count() + 1);
    summary.set_total_rewritten_nodes(summary.total_rewritten_nodes() + rule->rewritten_nodes());
  }
  summary.set_registered_rule_count(
      static_cast<std::uint32_t>(preprocess.registered_rule_ids_size()));
  summary.set_enabled_rule_count(static_cast<std::uint32_t>(preprocess.enabled_rule_ids_size()));
  summary.set_executed_rule_count(static_cast<std::uint32_t>(preprocess.applied_rules_size()));
}

}  // namespace

v1::OpCoverageReport OpCoverage(const v1::Report& report, const CoveragePolicy& policy) {
  v1::OpCoverageReport coverage;
  coverage.set_schema_version(1);
  coverage.set_converter_version(report.converter_version());
  FillPolicy(policy, coverage);
  FillNodes(report, coverage);
  FillPasses(report, coverage);
  coverage.set_conversion_error(report.message());
  return coverage;
}

}  // namespace smelt::report
