// ValueRanges: which numbers a module's float values take, as calibration saw them.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/result.h"
#include "core/ir/module.h"

namespace smelt::passes {

struct ValueRange {
  float low = std::numeric_limits<float>::infinity();  // above `high`: no finite number was seen
  float high = -std::numeric_limits<float>::infinity();
  // Numbers of 1e30 and more, or infinities, were seen beside them: a mask, which no scale holds.
  bool masked = false;
  bool known() const { return low <= high; }
  ValueRange With(const ValueRange& other) const {
    return {std::min(low, other.low), std::max(high, other.high), masked || other.masked};
  }
};

// By graph, then by value; shorter where nothing was measured.
using ValueRanges = std::vector<std::vector<ValueRange>>;

// Measures the graphs of a module's signatures.
using RangeSource = std::function<Result<ValueRanges>(const ir::Module& module)>;

// Of the elements of a float32 constant, read block by block.
ValueRange RangeOf(const ir::Constant& constant);

}  // namespace smelt::passes
