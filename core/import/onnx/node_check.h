// What every node is checked for whatever its rule says: operands, results, attributes and element
// types against ONNX's own schema of the operator.
#pragma once

#include "core/base/status.h"
#include "core/import/onnx/node_attributes.h"
#include "core/import/onnx/onnx_node.h"
#include "core/import/onnx/schema_table.h"
#include "core/ir/diagnostic.h"

namespace smelt::onnx_import {

// A finding at a node, stage "import".
ir::Diagnostic NodeDiagnostic(ir::Severity severity, Reason reason, const ir::SourceNode& node,
                              std::string message);
// "Conv \"conv1\"", or "Conv (node 12)" when the node has no name.
std::string NodeText(const ir::SourceNode& node);
// An error about the operator itself.
ir::Diagnostic OperatorDiagnostic(Reason reason, const ir::SourceNode& node,
                                  const std::string& why);
// The error that `status` is, of a node.
ir::Diagnostic FromStatus(const Status& status, const ir::SourceNode& source);

struct SchemaVerdict {
  bool shaped = true;  // operands and attributes are there: inference and constraints may run
  bool valid = true;   // no error at all
};

// Appends a diagnostic for every violation.
SchemaVerdict CheckSchema(const OnnxNode& node, const NodeAttributes& attributes,
                          const Schema& schema, ir::Diagnostics& diagnostics);

}  // namespace smelt::onnx_import
