#include "core/import/onnx/fold.h"

#include <vector>

#include "core/interp/evaluate.h"

namespace smelt::onnx_import {
namespace {

bool IsSmall(const ir::Graph& graph, const ir::Op& op, std::uint64_t max_bytes) {
  std::uint64_t operands = 0;
  for (const ir::Op::Operand& operand : op.operands) {
    if (!operand.value.valid()) continue;
    const ir::Constant* constant = graph.constant(operand.value);
    if (constant == nullptr) return false;
    operands += constant->size_bytes();
  }
  if (operands / 4 > max_bytes) return false;
  for (const ir::ValueId result : op.results) {
    const ir::TensorType& type = graph.type(result);
    // What depends on values (RANGE) is static after the fact; the interpreter bounds it.
    if (!type.shape.IsStatic()) continue;
    const auto count = type.shape.ElementCount();
    if (!count || static_cast<std::uint64_t>(*count) > max_bytes) return false;
    if (ir::StorageBytes(type.dtype, static_cast<std::uint64_t>(*count)) > max_bytes) return false;
  }
  return true;
}

bool FoldOp(ir::Module& module, ir::Graph& graph, ir::OpId id, std::uint64_t max_bytes) {
  const ir::Op& op = graph.op(id);
  if (op.kind == ir::OpKind::kComposite || !op.regions.empty() || op.results.empty()) return false;
  if (!IsSmall(graph, op, max_bytes)) return false;
  std::vector<interp::Tensor> values;
  std::vector<const interp::Tensor*> operands;
  values.reserve(op.operands.size());
  for (const ir::Op::Operand& operand : op.operands) {
    if (!operand.value.valid()) {
      operands.push_back(nullptr);
      continue;
    }
    values.push_back(interp::Tensor::FromConstant(*graph.constant(operand.value)));
    operands.push_back(&values.back());
  }
  interp::EvaluateOptions options;
  options.max_bytes = max_bytes * 8;
  auto results = interp::EvaluateOp(module, op.kind, op.attrs, operands, options);
  if (!results.ok() || results->size() != op.results.size()) return false;
  for (std::size_t i = 0; i < results->size(); ++i) {
    const interp::Tensor& result = (*results)[i];
    if (result.dtype() != graph.type(op.results[i]).dtype) return false;
    if (result.bytes().size() > max_bytes) return false;
  }
  const auto made = op.results;  // MakeConstant edits the operator
  for (std::size_t i = 0; i < made.size(); ++i) {
    graph.MakeConstant(made[i], (*results)[i].ToConstant());
  }
  graph.Erase(id);
  return true;
}

}  // namespace

void FoldNewOps(ir::Module& module, ir::GraphId graph_id, ir::OpId after, std::uint64_t max_bytes) {
  ir::Graph& graph = module.graph(graph_id);
  ir::OpId at = after.valid() ? graph.next(after) : graph.first();
  while (at.valid()) {
    const ir::OpId following = graph.next(at);
    FoldOp(module, graph, at, max_bytes);
    at = following;
  }
}

}  // namespace smelt::onnx_import
