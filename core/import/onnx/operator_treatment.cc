#include "core/import/onnx/operator_treatment.h"

#include <algorithm>

#include "core/import/onnx/function_library.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/walked_operators.h"

namespace smelt::onnx_import {

bool TakesAndGivesTensors(const Schema& schema) {
  const bool takes = std::ranges::none_of(
      schema.operands(), [](const SchemaOperand& operand) { return operand.types == 0; });
  return takes && !FunctionLibrary::GivesOtherThanTensors(schema.op, schema.since);
}

std::vector<OperatorTreatment> NewestOperators() {
  std::vector<OperatorTreatment> operators;
  for (const Schema& any : AllSchemas()) {
    if (!any.domain.empty()) continue;
    if (!operators.empty() && operators.back().op_type == any.op) continue;
    const Schema* newest = FindSchema("", any.op, NewestOpset());
    if (newest == nullptr || newest->deprecated) continue;
    OperatorTreatment& op = operators.emplace_back();
    op.op_type = any.op;
    op.has_translation = FindRule("", any.op, newest->since) != nullptr ||
                         FindWalkedOperator(any.op, newest->since) != nullptr ||
                         FunctionLibrary::HasSchemaFunction(any.op, newest->since);
    op.may_be_custom = TakesAndGivesTensors(*newest);
  }
  return operators;
}

}  // namespace smelt::onnx_import
