// Elementwise operators of one operand. Float elements are computed in double and rounded once.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

using FloatFunction = double (*)(double);

double Sign(double x) { return x > 0 ? 1.0 : (x < 0 ? -1.0 : x); }
double Relu(double x) { return x < 0 ? 0.0 : x; }
double ReluN1To1(double x) { return x < -1 ? -1.0 : (x > 1 ? 1.0 : x); }
double Relu6(double x) { return x < 0 ? 0.0 : (x > 6 ? 6.0 : x); }
double Relu0To1(double x) { return x < 0 ? 0.0 : (x > 1 ? 1.0 : x); }
double Logistic(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);  // keeps its precision where the result is tiny
  return e / (1 + e);
}
// NaN and infinities are their own roundings.
double RoundHalfToEven(double x) {
  const double floor = std::floor(x);
  const double above = x - floor;
  if (above < 0.5) return std::copysign(floor, x);
  if (above > 0.5) return std::copysign(floor + 1, x);
  if (above == 0.5) {
    return std::copysign(std::fmod(floor, 2) == 0 ? floor : floor + 1, x);
  }
  return x;
}
double HardSwish(double x) { return x * Relu6(x + 3) / 6; }
double Elu(double x) { return x < 0 ? std::expm1(x) : x; }
double Gelu(double x) { return 0.5 * x * std::erfc(-x * std::numbers::sqrt2 / 2); }
double GeluTanh(double x) {
  const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(inner));
}

struct FloatRow {
  ir::OpKind kind;
  FloatFunction f;
};
using enum ir::OpKind;
constexpr FloatRow kFloatFunctions[] = {
    {kAbs, [](double x) { return std::fabs(x); }},
    {kNeg, [](double x) { return -x; }},
    {kSquare, [](double x) { return x * x; }},
    {kSign, &Sign},
    {kFloor, [](double x) { return std::floor(x); }},
    {kCeil, [](double x) { return std::ceil(x); }},
    {kRound, &RoundHalfToEven},
    {kCoreRoundAway, [](double x) { return std::round(x); }},
    {kRelu, &Relu},
    {kReluN1To1, &ReluN1To1},
    {kRelu6, &Relu6},
    {kRelu0To1, &Relu0To1},
    {kExp, [](double x) { return std::exp(x); }},
    {kLog, [](double x) { return std::log(x); }},
    {kSqrt, [](double x) { return std::sqrt(x); }},
    {kRsqrt, [](double x) { return 1 / std::sqrt(x); }},
    {kSin, [](double x) { return std::sin(x); }},
    {kCos, [](double x) { return std::cos(x); }},
    {kTanh, [](double x) { return std::tanh(x); }},
    {kLogistic, &Logistic},
    {kElu, &Elu},
    {kHardSwish, &HardSwish},
    {kCoreErf, [](double x) { return std::erf(x); }},
};

template <class F>
Status MapFloats(const KernelContext& context, F f) {
  return VisitFloats(context, context.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> from = context.input(0).values<T>();
    const std::span<T> to = context.result().mutable_values<T>();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = Store<T>(f(Load<double>(from[i])));
    return Status::Ok();
  });
}

template <class T>
T MapInteger(ir::OpKind kind, T x) {
  const auto clamp = [x](int low, int high) {
    if (std::is_signed_v<T> && x < static_cast<T>(low)) return static_cast<T>(low);
    return x > static_cast<T>(high) ? static_cast<T>(high) : x;
  };
  const auto bits = static_cast<std::uint64_t>(x);
  const bool negative = std::is_signed_v<T> && x < T{0};
  if (kind == kAbs) return negative ? static_cast<T>(0 - bits) : x;
  if (kind == kNeg) return static_cast<T>(0 - bits);
  if (kind == kSquare) return static_cast<T>(bits * bits);
  if (kind == kSign) return negative ? static_cast<T>(-1) : static_cast<T>(x == T{0} ? 0 : 1);
  if (kind == kRelu) return negative ? T{0} : x;
  if (kind == kReluN1To1) return clamp(-1, 1);
  if (kind == kRelu6) return clamp(0, 6);
  if (kind == kRelu0To1) return clamp(0, 1);
  return x;  // FLOOR, CEIL, ROUND, core.ROUND_AWAY
}

bool HasIntegerForm(ir::OpKind kind) {
  constexpr ir::OpKind kKinds[] = {kAbs,   kNeg,   kSquare, kSign,          kRelu,     kReluN1To1,
                                   kRelu6, kFloor, kCeil,   kCoreRoundAway, kRelu0To1, kRound};
  return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

Status RunUnary(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedUnary(context);
  const ir::DType dtype = context.input(0).dtype();
  if (!ir::IsFloat(dtype) && HasIntegerForm(context.kind)) {
    return VisitIntegers(context, dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      const std::span<const T> from = context.input(0).values<T>();
      const std::span<T> to = context.result().mutable_values<T>();
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = MapInteger(context.kind, from[i]);
      return Status::Ok();
    });
  }
  const auto* row = std::find_if(std::begin(kFloatFunctions), std::end(kFloatFunctions),
                                 [&](const FloatRow& r) { return r.kind == context.kind; });
  SMELT_CHECK(row != std::end(kFloatFunctions));
  return MapFloats(context, row->f);
}

Status RunGelu(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedUnary(context);
  return MapFloats(context, context.attrs.Bool("approximate") ? &GeluTanh : &Gelu);
}

Status RunLeakyRelu(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedUnary(context);
  // The attribute is an f32 of the file.
  const auto alpha = static_cast<double>(static_cast<float>(context.attrs.Float("alpha")));
  return MapFloats(context, [alpha](double x) { return x < 0 ? x * alpha : x; });
}

}  // namespace

std::span<const KernelRow> UnaryKernels() {
  static constexpr KernelRow kRows[] = {{kAbs, &RunUnary, false, Quantized::kRead},
                                        {kNeg, &RunUnary, false, Quantized::kRead},
                                        {kSquare, &RunUnary, false, Quantized::kRead},
                                        {kSign, &RunUnary, false, Quantized::kRead},
                                        {kFloor, &RunUnary, false, Quantized::kRead},
                                        {kCeil, &RunUnary, false, Quantized::kRead},
                                        {kRound, &RunUnary, false, Quantized::kRead},
                                        {kCoreRoundAway, &RunUnary, false, Quantized::kRead},
                                        {kRelu, &RunUnary, false, Quantized::kRead},
                                        {kReluN1To1, &RunUnary, false, Quantized::kRead},
                                        {kRelu6, &RunUnary, false, Quantized::kRead},
                                        {kRelu0To1, &RunUnary, false, Quantized::kRead},
                                        {kExp, &RunUnary, false, Quantized::kRead},
                                        {kLog, &RunUnary, false, Quantized::kRead},
                                        {kSqrt, &RunUnary, false, Quantized::kRead},
                                        {kRsqrt, &RunUnary, false, Quantized::kRead},
                                        {kSin, &RunUnary, false, Quantized::kRead},
                                        {kCos, &RunUnary, false, Quantized::kRead},
                                        {kTanh, &RunUnary, false, Quantized::kRead},
                                        {kLogistic, &RunUnary, false, Quantized::kRead},
                                        {kElu, &RunUnary, false, Quantized::kRead},
                                        {kHardSwish, &RunUnary, false, Quantized::kRead},
                                        {kCoreErf, &RunUnary, false, Quantized::kRead},
                                        {kGelu, &RunGelu, false, Quantized::kRead},
                                        {kLeakyRelu, &RunLeakyRelu, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
