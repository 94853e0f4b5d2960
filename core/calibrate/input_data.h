// InputData: the samples of one input, out of its files. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/calibrate/array_reader.h"
#include "core/interp/tensor.h"
#include "core/ir/shape.h"

namespace smelt::calibrate {

// Where an array is.
struct ArrayPlace {
  std::string name;  // for messages
  SharedBytes file;
  std::string entry;             // of an NPZ file
  std::optional<ir::DType> raw;  // elements without a header
};

class InputData {
 public:
  // `permutation` of a sample's axes makes it what the input takes; empty: it is as it is.
  InputData(std::string name, ir::TensorType type, std::vector<int> permutation);

  const std::string& name() const { return name_; }
  // kCalibrationDataInvalid, kUnsupportedType: an array that does not fit, with its name.
  Status Add(ArrayPlace place);
  bool empty() const { return arrays_.empty(); }
  std::uint64_t sample_count() const { return sample_count_; }
  // Requires that it was called less than sample_count() times.
  Result<interp::Tensor> Next();

 private:
  struct Array {
    ArrayPlace place;
    std::vector<std::int64_t> sample_shape;
    std::uint64_t samples = 0;
  };
  static Result<ArrayReader> Open(const ArrayPlace& place);
  Result<Array> Plan(const ArrayHeader& header, bool is_raw) const;
  Result<Array> PlanRaw(const ArrayHeader& header) const;
  Result<interp::Tensor> Read(Array& array);
  std::string Expected() const;
  // The input's size along an axis of the data; none where it is symbolic.
  std::optional<std::int64_t> SizeOf(int axis) const;

  std::string name_;
  ir::TensorType type_;
  std::vector<int> permutation_;
  std::vector<int> data_axes_;  // the input's axis, by that of the data
  std::vector<Array> arrays_;
  std::uint64_t sample_count_ = 0;
  std::size_t current_ = 0;            // array
  std::uint64_t taken_ = 0;            // of its samples
  std::optional<ArrayReader> reader_;  // of it, once a sample was taken
};

}  // namespace smelt::calibrate
