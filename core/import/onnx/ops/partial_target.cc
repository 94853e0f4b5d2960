#include "core/import/onnx/ops/partial_target.h"

#include "core/import/onnx/infer.h"

namespace smelt::onnx_import {

ir::Shape PartOfTarget(OnnxNode& node, std::int64_t rank, bool copies_zeros) {
  ir::Shape shape = FreshShape(node, rank);
  const auto elements = node.input_elements(1);
  if (!elements || elements->size() != static_cast<std::size_t>(rank)) return shape;
  for (int i = 0; i < shape.rank(); ++i) {
    const auto number = IntFromDim(node.symbols(), (*elements)[static_cast<std::size_t>(i)]);
    if (number && *number > 0) shape.dim(i) = ir::Dim(*number);
    if (number == 0 && copies_zeros && i < node.input_rank(0)) {
      shape.dim(i) = node.input_shape(0).dim(i);
    }
  }
  return shape;
}

}  // namespace smelt::onnx_import
