// CAST, BITCAST.
#include <cstring>

#include "core/interp/kernel.h"
#include "core/ir/element_cast.h"

namespace smelt::interp {
namespace {

Status RunCast(const KernelContext& context) {
  const Tensor& from = context.input(0);
  Tensor& to = context.result();
  if (from.dtype() == to.dtype()) {
    to = from;
    return {};
  }
  for (const ir::DType dtype : {from.dtype(), to.dtype()}) {
    if (!ir::IsNumeric(dtype)) return UnsupportedType(context, dtype);
  }
  if (ir::ElementBits(from.dtype()) < 8 || ir::ElementBits(to.dtype()) < 8) {
    to = Tensor::FromConstant(from.ToConstant().Cast(to.dtype()));  // which packs elements
    return {};
  }
  ir::CastBlock(from.dtype(), from.bytes().data(), to.dtype(), to.mutable_data(),
                from.element_count());
  return {};
}

Status RunBitcast(const KernelContext& context) {
  const ByteSpan from = context.input(0).bytes();
  if (!from.empty()) std::memcpy(context.result().mutable_data(), from.data(), from.size());
  if (context.result().dtype() != ir::DType::kBool) return {};
  for (auto& byte : context.result().mutable_values<std::uint8_t>()) byte = byte != 0 ? 1 : 0;
  return {};
}

}  // namespace

std::span<const KernelRow> CastKernels() {
  static constexpr KernelRow kRows[] = {{ir::OpKind::kCast, &RunCast},
                                        {ir::OpKind::kBitcast, &RunBitcast}};
  return kRows;
}

}  // namespace smelt::interp
