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

}  // namespace smelt::ir::infer
