#include "core/interp/kernels/activation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

struct Bounds {
  std::string_view name;
  int low;
  int high;  // kNoBound: none
};
constexpr int kNoBound = std::numeric_limits<int>::max();
constexpr Bounds kBounds[] = {{"RELU", 0, kNoBound}, {"RELU_N1_TO_1", -1, 1}, {"RELU6", 0, 6}};

template <class T>
void Clamp(std::span<T> values, const Bounds& bounds) {
  using C = Compute<T>;
  // An unsigned element is above every lower bound.
  const C low = std::is_unsigned_v<C> ? C{0} : static_cast<C>(bounds.low);
  const bool bounded = bounds.high != kNoBound;
  const C high = bounded ? static_cast<C>(bounds.high) : C{0};
  for (T& value : values) {
    const C element = Load<C>(value);
    if (element < low) value = Store<T>(low);
    if (bounded && element > high) value = Store<T>(high);
  }
}

}  // namespace

Status ApplyFusedActivation(const KernelContext& context) {
  const std::string name = context.attrs.String("fused_activation_function", "NONE");
  if (name == "NONE" || name.empty()) return {};
  Tensor& result = context.result();
  // Integer kernels clamp by the result's scale; where they do not, no runtime does.
  if (!result.quant().empty() && !ir::IsFloat(result.dtype())) return NoQuantizedKernel(context);
  for (const Bounds& bounds : kBounds) {
    if (name != bounds.name) continue;
    return VisitNumbers(context, result.dtype(), [&](auto tag) {
      Clamp(result.mutable_values<typename decltype(tag)::type>(), bounds);
      return Status::Ok();
    });
  }
  if (name == "TANH") {
    return VisitFloats(context, result.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (T& value : result.mutable_values<T>()) {
        value = Store<T>(std::tanh(Load<double>(value)));
      }
      return Status::Ok();
    });
  }
  return {Reason::kUnsupportedAttributeValue, "fused_activation_function is \"" + name + "\""};
}

}  // namespace smelt::interp
