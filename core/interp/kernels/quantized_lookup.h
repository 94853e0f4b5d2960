// Operators of one operand that the runtime computes by a table.
#pragma once

#include "core/interp/kernels/quantized.h"

namespace smelt::interp {

// LOGISTIC, TANH, ELU, GELU, EXP, LOG of int8, by 256 entries; LOGISTIC, TANH of int16, by
// interpolation between 256 samples of the sigmoid. Input and result have one type, and parameters
// `x` and `y`.
Status RunLookup(const KernelContext& context, Affine x, Affine y);

}  // namespace smelt::interp
