// Digest: SHA-256 and size, the name of a blob. A value type; hashing is OpenSSL's.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace smelt {

struct Digest {
  std::array<std::uint8_t, 32> sha256{};
  std::uint64_t size_bytes = 0;

  // 64 lower-case hexadecimal digits, without the size.
  std::string Hex() const;
  // kInvalidDigest unless `hex` is 64 lower-case hexadecimal digits.
  static Result<Digest> FromHex(std::string_view hex, std::uint64_t size_bytes);
  static Digest Of(ByteSpan bytes);

  auto operator<=>(const Digest&) const = default;
};

// Hashes a stream. Not thread safe. Copyable state is not offered: resume by hashing again.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  void Update(ByteSpan bytes);
  Digest Finish();  // once; the hasher is spent afterwards
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace smelt
