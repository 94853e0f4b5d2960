#include "core/passes/quantize/scale_classes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace smelt::passes {
namespace {

using ir::OpId;
using ir::ValueId;
using target::FixedScale;
using target::QuantizedKernel;
using target::ResultScale;

// Small, so that biases beside such values keep their digits.
constexpr float kScaleOfZero = 1e-6F;

// What the integers of a fixed scale can say.
ValueRange RangeOf(const FixedScale& fixed, ir::DType type) {
  const int least = type == ir::DType::kI8 ? -128 : -32768;
  const int most = -least - 1;
  return {fixed.scale * static_cast<float>(least - fixed.zero_point),
          fixed.scale * static_cast<float>(most - fixed.zero_point)};
}

}  // namespace

ir::QuantParams ParamsOf(ValueRange range, ir::DType type) {
  const double low = std::min<double>(range.known() ? range.low : 0, 0);
  const double high = std::max<double>(range.known() ? range.high : 0, 0);
  if (type == ir::DType::kI16) {
    auto scale = static_cast<float>(std::max(-low, high) / 32767);
    if (!std::isnormal(scale)) scale = kScaleOfZero;
    return {{scale}, {0}, 0};
  }
  auto scale = static_cast<float>((high - low) / 255);
  if (!std::isnormal(scale)) scale = kScaleOfZero;
  const double zero = std::round(-128 - low / static_cast<double>(scale));
  return {{scale}, {static_cast<std::int64_t>(std::clamp(zero, -128.0, 127.0))}, 0};
}

ScaleClasses::ScaleClasses(const ir::Graph& graph, const IntegerPlan& plan,
                           const std::vector<ValueRange>& ranges, ir::DType type)
    : graph_(graph),
      plan_(plan),
      type_(type),
      parents_(graph.value_count()),
      classes_(graph.value_count()) {
  std::iota(parents_.begin(), parents_.end(), 0U);
  for (std::size_t i = 0; i < std::min(ranges.size(), classes_.size()); ++i) {
    classes_[i].range = ranges[i];
  }
  FixResults();
  JoinShared(false);
  JoinShared(true);
  HoldConstants();
  WidenResults();
}

std::uint32_t ScaleClasses::Root(std::uint32_t value) {
  while (parents_[value] != value) {
    parents_[value] = parents_[parents_[value]];
    value = parents_[value];
  }
  return value;
}

void ScaleClasses::FixResults() {
  for (const OpId id : graph_) {
    const QuantizedKernel* kernel = plan_.KernelOf(id);
    if (kernel == nullptr || kernel->result != ResultScale::kFixed) continue;
    Class& made = classes_[graph_.op(id).result().index];
    made.fixed = type_ == ir::DType::kI8 ? kernel->fixed8 : kernel->fixed16;
    made.range = RangeOf(*made.fixed, type_);
  }
}

// First those that are free among themselves: whether a fixed scale holds a class is known once the
// class is whole.
void ScaleClasses::JoinShared(bool with_fixed) {
  for (const OpId id : graph_) {
    const QuantizedKernel* kernel = plan_.KernelOf(id);
    if (kernel == nullptr || kernel->result != ResultScale::kShared) continue;
    const ir::Op& op = graph_.op(id);
    ValueId first;
    for (const ValueId result : op.results) {
      if (!plan_.IsInteger(result)) continue;
      if (first.valid()) Join(first, result, with_fixed);
      first = result;
    }
    if (!first.valid()) continue;
    for (int i = 0; i < op.input_count(); ++i) {
      const ValueId operand = op.input(i);
      if (!operand.valid() || !target::IsActivation(*kernel, i)) continue;
      if (graph_.constant(operand) == nullptr) Join(first, operand, with_fixed);
    }
  }
}

