// The first runtime release that knows an operator version, for the `min_runtime_version` metadata.
#pragma once

#include <string>
#include <string_view>

#include "core/ir/op_kind.h"

namespace smelt::tflite_export {

// "2.5"; empty for a pair that the number line does not list.
std::string_view RuntimeVersionOf(ir::OpKind kind, int version);

// The same by the builtin's number, also for operators that the IR has no kind for.
std::string_view RuntimeVersionOfBuiltin(int code, int version);

// True when `a` is an older release than `b`: components compared as integers, absent ones are 0.
bool OlderRuntime(std::string_view a, std::string_view b);

}  // namespace smelt::tflite_export
