#include "core/calibrate/input_data.h"

#include <numeric>
#include <span>
#include <utility>

#include "core/calibrate/element_types.h"
#include "core/ir/constant.h"

namespace smelt::calibrate {
namespace {

Status Named(const Status& status, const std::string& name) {
  return Status(status.reason(), name + ": " + std::string(status.message()),
                std::string(status.hint()));
}

std::string TypeText(ir::DType dtype, std::span<const std::int64_t> shape) {
  std::string text = std::string(ir::DTypeName(dtype)) + "[";
  for (const std::int64_t size : shape) {
    if (text.back() != '[') text += ',';
    text += std::to_string(size);
  }
  return text + "]";
}

}  // namespace

InputData::InputData(std::string name, ir::TensorType type, std::vector<int> permutation)
    : name_(std::move(name)), type_(std::move(type)), permutation_(std::move(permutation)) {
  data_axes_.resize(static_cast<std::size_t>(type_.shape.rank()));
  std::iota(data_axes_.begin(), data_axes_.end(), 0);
  for (std::size_t to = 0; to < permutation_.size(); ++to) {
    data_axes_[static_cast<std::size_t>(permutation_[to])] = static_cast<int>(to);
  }
}

std::optional<std::int64_t> InputData::SizeOf(int axis) const {
  const ir::Dim dim = type_.shape.dim(data_axes_[static_cast<std::size_t>(axis)]);
  if (!dim.is_static()) return std::nullopt;
  return dim.value();
}

std::string InputData::Expected() const {
  std::string text = std::string(ir::DTypeName(type_.dtype)) + "[";
  for (int axis = 0; axis < type_.shape.rank(); ++axis) {
    if (axis > 0) text += ',';
    const auto size = SizeOf(axis);
    text += size ? std::to_string(*size) : "?";
  }
  return text + "]";
}

Result<ArrayReader> InputData::Open(const ArrayPlace& place) {
  auto reader = place.raw             ? ArrayReader::OpenRaw(place.file, *place.raw)
                : place.entry.empty() ? ArrayReader::OpenNpy(place.file)
                                      : ArrayReader::OpenNpz(place.file, place.entry);
  if (!reader.ok()) return Named(reader.status(), place.name);
  return reader;
}

Result<InputData::Array> InputData::PlanRaw(const ArrayHeader& header) const {
  Array array;
  std::int64_t elements = 1;
  for (int axis = 0; axis < type_.shape.rank(); ++axis) {
    const auto known = SizeOf(axis);
    if (!known && axis > 0) {
      return Status(Reason::kCalibrationDataInvalid,
                    "input \"" + name_ + "\" is " + Expected() +
                        ": how many elements a sample has is not known",
                    "Give the symbolic sizes values, or the data as .npy.");
    }
    array.sample_shape.push_back(known.value_or(1));
    if (__builtin_mul_overflow(elements, array.sample_shape.back(), &elements)) elements = 0;
  }
  if (elements <= 0 || header.element_count() % elements != 0) {
    return Status(Reason::kCalibrationDataInvalid,
                  "it has " + std::to_string(header.element_count()) +
                      " elements, which are no whole samples of input \"" + name_ + "\", " +
                      Expected());
  }
  array.samples = static_cast<std::uint64_t>(header.element_count() / elements);
  return array;
}

Result<InputData::Array> InputData::Plan(const ArrayHeader& header, bool is_raw) const {
  const Status no_fit(Reason::kCalibrationDataInvalid,
                      "an array of " + TypeText(header.dtype, header.shape) +
                          " holds no samples of input \"" + name_ + "\", " + Expected(),
                      "Samples come first: an axis of their own, or along the input's first one. "
                      "Of other element types those are taken that lose nothing.");
  if (!IsConvertible(header.dtype, type_.dtype)) return no_fit;
  if (is_raw) return PlanRaw(header);
  const auto rank = static_cast<std::size_t>(type_.shape.rank());
  Array array;
  if (header.shape.size() == rank + 1) {
    array.samples = static_cast<std::uint64_t>(header.shape[0]);
    array.sample_shape.assign(header.shape.begin() + 1, header.shape.end());
  } else if (header.shape.size() == rank && rank == 0) {
    array.samples = 1;
  } else if (header.shape.size() == rank) {
    const std::int64_t batch = SizeOf(0).value_or(1);
    if (batch == 0 || header.shape[0] % batch != 0) return no_fit;
    array.samples = static_cast<std::uint64_t>(header.shape[0] / batch);
    array.sample_shape = header.shape;
    array.sample_shape[0] = batch;
  } else {
    return no_fit;
  }
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const auto known = SizeOf(static_cast<int>(axis));
    if (known && *known != array.sample_shape[axis]) return no_fit;
  }
  return array;
}

Status InputData::Add(ArrayPlace place) {
  SMELT_ASSIGN_OR_RETURN(const ArrayReader reader, Open(place));
  auto array = Plan(reader.header(), place.raw.has_value());
  if (!array.ok()) return Named(array.status(), place.name);
  array->place = std::move(place);
  if (__builtin_add_overflow(sample_count_, array->samples, &sample_count_)) {
    return Status(Reason::kCalibrationDataInvalid, "there are too many samples");
  }
  arrays_.push_back(std::move(*array));
  return Status::Ok();
}

Result<interp::Tensor> InputData::Read(Array& array) {
  std::int64_t elements = 1;
  for (const std::int64_t size : array.sample_shape) elements *= size;
  SMELT_ASSIGN_OR_RETURN(interp::Tensor tensor, reader_->Read(elements));
  tensor = tensor.Reshaped(array.sample_shape);
  if (!permutation_.empty()) {
    tensor = interp::Tensor::FromConstant(tensor.ToConstant().Transposed(permutation_));
  }
  return Converted(tensor, type_.dtype);
}

Result<interp::Tensor> InputData::Next() {
  while (taken_ == arrays_[current_].samples) {
    reader_.reset();
    taken_ = 0;
    ++current_;
    SMELT_CHECK(current_ < arrays_.size());
  }
  Array& array = arrays_[current_];
  if (!reader_) {
    SMELT_ASSIGN_OR_RETURN(reader_, Open(array.place));
  }
  ++taken_;
  auto tensor = Read(array);
  if (!tensor.ok()) return Named(tensor.status(), array.place.name);
  return tensor;
}

}  // namespace smelt::calibrate
