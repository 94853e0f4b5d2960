// The text form of a module: for tests, for --dump and for people. Print and Parse are inverse:
// Parse(Print(m)) is equal to m (constants by value: views are evaluated when printed in full).
//
//   module {
//     source 0 "conv1" Conv opset 13 path ""
//     symbol N "x" 0
//     graph @main(%0 "x": f32[N,3,8,8]) {
//       %1 = const f32[4,3,3,3] hex"..."
//       %2 = CONV_2D(%0, %1, %b) {padding="VALID", stride_h=1} : f32[N,6,6,4] from {0}
//       return %2
//     }
//     signature "serving_default" @main ("x") -> ("y")
//   }
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/ir/module.h"

namespace smelt::ir {

struct PrintOptions {
  bool constants = true;  // false: payloads of more than 16 elements are elided; not parseable
};

std::string Print(const Module& module, const PrintOptions& options = {});
// The attributes as Print writes them: `padding="SAME", stride_h=1`.
std::string PrintAttributes(const Attributes& attrs);
// kInvalidArgument with the line number.
Result<Module> Parse(std::string_view text);
// Structure, names, attributes, origins, quantization and constant values.
bool Equal(const Module& a, const Module& b);
// The same of two graphs of a module, whatever they are called and come from.
bool Equal(const Module& module, GraphId a, GraphId b);

}  // namespace smelt::ir
