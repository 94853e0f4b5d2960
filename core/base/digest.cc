#include "core/base/digest.h"

#include <openssl/evp.h>

namespace smelt {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  SMELT_CHECK(state_->context != nullptr);
  SMELT_CHECK(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Update(ByteSpan bytes) {
  SMELT_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
  size_bytes_ += bytes.size();
}

Digest Hasher::Finish() {
  Digest digest;
  unsigned int length = 0;
  SMELT_CHECK(EVP_DigestFinal_ex(state_->context, digest.sha256.data(), &length) == 1);
  digest.size_bytes = size_bytes_;
  return digest;
}

std::string Digest::Hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * sha256.size());
  for (std::uint8_t byte : sha256) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

Result<Digest> Digest::FromHex(std::string_view hex, std::uint64_t size_bytes) {
  Digest digest;
  digest.size_bytes = size_bytes;
  if (hex.size() != 2 * digest.sha256.size()) {
    return Status(Reason::kInvalidDigest,
                  "a digest has 64 hexadecimal digits, found " + std::to_string(hex.size()));
  }
  for (std::size_t i = 0; i < digest.sha256.size(); ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return Status(Reason::kInvalidDigest, "a digest has lower-case hexadecimal digits only");
    }
    digest.sha256[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

Digest Digest::Of(ByteSpan bytes) {
  Hasher hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

}  // namespace smelt
