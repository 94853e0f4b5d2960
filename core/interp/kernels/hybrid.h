// Hybrid products: float32 data by int8 weights, as runtimes compute them. The data are rounded to
// int8 by a range of their own, which is found as the model runs, so that every result carries
// the rounding of both sides.
//
// What is rounded is multiplied here as the numbers it stands for, by the float kernels: integer
// sums scaled afterwards give the same but for float rounding (1e-7 of the summands). Of a 1x1
// convolution of stride 1 XNNPACK, LiteRT's default, takes a range for each pixel, and so does
// this; the kernels behind it take one for each image, as all do for other convolutions.
#pragma once

#include "core/interp/kernel.h"

namespace smelt::interp {

// Operand 0 is float32, operand 1 int8 with scales.
bool IsHybrid(const KernelContext& context);

// The numbers that a quantized int8, uint8 or int16 tensor stands for:
// float32(scale * (q - zero point)).
Tensor Dequantized(const Tensor& tensor);

// `data` (float32), each run of `run` elements rounded to the 256 steps between its least and
// largest elements, zero among them, when `asymmetric`, else to the 255 steps between its largest
// magnitude and minus that. By AsymmetricQuantizeFloats and SymmetricQuantizeFloats of TFLite's
// reference kernels, whose rounding (float32 products, halves away from zero) it repeats.
Tensor RoundedToInt8(const Tensor& data, std::int64_t run, bool asymmetric);

// Runs a float32 kernel of operands 0 (data), 1 (weights) and others on what a hybrid one computes
// with. A range for each `run` elements of the data.
Status RunHybrid(const KernelContext& context, std::int64_t run, bool asymmetric, Kernel kernel);

}  // namespace smelt::interp
