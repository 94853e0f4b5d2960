// What became of a model's weights when they were to be stored as integers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace smelt::passes {

struct WeightSummary {
  struct Kept {
    std::string tensor;
    std::string op;  // the first that reads it, "CONV_2D"
    std::int64_t elements = 0;
    std::string why;
  };
  std::uint32_t quantized = 0;        // constants
  std::uint64_t float_bytes = 0;      // of these, before
  std::uint64_t quantized_bytes = 0;  // and after, without scales
  std::vector<Kept> kept;             // float32 still; largest first
};

}  // namespace smelt::passes
