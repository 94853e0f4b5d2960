#include "core/convert/port_numbers.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace smelt {
namespace {

bool HasOneScale(const ir::Quant& quant) { return quant->scale.size() == 1; }

template <class T>
void Quantize(const interp::Tensor& from, const ir::QuantParams& params, interp::Tensor& to) {
  const auto zero = static_cast<double>(params.zero_point[0]);
  const auto integers = to.mutable_values<T>();
  const auto numbers = from.values<float>();
  for (std::size_t i = 0; i < integers.size(); ++i) {
    const double steps = std::round(static_cast<double>(numbers[i] / params.scale[0])) + zero;
    integers[i] = static_cast<T>(std::clamp<double>(std::isnan(steps) ? zero : steps,
                                                    std::numeric_limits<T>::min(),
                                                    std::numeric_limits<T>::max()));
  }
}

template <class T>
void Dequantize(const interp::Tensor& from, const ir::QuantParams& params, interp::Tensor& to) {
  const auto numbers = to.mutable_values<float>();
  const auto integers = from.values<T>();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = params.scale[0] * static_cast<float>(integers[i] - params.zero_point[0]);
  }
}

}  // namespace

interp::Tensor AsFed(const ir::Value& port, const interp::Tensor& tensor) {
  const ir::DType type = port.type.dtype;
  if (tensor.dtype() != ir::DType::kF32 || type == ir::DType::kF32 || !HasOneScale(port.quant)) {
    return tensor;
  }
  interp::Tensor fed = interp::Tensor::Zeros(type, tensor.shape());
  if (type == ir::DType::kI8) {
    Quantize<std::int8_t>(tensor, *port.quant, fed);
  } else if (type == ir::DType::kU8) {
    Quantize<std::uint8_t>(tensor, *port.quant, fed);
  } else if (type == ir::DType::kI16) {
    Quantize<std::int16_t>(tensor, *port.quant, fed);
  } else {
    return tensor;
  }
  fed.set_quant(port.quant);
  return fed;
}

std::vector<interp::Tensor> AsFed(const ir::Module& module, const ir::Signature& signature,
                                  const std::vector<interp::Tensor>& tensors) {
  const ir::Graph& graph = module.graph(signature.graph);
  std::vector<interp::Tensor> fed;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    fed.push_back(i < graph.inputs().size() ? AsFed(graph.value(graph.inputs()[i]), tensors[i])
                                            : tensors[i]);
  }
  return fed;
}

interp::Tensor AsNumbers(const interp::Tensor& tensor) {
  if (!HasOneScale(tensor.quant())) return tensor;
  interp::Tensor numbers = interp::Tensor::Zeros(ir::DType::kF32, tensor.shape());
  if (tensor.dtype() == ir::DType::kI8) {
    Dequantize<std::int8_t>(tensor, *tensor.quant(), numbers);
  } else if (tensor.dtype() == ir::DType::kU8) {
    Dequantize<std::uint8_t>(tensor, *tensor.quant(), numbers);
  } else if (tensor.dtype() == ir::DType::kI16) {
    Dequantize<std::int16_t>(tensor, *tensor.quant(), numbers);
  } else {
    return tensor;
  }
  return numbers;
}

}  // namespace smelt
