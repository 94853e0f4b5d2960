// ScaleClasses: the quantization parameters of a graph's values. Values that kernels want to have
// equal parameters form a class; a class takes those that a kernel fixes, or what the ranges of all
// its members ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ir/graph.h"
#include "core/passes/quantize/integer_options.h"
#include "core/passes/quantize/integer_plan.h"

namespace smelt::passes {

// int8: of the range with 0 in it, 255 steps. int16: symmetric, 32,767 steps on each side. A range
// without width gets a scale of 1e-6.
ir::QuantParams ParamsOf(ValueRange range, ir::DType type);

class ScaleClasses {
 public:
  // Linear in operands, but for the inverse of Ackermann's function.
  ScaleClasses(const ir::Graph& graph, const IntegerPlan& plan,
               const std::vector<ValueRange>& ranges, ir::DType type);

  // Whether a finite number was seen in it, or a kernel fixes its scale.
  bool IsKnown(ir::ValueId value);
  // Of a value's own class, whether it is computed as integers or rounded for those who want some.
  const ir::QuantParams& Of(ir::ValueId value);

 private:
  struct Class {
    ValueRange range;
    std::optional<target::FixedScale> fixed;
    std::optional<ir::QuantParams> params;  // once asked for
  };

  std::uint32_t Root(std::uint32_t value);
  void FixResults();
  void JoinShared(bool with_fixed);
  void Join(ir::ValueId a, ir::ValueId b, bool with_fixed);
  void HoldConstants();
  void WidenResults();
  float WidthOf(ir::ValueId value);
  bool IsFixed(ir::ValueId id) { return classes_[Root(id.index)].fixed.has_value(); }

  const ir::Graph& graph_;
  const IntegerPlan& plan_;
  const ir::DType type_;
  std::vector<std::uint32_t> parents_;
  std::vector<Class> classes_;  // of roots
};

}  // namespace smelt::passes
