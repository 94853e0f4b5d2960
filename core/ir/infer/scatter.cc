#include <algorithm>
#include <array>
#include <string>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {
namespace {

std::int64_t CountNonzero(const Constant& constant) {
  const Constant flags = constant.Cast(DType::kBool);
  std::array<std::byte, 4096> block;
  std::int64_t count = 0;
  for (std::int64_t at = 0; at < flags.element_count();) {
    const std::int64_t size = std::min<std::int64_t>(block.size(), flags.element_count() - at);
    flags.Read(at, size, block.data());
    count += size - std::count(block.begin(), block.begin() + size, std::byte{0});
    at += size;
  }
  return count;
}

}  // namespace

// indices [.., depth], updates [.., rest], shape: one axis for each entry of the shape.
Result<Types> ScatterNd(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 1, INT16_MAX));
  const DType dtype = OperandType(context, 1).dtype;
  if (const auto sizes = OperandInts(context, 2)) return Types{{dtype, Shape::Of(*sizes)}};
  SMELT_ASSIGN_OR_RETURN(const int rank, OperandLength(context, 2));
  return Types{{dtype, UnknownShape(rank)}};
}

// data[segments.., rest], one segment for each of the leading places: [count, rest].
Result<Types> UnsortedSegment(const InferContext& context) {
  const TensorType& data = OperandType(context, 0);
  const Shape& segments = OperandShape(context, 1);
  if (segments.rank() > data.shape.rank()) {
    return BadOperand(context, 1, "has more axes than the data");
  }
  const auto count = OperandInt(context, 2);
  if (count && *count < 0) return BadOperand(context, 2, "is negative");
  Shape shape{count ? Dim(*count) : Dim::Unknown()};
  for (int axis = 0; axis < data.shape.rank(); ++axis) {
    if (axis < segments.rank()) {
      SMELT_RETURN_IF_ERROR(SameDim(data.shape.dim(axis), segments.dim(axis)).status());
    } else {
      shape.push_back(data.shape.dim(axis));
    }
  }
  return Types{{data.dtype, std::move(shape)}};
}

// One row of i64 coordinates for each element that is not zero.
Result<Types> Where(const InferContext& context) {
  const int rank = OperandShape(context, 0).rank();
  const Constant* constant = context.operands[0].constant;
  const Dim count = constant == nullptr ? Dim::Unknown() : Dim(CountNonzero(*constant));
  return Types{{DType::kI64, Shape{count, Dim(rank)}}};
}

Result<Types> ReverseSequence(const InferContext& context) {
  const TensorType& data = OperandType(context, 0);
  for (const char* name : {"seq_dim", "batch_dim"}) {
    const std::int64_t axis = context.attrs.Int(name);
    if (axis < 0 || axis >= data.shape.rank()) {
      return BadOperand(context, 0, "has no axis " + std::to_string(axis));
    }
  }
  return Types{data};
}

}  // namespace smelt::ir::infer
