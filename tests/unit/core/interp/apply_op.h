// Short ways to make tensors and to apply one operator on them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <optional>
#include <vector>

#include "core/interp/evaluate.h"
#include "core/ir/half.h"

namespace smelt::interp::testing {

using ir::Attributes;
using ir::DType;
using ir::OpKind;
using Sizes = std::vector<std::int64_t>;

template <class T>
Tensor Make(DType dtype, Sizes shape, const std::vector<T>& values) {
  Tensor tensor = Tensor::Zeros(dtype, std::move(shape));
  EXPECT_EQ(static_cast<std::size_t>(tensor.element_count()), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) tensor.mutable_values<T>()[i] = values[i];
  return tensor;
}
inline Tensor F32(Sizes shape, const std::vector<float>& values) {
  return Make<float>(DType::kF32, std::move(shape), values);
}
inline Tensor F64(Sizes shape, const std::vector<double>& values) {
  return Make<double>(DType::kF64, std::move(shape), values);
}
inline Tensor I32(Sizes shape, const std::vector<std::int32_t>& values) {
  return Make<std::int32_t>(DType::kI32, std::move(shape), values);
}
inline Tensor I64(Sizes shape, const std::vector<std::int64_t>& values) {
  return Make<std::int64_t>(DType::kI64, std::move(shape), values);
}
inline Tensor I8(Sizes shape, const std::vector<std::int8_t>& values) {
  return Make<std::int8_t>(DType::kI8, std::move(shape), values);
}
inline Tensor U8(Sizes shape, const std::vector<std::uint8_t>& values) {
  return Make<std::uint8_t>(DType::kU8, std::move(shape), values);
}
inline Tensor Bools(Sizes shape, const std::vector<bool>& values) {
  Tensor tensor = Tensor::Zeros(DType::kBool, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) tensor.mutable_values<bool>()[i] = values[i];
  return tensor;
}
inline Tensor F16(Sizes shape, const std::vector<float>& values) {
  Tensor tensor = Tensor::Zeros(DType::kF16, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) {
    tensor.mutable_values<ir::Half>()[i] = ir::Half::From(values[i]);
  }
  return tensor;
}

// 0, step, 2 * step, ...
inline Tensor Ramp(Sizes shape, float step = 1.0F, float start = 0.0F) {
  Tensor tensor = Tensor::Zeros(DType::kF32, std::move(shape));
  float value = start;
  for (float& element : tensor.mutable_values<float>()) {
    element = value;
    value += step;
  }
  return tensor;
}

// A default-constructed optional is an absent operand.
inline Result<std::vector<Tensor>> TryApply(OpKind kind, const Attributes& attrs,
                                            const std::vector<std::optional<Tensor>>& inputs,
                                            Kernels kernels = Kernels::kPlain) {
  std::vector<const Tensor*> pointers;
  for (const auto& input : inputs) pointers.push_back(input ? &*input : nullptr);
  EvaluateOptions options;
  options.kernels = kernels;
  return EvaluateOp(ir::Module(), kind, attrs, pointers, options);
}

// The first result; a failure of the test when there is none.
inline Tensor Apply(OpKind kind, const Attributes& attrs,
                    const std::vector<std::optional<Tensor>>& inputs,
                    Kernels kernels = Kernels::kPlain) {
  auto results = TryApply(kind, attrs, inputs, kernels);
  if (!results.ok() || results->empty()) {
    ADD_FAILURE() << results.status().ToString();
    return Tensor();
  }
  return (*results)[0];
}

inline Reason WhyNot(OpKind kind, const Attributes& attrs,
                     const std::vector<std::optional<Tensor>>& inputs) {
  return TryApply(kind, attrs, inputs).status().reason();
}

template <class T>
std::vector<T> ValuesOf(const Tensor& tensor) {
  const std::span<const T> values = tensor.values<T>();
  return {values.begin(), values.end()};
}
inline std::vector<float> Floats(const Tensor& tensor) { return ValuesOf<float>(tensor); }
inline std::vector<std::int32_t> Ints(const Tensor& tensor) {
  return ValuesOf<std::int32_t>(tensor);
}
inline std::vector<float> Halves(const Tensor& tensor) {
  std::vector<float> values;
  for (const ir::Half half : tensor.values<ir::Half>()) values.push_back(static_cast<float>(half));
  return values;
}

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInf = std::numeric_limits<float>::infinity();

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::FloatNear;
using ::testing::IsEmpty;
using ::testing::IsNan;
using ::testing::Pointwise;

}  // namespace smelt::interp::testing
