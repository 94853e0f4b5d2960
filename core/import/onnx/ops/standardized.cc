#include "core/import/onnx/ops/standardized.h"

namespace smelt::onnx_import {

using ir::Builder;
using ir::DType;
using ir::Shape;
using ir::ValueId;

ValueId PerChannel(Builder& out, ValueId vector, int rank, DType dtype) {
  const ValueId cast = out.Cast(vector, dtype);
  if (!out.status().ok() || rank == 2) return cast;
  Shape shape{out.type(cast).shape.dim(0)};
  for (int i = 2; i < rank; ++i) shape.push_back(1);
  return out.Reshape(cast, shape);
}

}  // namespace smelt::onnx_import
