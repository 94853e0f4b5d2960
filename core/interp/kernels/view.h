// Moving elements: what transposes, slices, tiles and the like have in common.
#pragma once

#include <cstdint>
#include <vector>

#include "core/interp/kernel.h"
#include "core/ir/strided_copy.h"

namespace smelt::interp {

using ir::RowMajorStrides;

// Elements of `from` as a view: sizes and strides of any number of axes and the first element.
struct ElementView {
  ir::StridedView axes;
  std::int64_t first = 0;
};

// Copies the view's elements in row-major order to the start of `to`, whose elements are as many.
// kUnsupportedType for elements below a byte.
Status CopyView(const KernelContext& context, const Tensor& from, const ElementView& view,
                Tensor& to);

// `from` with its axes in the order of `axes`; itself when that is its order.
Result<Tensor> Permuted(const KernelContext& context, const Tensor& from,
                        const std::vector<int>& axes);

// Product of the sizes of axes [begin, end).
std::int64_t SizeOfAxes(const Tensor& tensor, int begin, int end);

// An axis operand or attribute counted from the start. Inference has checked its range.
int AxisOf(std::int64_t axis, int rank);

}  // namespace smelt::interp
