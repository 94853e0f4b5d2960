// Prints the support tables: the importers' rules and the runtime's profile in one place.
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/convert/convert.h"
#include "core/import/onnx/function_library.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/schema_table.h"
#include "core/import/onnx/walked_operators.h"
#include "core/report/support_matrix.h"
#include "core/target/profile.h"
#include "smelt/v1/server_info.pb.h"

namespace smelt {
namespace {

using Rows = std::vector<v1::OperatorSupport>;

v1::OperatorSupport& AddRow(Rows& rows, std::string_view op, int since, int until) {
  v1::OperatorSupport& row = rows.emplace_back();
  row.set_op_type(std::string(op));
  row.set_since(static_cast<std::uint32_t>(since));
  row.set_until(static_cast<std::uint32_t>(until));
  return row;
}

void AddRequirement(Reason reason, std::string text, v1::OperatorSupport& row) {
  auto* requirement = row.add_requirements();
  requirement->set_reason_code(std::string(ReasonName(reason)));
  requirement->set_text(std::move(text));
}

void AddRules(Rows& rows) {
  for (const auto& family : onnx_import::AllRules()) {
    for (const onnx_import::OnnxRule& rule : family) {
      v1::OperatorSupport& row = AddRow(rows, rule.op, rule.since, rule.until);
      row.set_domain(std::string(rule.domain));
      for (const onnx_import::OnnxConstraint& constraint : rule.constraints) {
        AddRequirement(constraint.reason, rules::FillDoc(constraint.doc, constraint.bounds), row);
      }
    }
  }
}

void AddWalkedOperators(Rows& rows) {
  for (const onnx_import::WalkedOperator& walked : onnx_import::WalkedOperators()) {
    v1::OperatorSupport& row = AddRow(rows, walked.op, walked.since, walked.until);
    for (const auto& requirement : walked.requirements) {
      AddRequirement(requirement.reason, std::string(requirement.text), row);
    }
  }
}

// ONNX defines the operator by others, and each of them has a rule.
bool IsOfferedFunction(const onnx_import::Schema& schema) {
  const auto operators =
      onnx_import::FunctionLibrary::SchemaFunctionOperators(std::string(schema.op), schema.since);
  return !operators.empty() && std::ranges::all_of(operators, [&](const std::string& op) {
    const int version = onnx_import::SchemaVersion("", op, schema.since);
    return onnx_import::FindRule("", op, version) != nullptr;
  });
}

// Operators without a rule that ONNX defines by others that have; a row for versions side by side.
void AddFunctions(Rows& rows) {
  const onnx_import::Schema* before = nullptr;
  for (const onnx_import::Schema& schema : onnx_import::AllSchemas()) {
    const bool by_function = !schema.deprecated &&
                             onnx_import::FindRule("", schema.op, schema.since) == nullptr &&
                             onnx_import::FindWalkedOperator(schema.op, schema.since) == nullptr &&
                             IsOfferedFunction(schema);
    if (by_function && before != nullptr && before->op == schema.op) {
      rows.back().set_until(static_cast<std::uint32_t>(schema.since));
    } else if (by_function) {
      AddRequirement(Reason::kUnsupportedOnnxOp,
                     "the operators by which ONNX defines it can be converted",
                     AddRow(rows, schema.op, schema.since, schema.since));
    }
    before = by_function ? &schema : nullptr;
  }
}

v1::ListOperatorsResponse OnnxOperators() {
  Rows rows;
  AddRules(rows);
  AddWalkedOperators(rows);
  AddFunctions(rows);
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.domain(), a.op_type(), a.since()) <
           std::tuple(b.domain(), b.op_type(), b.since());
  });
  v1::ListOperatorsResponse response;
  response.set_source_format("onnx");
  for (v1::OperatorSupport& row : rows) *response.add_operators() = std::move(row);
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
