#include "core/passes/quantize/integer_rewrite.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ir/builder.h"
#include "core/passes/quantize/bias_scales.h"
#include "core/passes/quantize/quantize_op.h"
#include "core/passes/quantize/weight_scales.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpId;
using ir::OpKind;
using ir::QuantParams;
using ir::ValueId;
using target::QuantizedKernel;
using target::ResultScale;

// A constant of activations: its own elements in steps of `params`.
ir::Constant QuantizedConstant(const ir::Constant& constant, const QuantParams& params,
                               DType type) {
  std::vector<float> elements(static_cast<std::size_t>(constant.element_count()));
  constant.Read(0, constant.element_count(), reinterpret_cast<std::byte*>(elements.data()));
  const double most = type == DType::kI8 ? 127 : 32767;
  const auto steps = [&](float element) {
    const double step = std::round(static_cast<double>(element / params.scale[0]));
    return std::clamp(step + static_cast<double>(params.zero_point[0]), -most - 1, most);
  };
  const auto all = [&]<class T>(std::vector<T> integers) {
    std::ranges::transform(elements, integers.begin(),
                           [&](float element) { return static_cast<T>(steps(element)); });
    return ir::Constant::FromValues(type, constant.shape(), std::span<const T>(integers));
  };
  if (type == DType::kI8) return all(std::vector<std::int8_t>(elements.size()));
  return all(std::vector<std::int16_t>(elements.size()));
}

class Rewriter {
 public:
  Rewriter(PassContext& context, ir::GraphId id, const IntegerPlan& plan, ScaleClasses& scales,
           const IntegerOptions& options, IntegerSummary& summary)
      : context_(context),
        id_(id),
        graph_(context.module.graph(id)),
        plan_(plan),
        scales_(scales),
        options_(options),
        summary_(summary) {}

  Status Run() {
    for (OpId id = graph_.first(); id.valid(); id = graph_.next(id)) {
      if (id.index >= plan_.kernels.size()) continue;  // made here
      if (const QuantizedKernel* kernel = plan_.KernelOf(id)) {
        SMELT_RETURN_IF_ERROR(MakeInteger(id, *kernel));
      } else if (!IntegerPlan::ReadsSizesAlone(graph_.op(id).kind)) {
        SMELT_RETURN_IF_ERROR(FeedFloats(id));
      }
    }
    return GiveOutputs();
  }

 private:
  // A value as it is computed: in float32, or in integers of these parameters.
  bool IsInteger(ValueId id) const {
    return id.index < plan_.integer.size() ? plan_.IsInteger(id) : !graph_.value(id).quant.empty();
  }

  ir::Builder Before(OpId id) {
    const ir::OriginId origin = id.valid() ? graph_.op(id).origin : ir::kNoOrigin;
    return {context_.module, id_, origin, id};
  }

  ValueId EmitDequantize(ir::Builder& builder, ValueId value) {
    const ValueId result = builder.Unary(OpKind::kDequantize, value);
    if (!result.valid()) return result;
    ++summary_.dequantize;
    ++context_.rewrites;
    return result;
  }

  // `value` in integers of `params`, for a user before which `builder` emits.
  ValueId Rounded(ir::Builder& builder, ValueId value, const QuantParams& params) {
    const DType type = options_.activations;
    if (const ir::Constant* constant = graph_.constant(value)) {
      const std::string name = graph_.value(value).name;
      const ValueId made = builder.Const(QuantizedConstant(*constant, params, type), name);
      graph_.value(made).quant = params;
      return made;
    }
    if (IsInteger(value) && *graph_.value(value).quant == params) return value;
    for (const ValueId made : rounded_[value.index]) {
      if (*graph_.value(made).quant == params) return made;
    }
    const ValueId made = EmitQuantize(builder, value, params, type);
    if (!made.valid()) return made;
    rounded_[value.index].push_back(made);
    ++summary_.quantize;
    ++context_.rewrites;
    return made;
  }

  // Of the result that shares its operands' scale, or of each operand alone.
  QuantParams Wanted(const ir::Op& op, const QuantizedKernel& kernel, ValueId operand) {
    if (kernel.result == ResultScale::kShared) {
      for (const ValueId result : op.results) {
        if (plan_.IsInteger(result)) return scales_.Of(result);
      }
    }
    if (const ir::Constant* constant = graph_.constant(operand)) {
      return ParamsOf(RangeOf(*constant), options_.activations);
    }
    return operand.index < plan_.integer.size() ? scales_.Of(operand)
                                                : *graph_.value(operand).quant;
  }

  Status MakeInteger(OpId id, const QuantizedKernel& kernel) {
    ir::Builder builder = Before(id);
    for (int i = 0; i < graph_.op(id).input_count(); ++i) {
      const ValueId operand = graph_.op(id).input(i);
      if (!operand.valid() || !target::IsActivation(kernel, i)) continue;
      const QuantParams params = Wanted(graph_.op(id), kernel, operand);
      const ValueId rounded = Rounded(builder, operand, params);
      SMELT_RETURN_IF_ERROR(builder.status());
      graph_.SetOperand({id, static_cast<std::uint32_t>(i)}, rounded);
    }
    if (kernel.weights >= 0) SMELT_RETURN_IF_ERROR(StoreWeights(id, kernel, builder));
    for (const ValueId result : graph_.op(id).results) {
      if (!plan_.IsInteger(result)) continue;
      graph_.value(result).type.dtype = options_.activations;
      graph_.value(result).quant = scales_.Of(result);
    }
    ++summary_.integer_operators;
    ++context_.rewrites;
    return Status::Ok();
  }

