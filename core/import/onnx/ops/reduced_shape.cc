#include "core/import/onnx/ops/reduced_shape.h"

#include <algorithm>

namespace smelt::onnx_import {

bool KeepsDims(const OnnxNode& node) { return node.Int("keepdims", 1) != 0; }

ir::Shape ReducedShape(const ir::Shape& shape, const std::vector<int>& axes, bool keep) {
  ir::Shape reduced;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) {
      reduced.push_back(shape.dim(i));
    } else if (keep) {
      reduced.push_back(ir::Dim(1));
    }
  }
  return reduced;
}

}  // namespace smelt::onnx_import
