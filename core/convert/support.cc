// Prints the support tables: the importers' rules and the runtime's profile in one place.
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "core/convert/convert.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/report/support_matrix.h"
#include "core/target/profile.h"
#include "smelt/v1/server_info.pb.h"

namespace smelt {
namespace {

v1::ListOperatorsResponse OnnxOperators() {
  std::vector<const onnx_import::OnnxRule*> rules;
  for (const auto& family : onnx_import::AllRules()) {
    for (const onnx_import::OnnxRule& rule : family) rules.push_back(&rule);
  }
  std::sort(rules.begin(), rules.end(), [](const auto* a, const auto* b) {
    return std::tie(a->domain, a->op, a->since) < std::tie(b->domain, b->op, b->since);
  });
  v1::ListOperatorsResponse response;
  response.set_source_format("onnx");
  for (const onnx_import::OnnxRule* rule : rules) {
    v1::OperatorSupport* support = response.add_operators();
    support->set_domain(std::string(rule->domain));
    support->set_op_type(std::string(rule->op));
    support->set_since(static_cast<std::uint32_t>(rule->since));
    support->set_until(static_cast<std::uint32_t>(rule->until));
    for (const onnx_import::OnnxConstraint& constraint : rule->constraints) {
      auto* requirement = support->add_requirements();
      requirement->set_reason_code(std::string(ReasonName(constraint.reason)));
      requirement->set_text(rules::FillDoc(constraint.doc, constraint.bounds));
    }
  }
  return response;
}

}  // namespace

Result<std::string> PrintSupport(std::string_view format) {
  if (format == "reasons") return report::ReasonsPage();
  const v1::ListOperatorsResponse operators = OnnxOperators();
  if (format == "md") {
    return report::OperatorsPage(operators, target::SupportTable(*target::AllProfiles().front()));
  }
  if (format == "json") {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    std::string json;
    const auto status = google::protobuf::util::MessageToJsonString(operators, &json, options);
    if (!status.ok()) return Status(Reason::kInternalError, status.ToString());
    return json;
  }
  return Status(Reason::kInvalidArgument,
                "support is printed as json, md or reasons, not \"" + std::string(format) + "\"");
}

}  // namespace smelt
