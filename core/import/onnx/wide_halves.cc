#include "core/import/onnx/wide_halves.h"

#include <optional>

#include "core/ir/data_use.h"

namespace smelt::onnx_import {
namespace {

using ir::DType;
using ir::OpId;

bool IsHalf(DType dtype) { return dtype == DType::kF16 || dtype == DType::kBF16; }

// How often the operator rounds what it computes; a composite does so in each step of its body.
int Roundings(ir::OpKind kind) {
  if (kind == ir::OpKind::kComposite) return 2;
  if (!ir::IsTfliteBuiltin(kind)) return 1;
  const ir::DataOperands* data = ir::FindDataOperands(kind);
  const bool computes =
      data != nullptr && (data->use == ir::DataUse::kComputes || data->use == ir::DataUse::kRing);
  return computes ? 1 : 0;
}

}  // namespace

bool RoundsHalvesTwice(const ir::Graph& graph, OpId after) {
  int roundings = 0;
  for (OpId at = after.valid() ? graph.next(after) : graph.first(); at.valid();
       at = graph.next(at)) {
    const ir::Op& op = graph.op(at);
    if (op.results.empty() || !IsHalf(graph.type(op.result()).dtype)) continue;
    roundings += Roundings(op.kind);
    if (roundings > 1) return true;
  }
  return false;
}

WideNode::WideNode(const OnnxNode& node, ir::Builder& out) : out_(out), wide_(node) {
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.knows_input(i) || !IsHalf(node.input_dtype(i))) continue;
    KnownValue& input = inputs_.emplace_back(node.known_input(i));
    input.value = out.Cast(node.input(i), DType::kF32);
    input.type->dtype = DType::kF32;
    wide_.ReplaceInput(i, input);
  }
  for (int i = 0; i < node.output_count(); ++i) {
    std::optional<ir::TensorType> type = node.output_type(i);
    if (!type || !IsHalf(type->dtype)) continue;
    type->dtype = DType::kF32;
    wide_.SetOutputType(i, *type);
  }
}

void WideNode::Finish(OnnxNode& node) {
  for (int i = 0; i < node.output_count(); ++i) {
    ir::ValueId value = wide_.output(i);
    const auto& type = node.output_type(i);
    if (value.valid() && type && IsHalf(type->dtype)) value = out_.Cast(value, type->dtype);
    node.SetOutput(i, value);
  }
}

}  // namespace smelt::onnx_import
