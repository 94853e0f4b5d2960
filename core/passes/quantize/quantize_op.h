// QUANTIZE: a value rounded to integers of a scale, or integers of another one scaled anew.
#pragma once

#include "core/ir/builder.h"

namespace smelt::passes {

// Invalid, and the builder has the error, when it can't be emitted.
ir::ValueId EmitQuantize(ir::Builder& builder, ir::ValueId value, const ir::QuantParams& params,
                         ir::DType type);

}  // namespace smelt::passes