  ValueId ActivationOf(OpId id, const QuantizedKernel& kernel) const {
    for (int i = 0;; ++i) {
      if (target::IsActivation(kernel, i)) return graph_.op(id).input(i);
    }
  }

  Status StoreWeights(OpId id, const QuantizedKernel& kernel, ir::Builder& builder) {
    constexpr int kLargest = 127;
    const ValueId weights = graph_.op(id).input(kernel.weights);
    const ir::Constant constant = *graph_.constant(weights);
    const int axis = options_.one_scale_a_weight ? -1 : kernel.weights_axis;
    std::vector<float> scales = *SymmetricScales(constant, axis, kLargest);
    const float input_scale = graph_.value(ActivationOf(id, kernel)).quant->scale[0];
    const ValueId bias = graph_.op(id).input(kernel.bias);
    if (bias.valid() && options_.activations == DType::kI8) {
      WidenForBias(*graph_.constant(bias), input_scale, scales);
    }
    const ValueId stored = builder.Const(constant.Quantized(DType::kI8, axis, scales),
                                         std::string(graph_.value(weights).name));
    graph_.value(stored).quant = Symmetric(scales, std::max(axis, 0));
    graph_.SetOperand({id, static_cast<std::uint32_t>(kernel.weights)}, stored);
    ++summary_.weights;
    summary_.float_bytes += constant.size_bytes();
    summary_.quantized_bytes += graph_.constant(stored)->size_bytes();
    if (!bias.valid()) return builder.status();
    const DType type = options_.activations == DType::kI8 ? DType::kI32 : DType::kI64;
    const ir::Constant summand = *graph_.constant(bias);
    const ValueId added = builder.Const(QuantizedBias(summand, input_scale, scales, type),
                                        std::string(graph_.value(bias).name));
    for (float& scale : scales) scale *= input_scale;
    graph_.value(added).quant = Symmetric(scales, 0);
    graph_.SetOperand({id, static_cast<std::uint32_t>(kernel.bias)}, added);
    return builder.status();
  }

  static QuantParams Symmetric(const std::vector<float>& scales, int axis) {
    return {scales, std::vector<std::int64_t>(scales.size(), 0), axis};
  }

  // An operator that stays as it is reads float32.
  Status FeedFloats(OpId id) {
    ir::Builder builder = Before(id);
    for (std::uint32_t i = 0; i < graph_.op(id).operands.size(); ++i) {
      const ValueId operand = graph_.op(id).operands[i].value;
      if (!operand.valid() || operand.index >= plan_.integer.size() || !IsInteger(operand))
        continue;
      graph_.SetOperand({id, i}, AsFloat(builder, operand));
      SMELT_RETURN_IF_ERROR(builder.status());
    }
    return Status::Ok();
  }

  ValueId AsFloat(ir::Builder& builder, ValueId value) {
    const auto [at, is_new] = floats_.try_emplace(value.index);
    if (is_new) at->second = EmitDequantize(builder, value);
    return at->second;
  }

  // The value takes the place of `value` among the outputs, and its name.
  void Return(std::uint32_t place, ValueId value, ValueId made) {
    if (graph_.value(made).name.empty())
      std::swap(graph_.value(made).name, graph_.value(value).name);
    graph_.SetOperand({graph_.return_op(), place}, made);
  }

  Status GiveOutputs() {
    ir::Builder builder(context_.module, id_, ir::kNoOrigin);
    const std::vector<ValueId> outputs = graph_.outputs();
    for (std::uint32_t i = 0; i < outputs.size(); ++i) {
      const ValueId output = outputs[i];
      if (!IsInteger(output)) continue;
      builder.set_origin(graph_.op(graph_.value(output).producer).origin);
      const ValueId made = AsFloat(builder, output);
      SMELT_RETURN_IF_ERROR(builder.status());
      Return(i, output, made);
    }
    return Status::Ok();
  }

  PassContext& context_;
  ir::GraphId id_;
  ir::Graph& graph_;
  const IntegerPlan& plan_;
  ScaleClasses& scales_;
  const IntegerOptions& options_;
  IntegerSummary& summary_;
  absl::flat_hash_map<std::uint32_t, std::vector<ValueId>> rounded_;  // by value: it in integers
  absl::flat_hash_map<std::uint32_t, ValueId> floats_;                // by value: it in float32
};

}  // namespace

Status RewriteInIntegers(PassContext& context, ir::GraphId graph, const IntegerPlan& plan,
                         ScaleClasses& scales, const IntegerOptions& options,
                         IntegerSummary& summary) {
  return Rewriter(context, graph, plan, scales, options, summary).Run();
}

}  // namespace smelt::passes
