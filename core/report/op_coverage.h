// The coverage report: a finished smelt.v1.Report told node by node, in the words of
// OpCoverageReport. Pure functions, safe from any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "smelt/v1/op_coverage.pb.h"
#include "smelt/v1/report.pb.h"

namespace smelt::report {

// An operator of the source format at its newest version.
struct OperatorPolicy {
  std::string op_type;
  bool has_translation = false;  // a rule, a definition by other operators, or control flow
  bool may_be_custom = false;
};

// What the report can't tell of itself.
struct CoveragePolicy {
  std::uint32_t min_opset = 0;
  std::uint32_t max_opset = 0;
  std::span<const OperatorPolicy> operators;  // of the default domain, sorted by name
  bool all_custom = false;
  std::span<const std::string> custom_names;  // as the job gives them
};

v1::OpCoverageReport OpCoverage(const v1::Report& report, const CoveragePolicy& policy);

}  // namespace smelt::report
