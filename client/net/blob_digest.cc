#include "client/net/blob_digest.h"

#include <charconv>
#include <cstdint>

namespace smelt::client {

v1::Digest ToWire(const Digest& digest) {
  v1::Digest wire;
  wire.set_sha256(digest.Hex());
  wire.set_size_bytes(digest.size_bytes);
  return wire;
}

Result<Digest> FromWire(const v1::Digest& digest) {
  return Digest::FromHex(digest.sha256(), digest.size_bytes());
}

std::string BlobName(const Digest& digest) {
  return digest.Hex() + "/" + std::to_string(digest.size_bytes);
}

Result<Digest> ParseBlobName(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    return Status(Reason::kInvalidDigest, "a blob is named SHA256/SIZE");
  }
  const std::string_view digits = name.substr(slash + 1);
  std::uint64_t size_bytes = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), size_bytes);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Status(Reason::kInvalidDigest, "the size in a blob's name is not a number of bytes");
  }
  return Digest::FromHex(name.substr(0, slash), size_bytes);
}

}  // namespace smelt::client
