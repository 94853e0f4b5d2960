#include "core/ir/last_axes_norm.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace smelt::ir {
namespace {

std::vector<ValueId> LayerNormBody(Builder& body, std::span<const ValueId> inputs, DType dtype,
                                   const std::vector<std::int32_t>& axes, double epsilon) {
  const Standardized x = Standardize(body, body.Cast(inputs[0], DType::kF32), axes, epsilon);
  ValueId y = body.Cast(body.Mul(x.centered, x.inverse_deviation), dtype);
  y = body.Mul(y, inputs[1]);
  if (inputs.size() > 2) y = body.Add(y, inputs[2]);
  return {y, x.mean, x.inverse_deviation};
}

std::vector<ValueId> RootMeanSquareBody(Builder& body, std::span<const ValueId> inputs, DType dtype,
                                        const std::vector<std::int32_t>& axes, double epsilon) {
  const ValueId wide = body.Cast(inputs[0], DType::kF32);
  const ValueId power = MeanOver(body, body.Mul(wide, wide), axes);
  const ValueId inverse =
      body.Unary(OpKind::kRsqrt, body.Add(power, body.Scalar(DType::kF32, epsilon)));
  const ValueId y = body.Mul(body.Cast(body.Mul(wide, inverse), dtype), inputs[1]);
  return {y, inverse};
}

}  // namespace

std::vector<std::int32_t> AxesFrom(int first, int rank) {
  std::vector<std::int32_t> axes(static_cast<std::size_t>(std::max(rank - first, 0)));
  std::iota(axes.begin(), axes.end(), first);
  return axes;
}

ValueId MeanOver(Builder& out, ValueId x, const std::vector<std::int32_t>& axes) {
  return out.Emit(OpKind::kMean, {x, out.ConstI32(axes)}, {{"keep_dims", true}});
}

Standardized Standardize(Builder& out, ValueId x, const std::vector<std::int32_t>& axes,
                         double epsilon) {
  Standardized result;
  result.mean = MeanOver(out, x, axes);
  result.centered = out.Sub(x, result.mean);
  result.variance = MeanOver(out, out.Mul(result.centered, result.centered), axes);
  if (!out.status().ok()) return result;
  result.inverse_deviation =
      out.Unary(OpKind::kRsqrt,
                out.Add(result.variance, out.Scalar(out.type(result.variance).dtype, epsilon)));
  return result;
}

std::vector<ValueId> EmitLastAxesNorm(Builder& out, const LastAxesNorm& norm, int result_count) {
  if (!out.status().ok()) return {};
  const std::string name(norm.root_mean_square ? kRootMeanSquareNorm : kLayerNorm);
  const GraphId id = out.module().AddGraph(name + "." + norm.label);
  Builder body(out.module(), id, out.origin());
  std::vector<ValueId> operands, inputs;
  for (const ValueId value : {norm.x, norm.scale, norm.bias}) {
    if (!value.valid()) continue;
    inputs.push_back(body.graph().AddInput(out.type(value), "x" + std::to_string(inputs.size())));
    operands.push_back(value);
  }
  const TensorType type = out.type(norm.x);
  const std::vector<std::int32_t> axes = AxesFrom(norm.axis, type.shape.rank());
  std::vector<ValueId> results =
      norm.root_mean_square ? RootMeanSquareBody(body, inputs, type.dtype, axes, norm.epsilon)
                            : LayerNormBody(body, inputs, type.dtype, axes, norm.epsilon);
  if (!body.status().ok()) {
    out.Fail(body.status());
    return {};
  }
  results.resize(static_cast<std::size_t>(result_count));
  body.graph().SetOutputs(results);
  std::vector<TensorType> types;
  for (const ValueId value : results) types.push_back(body.graph().type(value));
  return out.EmitComposite(
      name, operands, {{"axis", std::int64_t{norm.axis}}, {"epsilon", norm.epsilon}}, types, id);
}

}  // namespace smelt::ir
