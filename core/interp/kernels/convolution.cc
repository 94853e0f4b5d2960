// CONV_2D, grouped too: patches of the input as rows of a matrix, block by block.
#include <algorithm>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/gemm.h"
#include "core/interp/kernels/hybrid.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/window.h"

namespace smelt::interp {
namespace {

// Elements of patches that are made at a time: about what a second-level cache holds.
constexpr std::int64_t kBlockElements = 256 * 1024;

struct Group {
  std::int64_t first_channel = 0;  // of the input
  std::int64_t channels = 0;       // of the input, in the group
};

// Patches of output positions [begin, begin + count), one a row: (filter row, column, channel).
template <class T>
void MakePatches(const Window& window, const Group& group, const T* input, std::int64_t begin,
                 std::int64_t count, T* patch) {
  const WindowAxis& rows = window.rows;
  const WindowAxis& columns = window.columns;
  for (std::int64_t position = begin; position < begin + count; ++position) {
    const std::int64_t x = position % columns.out;
    const std::int64_t y = position / columns.out % rows.out;
    const std::int64_t image = position / columns.out / rows.out * rows.in;
    for (std::int64_t i = 0; i < rows.filter; ++i) {
      const std::int64_t row = rows.Place(y, i);
      for (std::int64_t j = 0; j < columns.filter; ++j, patch += group.channels) {
        const std::int64_t column = columns.Place(x, j);
        if (!rows.Inside(row) || !columns.Inside(column)) {
          std::fill_n(patch, group.channels, T{});
          continue;
        }
        const std::int64_t pixel = (image + row) * columns.in + column;
        std::copy_n(input + pixel * window.channels + group.first_channel, group.channels, patch);
      }
    }
  }
}

// The input is its own patch matrix.
bool IsPointwise(const Window& window) {
  const auto plain = [](const WindowAxis& axis) {
    return axis.filter == 1 && axis.stride == 1 && axis.before == 0;
  };
  return plain(window.rows) && plain(window.columns);
}

template <class T>
Status Convolve(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor& filter = context.input(1);
  const Tensor& result = context.result();
  const Window window = WindowOf(context.attrs, input, result, filter.dim(1), filter.dim(2));
  const std::int64_t outputs = filter.dim(0);
  const std::int64_t per_group = filter.dim(3);
  const std::int64_t groups = per_group == 0 ? 1 : window.channels / per_group;
  const std::int64_t positions = window.batch * window.rows.out * window.columns.out;
  const T* bias = context.has_input(2) ? context.input(2).values<T>().data() : nullptr;
  GemmShape shape;
  shape.n = outputs / groups;
  shape.k = filter.dim(1) * filter.dim(2) * per_group;
  shape.b_stride = shape.k;
  shape.out_stride = outputs;
  const bool pointwise = IsPointwise(window);
  shape.a_stride = pointwise ? window.channels : shape.k;
  const std::int64_t block =
      std::clamp<std::int64_t>(kBlockElements / std::max<std::int64_t>(shape.k, 1), 1, positions);
  std::vector<T> patches(pointwise ? 0 : static_cast<std::size_t>(block * shape.k));
  for (std::int64_t g = 0; g < groups; ++g) {
    const T* weights = filter.values<T>().data() + g * shape.n * shape.k;
    for (std::int64_t begin = 0; begin < positions; begin += block) {
      SMELT_RETURN_IF_ERROR(context.CheckCancelled());
      shape.m = std::min(block, positions - begin);
      const T* from = input.values<T>().data();
      if (pointwise) {
        from += begin * window.channels + g * per_group;
      } else {
        MakePatches<T>(window, {g * per_group, per_group}, from, begin, shape.m, patches.data());
        from = patches.data();
      }
      T* to = context.result().mutable_values<T>().data() + begin * outputs + g * shape.n;
      Gemm<T>(context.kernels, shape, from, weights, bias == nullptr ? nullptr : bias + g * shape.n,
              to);
    }
  }
  return {};
}

Status RunConv2d(const KernelContext& context) {
  if (IsHybrid(context)) {  // of weights with one scale the range is symmetric
    const Tensor& data = context.input(0);
    const Tensor& filter = context.input(1);
    const Window window =
        WindowOf(context.attrs, data, context.result(), filter.dim(1), filter.dim(2));
    const std::int64_t pixels = IsPointwise(window) ? 1 : data.dim(1) * data.dim(2);
    return RunHybrid(context, pixels * data.dim(3), filter.quant()->scale.size() > 1, RunConv2d);
  }
  if (IsQuantized(context)) return RunQuantizedConv2d(context);
  for (int i = 1; i < 3; ++i) {
    const ir::DType dtype = context.input(i).dtype();
    if (dtype != context.input(0).dtype()) return UnsupportedType(context, dtype);
  }
  if (context.result().element_count() == 0) return {};
  const Status done = VisitNumbers(context, context.input(0).dtype(), [&](auto tag) {
    return Convolve<typename decltype(tag)::type>(context);
  });
  if (!done.ok()) return done;
  return ApplyFusedActivation(context);
}

}  // namespace

std::span<const KernelRow> ConvolutionKernels() {
  static constexpr KernelRow kRows[] = {{ir::OpKind::kConv2d, &RunConv2d, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
