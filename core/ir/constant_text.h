// The payload of a constant in the text form: short ones as numbers, the others in hexadecimal, a
// single repeated element once.
//
//   [1, 2, 3]    splat [0.5]    hex"0000803f"
#pragma once

#include <string>

#include "core/ir/constant.h"
#include "core/ir/text_lexer.h"

namespace smelt::ir {

// With `full` false a payload of more than 16 elements is "...", which does not parse.
std::string ConstantText(const Constant& constant, bool full);

// Reads what ConstantText printed, for a constant of this type.
Result<Constant> ParseConstant(TextLexer& lexer, DType dtype, std::vector<std::int64_t> shape);

}  // namespace smelt::ir
