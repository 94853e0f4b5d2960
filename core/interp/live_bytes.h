// LiveBytes: how much memory the tensors of one evaluation hold together. A buffer that several
// tensors share counts once; bytes that belong to the model don't count. Not thread safe.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "core/base/status.h"
#include "core/interp/tensor.h"

namespace smelt::interp {

class LiveBytes {
 public:
  explicit LiveBytes(std::uint64_t limit) : limit_(limit) {}  // 0: unlimited

  // kTensorTooLarge when `more` bytes beside what is held would pass the limit.
  Status Reserve(std::uint64_t more) const;
  void Hold(const Tensor& tensor);
  void Release(const Tensor& tensor);  // once for each Hold
  std::uint64_t total() const { return total_; }

 private:
  std::uint64_t limit_;
  std::uint64_t total_ = 0;
  std::unordered_map<const std::byte*, std::uint64_t> holders_;
};

}  // namespace smelt::interp
