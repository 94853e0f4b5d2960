#include "core/interp/kernels/view.h"

#include <numeric>

namespace smelt::interp {

Status CopyView(const KernelContext& context, const Tensor& from, const ElementView& view,
                Tensor& to) {
  const int bits = ir::ElementBits(from.dtype());
  if (bits < 8) return UnsupportedType(context, from.dtype());
  if (to.element_count() == 0) return {};
  const int width = bits / 8;
  ir::CopyStrided(ir::Coalesce(view.axes.sizes, view.axes.strides),
                  from.bytes().data() + view.first * width, width, 0, to.element_count(),
                  to.mutable_data());
  return {};
}

Result<Tensor> Permuted(const KernelContext& context, const Tensor& from,
                        const std::vector<int>& axes) {
  bool in_order = true;
  const std::vector<std::int64_t> strides = RowMajorStrides(from.shape());
  ElementView view;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    in_order = in_order && axes[i] == static_cast<int>(i);
    view.axes.sizes.push_back(from.dim(axes[i]));
    view.axes.strides.push_back(strides[static_cast<std::size_t>(axes[i])]);
  }
  if (in_order) return from;
  Tensor to = Tensor::Zeros(from.dtype(), view.axes.sizes);
  SMELT_RETURN_IF_ERROR(CopyView(context, from, view, to));
  return to;
}

std::int64_t SizeOfAxes(const Tensor& tensor, int begin, int end) {
  std::int64_t size = 1;
  for (int axis = begin; axis < end; ++axis) size *= tensor.dim(axis);
  return size;
}

int AxisOf(std::int64_t axis, int rank) {
  const std::optional<int> normal = ir::NormalizeAxis(axis, rank);
  SMELT_CHECK(normal.has_value());
  return *normal;
}

}  // namespace smelt::interp
