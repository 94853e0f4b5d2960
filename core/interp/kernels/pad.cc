// PAD, PADV2, MIRROR_PAD.
#include <algorithm>

#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// For every axis and place in the result: the place in the operand, or -1 in constant padding.
using Sources = std::vector<std::vector<std::int64_t>>;

// Result row by row: each element comes from the operand's row or is `value`.
template <class T>
void Gather(const Tensor& from, const Sources& sources, T value, Tensor& to) {
  const std::vector<std::int64_t> strides = RowMajorStrides(from.shape());
  const T* origin = from.values<T>().data();
  T* out = to.mutable_values<T>().data();
  const std::size_t last = sources.size() - 1;
  const std::int64_t rows = SizeOfAxes(to, 0, static_cast<int>(last));
  std::vector<std::size_t> index(last, 0);
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t offset = 0;
    bool padding = false;
    for (std::size_t axis = 0; axis < last; ++axis) {
      const std::int64_t source = sources[axis][index[axis]];
      padding = padding || source < 0;
      offset += source * strides[axis];
    }
    for (const std::int64_t source : sources[last]) {
      *out++ = padding || source < 0 ? value : origin[offset + source];
    }
    for (std::size_t axis = last; axis > 0; --axis) {
      if (++index[axis - 1] < sources[axis - 1].size()) break;
      index[axis - 1] = 0;
    }
  }
}

template <class T>
void Run(const Tensor& from, const Sources& sources, const Tensor* value, Tensor& to) {
  const T fill = value == nullptr ? T{} : value->values<T>()[0];
  if (sources.empty()) {
    to.mutable_values<T>()[0] = from.values<T>()[0];
  } else {
    Gather<T>(from, sources, fill, to);
  }
}

Status Fill(const KernelContext& context, const Sources& sources, const Tensor* value) {
  if (context.result().element_count() == 0) return {};
  return VisitWidths(context, context.result().dtype(), [&](auto tag) {
    Run<typename decltype(tag)::type>(context.input(0), sources, value, context.result());
    return Status::Ok();
  });
}

// What stands for 0 in a quantized tensor.
Result<Tensor> ZeroOf(const KernelContext& context, const Tensor& tensor) {
  SMELT_ASSIGN_OR_RETURN(const Affine affine, AffineOf(context, tensor));
  Tensor zero = Tensor::Zeros(tensor.dtype(), {});
  if (tensor.dtype() == ir::DType::kI16) return zero;
  zero.mutable_values<std::uint8_t>()[0] = static_cast<std::uint8_t>(affine.zero);
  return zero;
}

Status RunPad(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::vector<std::int64_t> pads = IntsOf(context.input(1));
  Sources sources;
  for (std::size_t axis = 0; axis < from.shape().size(); ++axis) {
    const std::int64_t size = from.shape()[axis];
    std::vector<std::int64_t>& places = sources.emplace_back();
    for (std::int64_t at = -pads[2 * axis]; at < size + pads[2 * axis + 1]; ++at) {
      places.push_back(at < size ? std::max<std::int64_t>(at, -1) : -1);
    }
  }
  if (context.has_input(2)) return Fill(context, sources, &context.input(2));
  if (context.result().quant().empty() || ir::IsFloat(from.dtype())) {
    return Fill(context, sources, nullptr);
  }
  SMELT_ASSIGN_OR_RETURN(const Tensor zero, ZeroOf(context, from));
  return Fill(context, sources, &zero);
}

// REFLECT leaves the edge element out, SYMMETRIC repeats it.
Status RunMirrorPad(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::vector<std::int64_t> pads = IntsOf(context.input(1));
  const std::string mode = context.attrs.String("mode");
  if (mode != "REFLECT" && mode != "SYMMETRIC") {
    return {Reason::kUnsupportedAttributeValue, "the mode of MIRROR_PAD is \"" + mode + "\""};
  }
  const std::int64_t edge = mode == "SYMMETRIC" ? 1 : 0;
  Sources sources;
  for (std::size_t axis = 0; axis < from.shape().size(); ++axis) {
    const std::int64_t size = from.shape()[axis];
    const std::int64_t before = pads[2 * axis];
    const std::int64_t after = pads[2 * axis + 1];
    if (std::max(before, after) > std::max<std::int64_t>(size - 1 + edge, 0)) {
      return {Reason::kShapeMismatch, "MIRROR_PAD needs more elements than the axis has"};
    }
    std::vector<std::int64_t>& places = sources.emplace_back();
    for (std::int64_t at = -before; at < size + after; ++at) {
      const std::int64_t mirrored = at < 0 ? -at - edge : 2 * (size - 1) + edge - at;
      places.push_back(at >= 0 && at < size ? at : mirrored);
    }
  }
  return Fill(context, sources, nullptr);
}

}  // namespace

std::span<const KernelRow> PadKernels() {
  static constexpr KernelRow kRows[] = {{kPad, &RunPad, false, Quantized::kMoved},
                                        {kPadv2, &RunPad, false, Quantized::kMoved},
                                        {kMirrorPad, &RunMirrorPad, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
