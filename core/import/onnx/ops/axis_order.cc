#include "core/import/onnx/ops/axis_order.h"

#include <vector>

namespace smelt::onnx_import {

ir::ValueId AxisToLast(ir::Builder& out, ir::ValueId x, int axis) {
  if (!out.status().ok()) return {};
  const int rank = out.type(x).shape.rank();
  if (axis == rank - 1) return x;
  std::vector<int> order;
  for (int i = 0; i < rank; ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return out.Transpose(x, order);
}

ir::ValueId LastToAxis(ir::Builder& out, ir::ValueId x, int axis) {
  if (!out.status().ok()) return {};
  const int rank = out.type(x).shape.rank();
  if (axis == rank - 1) return x;
  std::vector<int> order;
  for (int i = 0; i < rank; ++i) order.push_back(i < axis ? i : (i == axis ? rank - 1 : i - 1));
  return out.Transpose(x, order);
}

}  // namespace smelt::onnx_import
