#include <string>
#include <unordered_map>

#include "core/interp/kernel.h"
#include "core/ir/op_table.h"

namespace smelt::interp {
namespace {

using Family = std::span<const KernelRow> (*)();

constexpr Family kFamilies[] = {
    &UnaryKernels,       &ArithmeticKernels,    &DivisionKernels,  &ComparisonKernels,
    &LogicKernels,       &SelectKernels,        &CastKernels,      &ConvolutionKernels,
    &DepthwiseKernels,   &TransposeConvKernels, &MatmulKernels,    &PoolKernels,
    &SoftmaxKernels,     &NormalizationKernels, &ReductionKernels, &OrderKernels,
    &CumsumKernels,      &ReshapeKernels,       &ViewKernels,      &SliceKernels,
    &JoinKernels,        &PadKernels,           &GatherKernels,    &FillKernels,
    &ResizeKernels,      &ScatterKernels,       &BitwiseKernels,   &SuppressionKernels,
    &UpdateSliceKernels, &Convolution3dKernels, &QuantizeKernels,
};

std::unordered_map<ir::OpKind, const KernelRow*> Collect() {
  std::unordered_map<ir::OpKind, const KernelRow*> rows;
  for (const Family family : kFamilies) {
    for (const KernelRow& row : family()) {
      const bool added = rows.emplace(row.kind, &row).second;
      SMELT_CHECK(added);
    }
  }
  return rows;
}

}  // namespace

const KernelRow* FindKernel(ir::OpKind kind) {
  static const std::unordered_map<ir::OpKind, const KernelRow*> rows = Collect();
  const auto found = rows.find(kind);
  return found == rows.end() ? nullptr : found->second;
}

std::vector<std::int64_t> IntsOf(const Tensor& tensor) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.element_count()));
  tensor.ToConstant()
      .Cast(ir::DType::kI64)
      .Read(0, tensor.element_count(), reinterpret_cast<std::byte*>(values.data()));
  return values;
}

Status UnsupportedType(const KernelContext& context, ir::DType dtype) {
  return {Reason::kUnsupportedType, std::string(ir::GetOpInfo(context.kind).name) +
                                        " has no arithmetic for " +
                                        std::string(ir::DTypeName(dtype))};
}

}  // namespace smelt::interp
