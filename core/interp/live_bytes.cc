#include "core/interp/live_bytes.h"

#include <string>

namespace smelt::interp {

Status LiveBytes::Reserve(std::uint64_t more) const {
  if (limit_ == 0 || (more <= limit_ && total_ <= limit_ - more)) return {};
  return {Reason::kTensorTooLarge, "evaluation needs " + std::to_string(more) + " bytes beside " +
                                       std::to_string(total_) + " in use; the limit is " +
                                       std::to_string(limit_)};
}

void LiveBytes::Hold(const Tensor& tensor) {
  if (tensor.bytes().empty()) return;
  if (++holders_[tensor.bytes().data()] == 1) total_ += tensor.bytes().size();
}

void LiveBytes::Release(const Tensor& tensor) {
  if (tensor.bytes().empty()) return;
  const auto found = holders_.find(tensor.bytes().data());
  SMELT_CHECK(found != holders_.end());
  if (--found->second > 0) return;
  holders_.erase(found);
  total_ -= tensor.bytes().size();
}

}  // namespace smelt::interp
