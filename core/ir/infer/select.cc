// Operators that pick or place elements by what the data say.
#include <algorithm>
#include <optional>
#include <vector>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {

// Boxes (N, 4) and scores (N): indices of as many as are asked for, and how many of them count.
Result<Types> NonMaxSuppression(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 2, 2));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 1, 1));
  for (int i = 2; i < 5; ++i) SMELT_RETURN_IF_ERROR(RequireRank(context, i, 0, 0));
  const auto most = OperandInt(context, 2);
  if (most && *most < 0) return BadOperand(context, 2, "is negative");
  const Dim count = most ? Dim(*most) : Dim::Unknown();
  return Types{{DType::kI32, {count}}, {DType::kI32, {}}};
}

Result<Types> ScatterNd(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 1, INT16_MAX));
  const DType dtype = OperandType(context, 1).dtype;
  if (const auto sizes = OperandInts(context, 2)) {
    Shape shape;
    for (const std::int64_t size : *sizes) {
      if (size < 0) return BadOperand(context, 2, "has a negative size");
      shape.push_back(size);
    }
    return Types{{dtype, std::move(shape)}};
  }
  SMELT_ASSIGN_OR_RETURN(const int rank, OperandLength(context, 2));
  return Types{{dtype, UnknownShape(rank)}};
}

// One row for each element that is not zero; how many is known of constants.
Result<Types> Where(const InferContext& context) {
  const Dim rank(OperandShape(context, 0).rank());
  const Constant* constant = context.operands[0].constant;
  if (constant == nullptr) return Types{{DType::kI64, {Dim::Unknown(), rank}}};
  std::vector<std::byte> flags(static_cast<std::size_t>(constant->element_count()));
  constant->Cast(DType::kBool).Read(0, constant->element_count(), flags.data());
  const auto set = std::ranges::count_if(flags, [](std::byte flag) { return flag != std::byte{}; });
  return Types{{DType::kI64, {std::int64_t{set}, rank}}};
}

}  // namespace smelt::ir::infer
