#include "core/report/support_matrix.h"

#include "core/base/reason.h"

namespace smelt::report {
namespace {

std::string Range(const v1::OperatorSupport& support) {
  const std::string since = std::to_string(support.since());
  if (support.since() == support.until()) return since;
  return since + " to " + std::to_string(support.until());
}

std::string Requirements(const v1::OperatorSupport& support) {
  std::string text;
  for (const auto& requirement : support.requirements()) {
    if (!text.empty()) text += "; ";
    text += requirement.text() + " (`" + requirement.reason_code() + "`)";
  }
  return text;
}

}  // namespace

std::string OperatorsPage(const v1::ListOperatorsResponse& operators,
                          const std::string& runtime_table) {
  std::string page =
      "# Operators\n\n"
      "Generated from the rule tables by `smelt-worker --print-support=md`; do not edit.\n\n"
      "## What is read from ONNX\n\n"
      "Versions are those at which the operator's schema was introduced or changed, as a closed "
      "range. Every rule\nalso requires the operand counts, attributes and element types of "
      "the schema. A node that violates a requirement is\nreported with the reason code behind it, "
      "together with every other such node.\n\n"
      "| operator | schema versions | requirements |\n|---|---|---|\n";
  for (const v1::OperatorSupport& support : operators.operators()) {
    const std::string domain = support.domain().empty() ? "" : support.domain() + ".";
    page += "| " + domain + support.op_type() + " | " + Range(support) + " | " +
            Requirements(support) + " |\n";
  }
  return page + "\n" + runtime_table;
}

std::string ReasonsPage() {
  std::string page =
      "# Reason codes\n\n"
      "Generated from the reason table by `smelt-worker --print-support=reasons`; do not edit.\n"
      "Names and numbers are stable: match on the name, never on a message.\n\n"
      "| number | reason code | when it is said | what to do |\n|--:|---|---|---|\n";
  for (const ReasonInfo& info : AllReasons()) {
    page += "| " + std::to_string(static_cast<int>(info.reason)) + " | `" + std::string(info.name) +
            "` | " + std::string(info.meaning) + " | " + std::string(info.remedy) + " |\n";
  }
  return page;
}

}  // namespace smelt::report
