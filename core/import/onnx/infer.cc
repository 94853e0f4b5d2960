#include "core/import/onnx/infer.h"

#include "core/ir/infer.h"

namespace smelt::onnx_import {
namespace {

Status BroadcastAs(OnnxNode& node, std::optional<ir::DType> dtype) {
  for (int i = 0; i < node.input_count(); ++i) {
    if (node.has_input(i) && !node.knows_input(i)) return Status::Ok();
  }
  if (!node.has_input(0)) return Status::Ok();
  SMELT_ASSIGN_OR_RETURN(ir::Shape shape, BroadcastInputs(node));
  node.SetOutputType(0, {dtype.value_or(node.input_dtype(0)), std::move(shape)});
  return Status::Ok();
}

}  // namespace

Status CopyType(OnnxNode& node, int input, int output) {
  if (node.knows_input(input)) node.SetOutputType(output, node.input_type(input));
  return Status::Ok();
}

Status SameAsFirst(OnnxNode& node) { return CopyType(node, 0, 0); }

Status Broadcast(OnnxNode& node) { return BroadcastAs(node, std::nullopt); }

Status BroadcastBool(OnnxNode& node) { return BroadcastAs(node, ir::DType::kBool); }

Result<ir::Shape> BroadcastShapes(ir::SymbolTable& symbols, const ir::Shape& a,
                                  const ir::Shape& b) {
  return ir::infer::BroadcastShapes(symbols, a, b);
}

Result<ir::Shape> BroadcastInputs(OnnxNode& node) {
  ir::Shape shape;
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.has_input(i)) continue;
    SMELT_ASSIGN_OR_RETURN(shape, BroadcastShapes(node.symbols(), shape, node.input_shape(i)));
  }
  return shape;
}

ir::Dim DimFromInt(ir::SymbolTable& symbols, std::int64_t value) {
  if (value >= 0) return ir::Dim(value);
  if (value == INT64_MIN) ++value;  // its magnitude is no dimension; as far from any size
  return symbols.Sub(ir::Dim(0), ir::Dim(-value));
}

std::optional<std::int64_t> IntFromDim(const ir::SymbolTable& symbols, ir::Dim dim) {
  if (dim.is_static()) return dim.value();
  if (dim.is_unknown()) return std::nullopt;
  return symbols.Evaluate(dim, {});
}

ir::Shape FreshShape(OnnxNode& node, std::int64_t rank) {
  ir::Shape shape;
  for (std::int64_t i = 0; i < rank; ++i) {
    shape.push_back(node.symbols().Fresh("axis of " + node.output_name(0)));
  }
  return shape;
}

}  // namespace smelt::onnx_import
