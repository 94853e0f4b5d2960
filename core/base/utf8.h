// UTF-8: what reports, messages and protobuf's strings demand of every text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smelt {

bool IsUtf8(std::string_view text);
// The text with each byte that is no part of valid UTF-8 replaced by '?'.
std::string ToUtf8(std::string_view text);
// At most `limit` bytes of valid UTF-8, cut between characters.
std::string ClipUtf8(std::string_view text, std::size_t limit);

}  // namespace smelt
