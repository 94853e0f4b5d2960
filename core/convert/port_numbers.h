// Numbers at ports of integers: a source's float32 inputs as its integer file takes them, and the
// file's outputs as the numbers that they stand for.
#pragma once

#include <vector>

#include "core/interp/tensor.h"
#include "core/ir/module.h"

namespace smelt {

// A float32 tensor for a port of integers with a scale: rounded, half away from zero, and clipped.
// Any other as it is.
interp::Tensor AsFed(const ir::Value& port, const interp::Tensor& tensor);
// One tensor an input of the signature.
std::vector<interp::Tensor> AsFed(const ir::Module& module, const ir::Signature& signature,
                                  const std::vector<interp::Tensor>& tensors);

// Integers with one scale as float32; any other tensor as it is.
interp::Tensor AsNumbers(const interp::Tensor& tensor);

}  // namespace smelt
