#include "core/passes/quantize/quantize_op.h"

#include <array>
#include <string>

namespace smelt::passes {

ir::ValueId EmitQuantize(ir::Builder& builder, ir::ValueId value, const ir::QuantParams& params,
                         ir::DType type) {
  ir::TensorType made = builder.type(value);
  made.dtype = type;
  const std::array operands{value};
  const ir::ValueId result = builder.EmitTyped(
      ir::OpKind::kQuantize, operands, {{"out_data_type", std::string(ir::DTypeName(type))}}, made);
  if (result.valid()) builder.graph().value(result).quant = params;
  return result;
}

}  // namespace smelt::passes
