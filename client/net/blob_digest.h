// Digests on the wire and as text.
#pragma once

#include <string>
#include <string_view>

#include "core/base/digest.h"
#include "smelt/v1/blobs.pb.h"

namespace smelt::client {

v1::Digest ToWire(const Digest& digest);
// kInvalidDigest.
Result<Digest> FromWire(const v1::Digest& digest);

// "SHA256/SIZE", as `smelt put` prints it and `smelt get` takes it.
std::string BlobName(const Digest& digest);
Result<Digest> ParseBlobName(std::string_view name);  // kInvalidDigest

}  // namespace smelt::client
