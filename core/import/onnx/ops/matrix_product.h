// Products of matrices and their batches, as the operators that compute them share it.
#pragma once

#include <optional>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// alpha * op(a) * op(b). A vector `a` is a row, a vector `b` a column, and neither is transposed;
// leading axes broadcast.
struct MatrixProduct {
  ir::ValueId a, b;
  bool transpose_a = false, transpose_b = false;  // the last two axes
  double alpha = 1;
};

// The result's shape for operands as they are multiplied (transposed already); nothing where they
// do not fit or have rank 0.
std::optional<ir::Shape> ProductShape(ir::SymbolTable& symbols, ir::Shape a, ir::Shape b);

// FULLY_CONNECTED where `b` is a constant matrix, BATCH_MATMUL elsewhere; exact sums of products
// for integers, whose alpha is 1. `shape` is the result's.
ir::ValueId EmitProduct(ir::Builder& out, const MatrixProduct& product, const ir::Shape& shape);

// --- Parts ---
// x[..., K] by weights[N, K]. `bias` may be absent. Leading dimensions are kept.
ir::ValueId EmitFullyConnected(ir::Builder& out, ir::ValueId x, ir::ValueId weights,
                               ir::ValueId bias);
ir::Constant Scaled(const ir::Constant& constant, double factor);

}  // namespace smelt::onnx_import
