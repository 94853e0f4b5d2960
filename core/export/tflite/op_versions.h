// Operator versions: the number that a file promises for each operator, by the field's official
// rules. The lowest version that the operands need, so that old runtimes accept what they can run.
#pragma once

#include "core/ir/graph.h"

namespace smelt::tflite_export {

// The version of a TFLite builtin with these operands, results and attributes.
int OperatorVersion(const ir::Graph& graph, const ir::Op& op);

}  // namespace smelt::tflite_export
