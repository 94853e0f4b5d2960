// The options of a CUSTOM operator, or of a composite: a FlexBuffers map from attribute name to
// value, which kernels and delegates read with flexbuffers::GetRoot(options).AsMap(). The writer
// and the reader share it. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ir/attributes.h"

namespace smelt::flat {

// The attributes of the IR that name the operator; they are not among the options.
inline constexpr std::string_view kCustomCodeAttr = "custom_code";
inline constexpr std::string_view kCompositeNameAttr = "name";

// Integers, floating-point numbers, strings and typed vectors of numbers, under their names.
std::vector<std::uint8_t> EncodeCustomOptions(const ir::Attributes& attrs);

// The attributes that Encode wrote. kArtifactInvalid for other bytes; they may be hostile.
Result<ir::Attributes> DecodeCustomOptions(ByteSpan options);

// The same of a composite, with numbers in 32 bits: delegates read them in place as float.
std::vector<std::uint8_t> EncodeCompositeOptions(const ir::Attributes& attrs);
Result<ir::Attributes> DecodeCompositeOptions(ByteSpan options);

}  // namespace smelt::flat
