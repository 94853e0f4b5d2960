// ByteStream: bytes that are read one after another, from memory or out of an archive. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/status.h"

namespace smelt::calibrate {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // How many bytes there are in all, as far as is known before they are read.
  virtual std::uint64_t size_bytes() const = 0;
  // The next bytes: as many as `out` has, else kCalibrationDataInvalid.
  virtual Status Read(std::span<std::byte> out) = 0;
  // Once all were read: kCalibrationDataInvalid when something stands behind them, or when they are
  // not what their checksum says.
  virtual Status End() = 0;
};

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(SharedBytes bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size_bytes() const override { return bytes_.size(); }
  Status Read(std::span<std::byte> out) override {
    if (out.size() > bytes_.size() - at_) {
      return Status(Reason::kCalibrationDataInvalid, "the data end too early");
    }
    const ByteSpan from = bytes_.span().subspan(at_, out.size());
    std::copy(from.begin(), from.end(), out.begin());
    at_ += out.size();
    return Status::Ok();
  }
  Status End() override {
    if (at_ == bytes_.size()) return Status::Ok();
    return Status(Reason::kCalibrationDataInvalid, "something stands behind the array");
  }

 private:
  SharedBytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace smelt::calibrate
