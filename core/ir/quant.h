// Quantization parameters of a value: real = scale * (q - zero_point).
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace smelt::ir {

struct QuantParams {
  std::vector<float> scale;              // one, or one per index of `axis`
  std::vector<std::int64_t> zero_point;  // as many as scale
  int axis = 0;                          // moves with its dimension when a value is transposed
  bool empty() const { return scale.empty(); }
  friend bool operator==(const QuantParams&, const QuantParams&) = default;
};

// A value's parameters, or none. Values that are copies of each other share them, and the many
// that have none stay small.
class Quant {
 public:
  Quant() = default;
  Quant(QuantParams params)  // NOLINT: parameters are a quantization
      : params_(params.empty() ? nullptr : std::make_shared<const QuantParams>(std::move(params))) {
  }

  bool empty() const { return params_ == nullptr; }
  const QuantParams& operator*() const {
    static const QuantParams none;
    return params_ == nullptr ? none : *params_;
  }
  const QuantParams* operator->() const { return &**this; }
  friend bool operator==(const Quant& a, const Quant& b) { return *a == *b; }

 private:
  std::shared_ptr<const QuantParams> params_;  // null: none
};

}  // namespace smelt::ir
