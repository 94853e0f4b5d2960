#include "core/ir/broadcasting.h"

#include <algorithm>
#include <iterator>

namespace smelt::ir {
namespace {

constexpr OpKind kBroadcasting[] = {
    OpKind::kAdd,          OpKind::kSub,     OpKind::kMul,
    OpKind::kDiv,          OpKind::kMaximum, OpKind::kMinimum,
    OpKind::kLess,         OpKind::kGreater, OpKind::kLessEqual,
    OpKind::kGreaterEqual, OpKind::kEqual,   OpKind::kNotEqual,
    OpKind::kSelectV2,     OpKind::kPow,     OpKind::kSquaredDifference,
};

}  // namespace

bool BroadcastsOperands(OpKind kind) {
  return std::ranges::find(kBroadcasting, kind) != std::end(kBroadcasting);
}

}  // namespace smelt::ir
