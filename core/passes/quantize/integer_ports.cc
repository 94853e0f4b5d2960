#include "core/passes/quantize/integer_ports.h"

#include <utility>
#include <vector>

#include "core/ir/builder.h"
#include "core/passes/quantize/quantize_op.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpKind;
using ir::QuantParams;
using ir::Use;
using ir::ValueId;

class Ports {
 public:
  Ports(PassContext& context, ir::GraphId id, ScaleClasses& scales, const IntegerOptions& options)
      : context_(context),
        id_(id),
        graph_(context.module.graph(id)),
        scales_(scales),
        options_(options) {}

  Status Run() {
    const std::vector<ValueId> inputs = graph_.inputs();
    for (const ValueId input : inputs) SMELT_RETURN_IF_ERROR(Take(input));
    const std::vector<ValueId> outputs = graph_.outputs();
    for (std::uint32_t i = 0; i < outputs.size(); ++i) {
      SMELT_RETURN_IF_ERROR(Give(i, outputs[i]));
    }
    return Status::Ok();
  }

 private:
  QuantParams PortParams(const QuantParams& inside) const {
    QuantParams params = inside;
    if (options_.io == DType::kU8) params.zero_point[0] += 128;
    return params;
  }

  // Users of float32 get it by a DEQUANTIZE; a QUANTIZE into the same integers goes.
  Status Take(ValueId input) {
    if (graph_.type(input).dtype != DType::kF32 || !scales_.IsKnown(input)) return Status::Ok();
    const QuantParams params = PortParams(scales_.Of(input));
    graph_.value(input).type.dtype = options_.io;
    graph_.value(input).quant = params;
    ValueId numbers;
    for (const Use use : graph_.UsesOf(input)) {
      if (use.op == graph_.return_op()) continue;  // an output of integers as well
      if (graph_.op(use.op).kind == OpKind::kQuantize) {
        const ValueId rounded = graph_.op(use.op).result();
        if (graph_.type(rounded).dtype != options_.io ||
            !(*graph_.value(rounded).quant == params)) {
          continue;
        }
        graph_.ReplaceAllUses(rounded, input);
        graph_.Erase(use.op);
        ++context_.rewrites;
        continue;
      }
      if (!numbers.valid()) {
        ir::Builder builder(context_.module, id_, graph_.op(use.op).origin, graph_.first());
        numbers = builder.Unary(OpKind::kDequantize, input);
        SMELT_RETURN_IF_ERROR(builder.status());
        ++context_.rewrites;
      }
      graph_.SetOperand(use, numbers);
    }
    return Status::Ok();
  }

  Status Give(std::uint32_t place, ValueId output) {
    const ir::Value& value = graph_.value(output);
    if (value.type.dtype != DType::kF32 || value.is_constant() || value.is_input) {
      return Status::Ok();
    }
    ValueId source = output;
    const bool was_rounded = graph_.op(value.producer).kind == OpKind::kDequantize &&
                             !graph_.value(graph_.op(value.producer).input(0)).quant.empty();
    if (was_rounded) source = graph_.op(value.producer).input(0);
    if (!was_rounded && !scales_.IsKnown(output)) return Status::Ok();
    const QuantParams params =
        PortParams(was_rounded ? *graph_.value(source).quant : scales_.Of(output));
    ValueId made = source;
    if (graph_.type(source).dtype != options_.io) {
      ir::Builder builder(context_.module, id_, graph_.op(value.producer).origin);
      made = EmitQuantize(builder, source, params, options_.io);
      SMELT_RETURN_IF_ERROR(builder.status());
      ++context_.rewrites;
    }
    if (!graph_.value(made).is_input) {
      std::swap(graph_.value(made).name, graph_.value(output).name);
    }
    graph_.SetOperand({graph_.return_op(), place}, made);
    return Status::Ok();
  }

  PassContext& context_;
  ir::GraphId id_;
  ir::Graph& graph_;
  ScaleClasses& scales_;
  const IntegerOptions& options_;
};

}  // namespace

Status MakePortsIntegers(PassContext& context, ir::GraphId graph, ScaleClasses& scales,
                         const IntegerOptions& options) {
  return Ports(context, graph, scales, options).Run();
}

}  // namespace smelt::passes
