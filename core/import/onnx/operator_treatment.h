// What becomes of ONNX's own operators, as a list: for reports about the converter, not about a
// model. Safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "core/import/onnx/schema_table.h"

namespace smelt::onnx_import {

// An operator of the default domain at the newest opset.
struct OperatorTreatment {
  std::string_view op_type;
  bool has_translation = false;  // a rule, a definition by other operators, or control flow
  bool may_be_custom = false;    // see TakesAndGivesTensors
};

// All that the newest opset defines, sorted by name.
std::vector<OperatorTreatment> NewestOperators();

// False when the operator takes or gives sequences or optional values. What it gives is known of
// operators that the linked ONNX library has.
bool TakesAndGivesTensors(const Schema& schema);

}  // namespace smelt::onnx_import
