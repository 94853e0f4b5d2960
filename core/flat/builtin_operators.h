// The names of TFLite's builtin operators, also of those that the IR has no kind for: for reading
// files that others wrote. Constant data; safe to read from any thread.
#pragma once

#include <string_view>

namespace smelt::flat {

inline constexpr int kCustomOperator = 32;  // named by its custom_code

// "CONV_2D"; empty for a number that the format's revision 3d does not name.
std::string_view BuiltinOperatorName(int code);

}  // namespace smelt::flat
