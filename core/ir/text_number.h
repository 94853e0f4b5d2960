// Numbers and strings of the IR's text form, each printed so that it reads back as the same value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace smelt::ir {

// Shortest text that reads back as `value`; always with a point, an exponent or letters, so that
// floats and integers differ: "1.0", "1e+30", "inf", "nan".
std::string FloatText(double value);
// The same for a float's own shortest text.
std::string FloatText(float value);

// "..." with \" \\ \n and \xHH escapes; bytes above 0x7f are kept.
std::string QuotedText(std::string_view value);
// `value` itself when it is a word that needs no quotes, else quoted.
std::string WordText(std::string_view value);
bool IsWordStart(char c);
bool IsWordPart(char c);

std::string HexText(ByteSpan bytes);

}  // namespace smelt::ir
