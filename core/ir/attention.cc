#include "core/ir/attention.h"

#include <vector>

namespace smelt::ir {
namespace {

ValueId Product(Builder& out, ValueId a, ValueId b, bool transpose_b) {
  return out.Emit(
      OpKind::kBatchMatmul, {a, b},
      {{"adj_x", false}, {"adj_y", transpose_b}, {"asymmetric_quantize_inputs", false}});
}

// Lengths before heads, or the other way round.
ValueId Turned(Builder& out, ValueId x) { return out.Transpose(x, {0, 2, 1, 3}); }

}  // namespace

ValueId EmitAttentionComposite(Builder& out, const Attention& attention) {
  if (!out.status().ok()) return {};
  const GraphId id = out.module().AddGraph(std::string(kAttention) + "." + attention.label);
  Builder body(out.module(), id, out.origin());
  const std::vector<ValueId> operands = {attention.query, attention.key, attention.value,
                                         attention.mask};
  const char* const names[] = {"query", "key", "value", "mask"};
  std::vector<ValueId> inputs;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    inputs.push_back(body.graph().AddInput(out.type(operands[i]), names[i]));
  }
  const ValueId query = body.Mul(inputs[0], body.Scalar(DType::kF32, attention.scale));
  const ValueId scores =
      body.Add(Product(body, Turned(body, query), Turned(body, inputs[1]), true), inputs[3]);
  const ValueId weights = body.Emit(OpKind::kSoftmax, {scores}, {{"beta", 1.0}});
  const ValueId y = Turned(body, Product(body, weights, Turned(body, inputs[2]), false));
  if (!body.status().ok()) {
    out.Fail(body.status());
    return {};
  }
  body.graph().SetOutputs(std::vector{y});
  const TensorType type = body.graph().type(y);
  const std::vector<ValueId> results =
      out.EmitComposite(kAttention, operands, {{"scale", attention.scale}}, {&type, 1}, id);
  return results.empty() ? ValueId{} : results.front();
}

}  // namespace smelt::ir
