// The options of a CUSTOM operator: a FlexBuffers map from attribute name to value, which kernels
// read with flexbuffers::GetRoot(options).AsMap(). The writer and the reader share it. Pure
// functions, safe from any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ir/attributes.h"

namespace smelt::flat {

// The attribute of the IR that names the operator; it is not among the options.
inline constexpr std::string_view kCustomCodeAttr = "custom_code";

// Integers, floating-point numbers, strings and typed vectors of numbers, under their names.
std::vector<std::uint8_t> EncodeCustomOptions(const ir::Attributes& attrs);

// The attributes that Encode wrote. kArtifactInvalid for other bytes; they may be hostile.
Result<ir::Attributes> DecodeCustomOptions(ByteSpan options);

}  // namespace smelt::flat