// Nothing happens where one class's numbers don't fit the other's fixed scale: the operand will be
// scaled anew in front of the operator.
void ScaleClasses::Join(ValueId a, ValueId b, bool with_fixed) {
  const std::uint32_t left = Root(a.index), right = Root(b.index);
  if (left == right) return;
  Class& one = classes_[left];
  Class& other = classes_[right];
  if (one.fixed || other.fixed) {
    if (!with_fixed) return;
    if (one.fixed && other.fixed && !(*one.fixed == *other.fixed)) return;
    const FixedScale& fixed = one.fixed ? *one.fixed : *other.fixed;
    const ValueRange& free = one.fixed ? other.range : one.range;
    const ValueRange holds = RangeOf(fixed, type_);
    const bool fits = !free.known() || (free.low >= holds.low - fixed.scale &&
                                        free.high <= holds.high + fixed.scale);
    if (!fits && !(one.fixed && other.fixed)) return;
    one.fixed = fixed;
  }
  one.range = one.range.With(other.range);
  parents_[right] = left;
}

// Of operators whose operands share a scale: constants among them must fit it.
void ScaleClasses::HoldConstants() {
  for (const OpId id : graph_) {
    const QuantizedKernel* kernel = plan_.KernelOf(id);
    if (kernel == nullptr || kernel->result != ResultScale::kShared) continue;
    const ir::Op& op = graph_.op(id);
    const auto shared =
        std::ranges::find_if(op.results, [&](ValueId result) { return plan_.IsInteger(result); });
    if (shared == op.results.end() || IsFixed(*shared)) continue;
    for (int i = 0; i < op.input_count(); ++i) {
      const ValueId operand = op.input(i);
      if (!operand.valid() || !target::IsActivation(*kernel, i)) continue;
      if (const ir::Constant* constant = graph_.constant(operand)) {
        Class& made = classes_[Root(shared->index)];
        made.range = made.range.With(passes::RangeOf(*constant));
      }
    }
  }
}

// Kernels abort the runtime where a result's scale is too small beside its operands': HARD_SWISH
// multiplies by input scale / (128 * result scale), ADD by 2 * the larger input scale / (2^15 *
// result scale) of int16 and 2^20 of int8, both of which must be below 1. In program order: what
// grows here may be the operand of another.
void ScaleClasses::WidenResults() {
  for (const OpId id : graph_) {
    if (plan_.KernelOf(id) == nullptr) continue;
    const ir::Op& op = graph_.op(id);
    const float times = op.kind == ir::OpKind::kHardSwish ? 100
                        : op.kind == ir::OpKind::kAdd || op.kind == ir::OpKind::kSub ||
                                op.kind == ir::OpKind::kSquaredDifference
                            ? 4096
                            : 0;
    if (times == 0) continue;
    float widest = 0;
    for (const auto& operand : op.operands) widest = std::max(widest, WidthOf(operand.value));
    ValueRange& out = classes_[Root(op.result().index)].range;
    const float low = std::min(out.low, 0.0F);
    out.high = std::max(out.high, low + widest / times);
  }
}

// Of the range with 0 in it.
float ScaleClasses::WidthOf(ValueId value) {
  if (!value.valid()) return 0;
  const ir::Constant* constant = graph_.constant(value);
  if (constant != nullptr && graph_.type(value).dtype != ir::DType::kF32) return 0;
  const ValueRange range =
      constant != nullptr ? passes::RangeOf(*constant) : classes_[Root(value.index)].range;
  return range.known() ? std::max(range.high, 0.0F) - std::min(range.low, 0.0F) : 0;
}

bool ScaleClasses::IsKnown(ValueId value) {
  if (value.index >= classes_.size()) return false;
  const Class& own = classes_[Root(value.index)];
  return own.fixed.has_value() || own.range.known();
}

const ir::QuantParams& ScaleClasses::Of(ValueId value) {
  Class& made = classes_[Root(value.index)];
  if (!made.params) {
    made.params = made.fixed ? ir::QuantParams{{made.fixed->scale}, {made.fixed->zero_point}, 0}
                             : ParamsOf(made.range, type_);
  }
  return *made.params;
}

}  // namespace smelt::passes
