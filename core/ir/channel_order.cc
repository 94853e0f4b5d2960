#include "core/ir/channel_order.h"

namespace smelt::ir {

ValueId TurnChannels(Builder& out, ValueId x, std::int64_t outer, std::int64_t inner) {
  const Shape shape = out.type(x).shape;
  const ValueId apart = out.Reshape(x, {shape.dim(0), shape.dim(1), shape.dim(2), outer, inner});
  return out.Reshape(out.Transpose(apart, {0, 1, 2, 4, 3}), shape);
}

}  // namespace smelt::ir
