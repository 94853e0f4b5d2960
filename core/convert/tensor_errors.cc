#include "core/convert/tensor_errors.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "core/ir/element_cast.h"
#include "core/ir/symbols.h"

namespace smelt {
namespace {

constexpr std::int64_t kBlock = 1 << 14;  // elements compared at a time

// What the elements stand for, in double.
ir::Constant AsReals(const interp::Tensor& tensor) {
  ir::Constant reals = tensor.ToConstant().Cast(ir::DType::kF64);
  const ir::Quant& quant = tensor.quant();
  if (quant.empty() || ir::IsFloat(tensor.dtype())) return reals;
  auto shifts = std::make_shared<std::vector<double>>();
  for (const std::int64_t zero : quant->zero_point) shifts->push_back(-static_cast<double>(zero));
  const int axis = quant->scale.size() == 1 ? -1 : quant->axis;
  auto scales = std::make_shared<std::vector<double>>(quant->scale.begin(), quant->scale.end());
  return reals
      .WithStep({.kind = ir::ConstantStep::Kind::kAdd, .axis = axis, .values = std::move(shifts)})
      .WithStep(
          {.kind = ir::ConstantStep::Kind::kMultiply, .axis = axis, .values = std::move(scales)});
}

// With axis i of the result the one that `order` gives the number i.
ir::Constant InOrder(const ir::Constant& reals, std::span<const int> order) {
  if (order.empty()) return reals;
  std::vector<int> permutation(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    permutation[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  }
  return reals.Transposed(permutation);
}

bool SameShape(const interp::Tensor& reference, const interp::Tensor& actual,
               std::span<const int> order) {
  if (order.empty()) return reference.shape() == actual.shape();
  const auto rank = static_cast<std::size_t>(reference.rank());
  if (order.size() != rank || actual.shape().size() != rank) return false;
  for (std::size_t i = 0; i < rank; ++i) {
    if (actual.shape()[i] != reference.dim(order[i])) return false;
  }
  return true;
}

bool HasReals(const interp::Tensor& tensor) {
  return ir::IsNumeric(tensor.dtype()) &&
         (tensor.quant().empty() ||
          tensor.quant()->zero_point.size() == tensor.quant()->scale.size());
}

bool AreWide(const interp::Tensor& tensor) {
  return tensor.dtype() == ir::DType::kI64 || tensor.dtype() == ir::DType::kU64;
}

// Of integers that doubles don't tell apart, in one order: how many are not equal.
std::uint64_t DifferentBits(const interp::Tensor& reference, const interp::Tensor& actual) {
  const auto left = reference.values<std::uint64_t>();
  const auto right = actual.values<std::uint64_t>();
  std::uint64_t different = 0;
  for (std::size_t i = 0; i < left.size(); ++i) different += left[i] != right[i] ? 1 : 0;
  return different;
}

// Follows one side along a row, and says where its largest element is.
class LargestOfRow {
 public:
  void Look(std::span<const double> piece, std::int64_t begin) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
      has_nan_ = has_nan_ || std::isnan(piece[i]);
      if (place_ >= 0 && !(piece[i] > value_)) continue;
      value_ = piece[i];
      place_ = begin + static_cast<std::int64_t>(i);
    }
  }
  bool has_nan() const { return has_nan_; }
  std::int64_t place() const { return place_; }

 private:
  double value_ = 0;
  std::int64_t place_ = -1;
  bool has_nan_ = false;
};

// Reads both, piece by piece.
class PairReader {
 public:
  PairReader(ir::Constant reference, ir::Constant actual, std::int64_t piece)
      : reference_(std::move(reference)),
        actual_(std::move(actual)),
        left_(static_cast<std::size_t>(piece)),
        right_(left_.size()) {}

  // At most a piece.
  void Read(std::int64_t begin, std::int64_t count) {
    count_ = static_cast<std::size_t>(count);
    reference_.Read(begin, count, reinterpret_cast<std::byte*>(left_.data()));
    actual_.Read(begin, count, reinterpret_cast<std::byte*>(right_.data()));
  }
  std::span<const double> reference() const { return std::span(left_).first(count_); }
  std::span<const double> actual() const { return std::span(right_).first(count_); }

 private:
  ir::Constant reference_, actual_;
  std::vector<double> left_, right_;
  std::size_t count_ = 0;
};

}  // namespace

std::optional<TensorErrors> CompareTensors(const interp::Tensor& reference,
                                           const interp::Tensor& actual, std::span<const int> order,
                                           report::ErrorSums* pool) {
  if (!SameShape(reference, actual, order) || !HasReals(reference) || !HasReals(actual)) {
    return std::nullopt;
  }
  const std::int64_t count = reference.element_count();
  PairReader pairs(AsReals(reference), InOrder(AsReals(actual), order), std::min(count, kBlock));
  report::ErrorSums sums;
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    pairs.Read(begin, std::min(kBlock, count - begin));
    sums.Add(pairs.reference(), pairs.actual());
    if (pool != nullptr) pool->Add(pairs.reference(), pairs.actual());
  }
  const bool exact = !ir::IsFloat(reference.dtype()) && reference.quant().empty();
  TensorErrors errors{sums.Metrics(), exact, sums.is_uniform()};
  if (exact && order.empty() && AreWide(reference) && reference.dtype() == actual.dtype()) {
    errors.metrics.different = DifferentBits(reference, actual);
  }
  return errors;
}

std::optional<Top1> CompareTop1(const interp::Tensor& reference, const interp::Tensor& actual) {
  const int rank = reference.rank();
  if (!ir::IsFloat(reference.dtype()) || rank < 1 || rank > 3 || reference.dim(rank - 1) < 2) {
    return std::nullopt;
  }
  const std::int64_t size = reference.dim(rank - 1);
  PairReader pairs(AsReals(reference), AsReals(actual), std::min(size, kBlock));
  Top1 top1;
  for (std::int64_t row = 0; row < reference.element_count(); row += size) {
    LargestOfRow wanted, found;
    for (std::int64_t begin = 0; begin < size; begin += kBlock) {
      pairs.Read(row + begin, std::min(kBlock, size - begin));
      wanted.Look(pairs.reference(), begin);
      found.Look(pairs.actual(), begin);
    }
    if (wanted.has_nan() || found.has_nan()) continue;
    ++top1.rows;
    top1.agreeing += wanted.place() == found.place() ? 1 : 0;
  }
  return top1;
}

std::string TypeText(const interp::Tensor& tensor) {
  const ir::SymbolTable symbols;
  return symbols.Text(ir::TensorType{tensor.dtype(), ir::Shape::Of(tensor.shape())});
}

}  // namespace smelt
