#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

TEST(ShareEqual, EqualOperatorsAreOneAlsoInChains) {
  ExpectPass(ShareEqual, R"(graph @main(%x "x": f32[N,4]) {
    %s = SHAPE(%x) {out_type="i32"} : i32[2] from {0}
    %b = const i32[1] [0]
    %c = const i32[1] [1]
    %n = SLICE(%s, %b, %c) : i32[1] from {0}
    %t = SHAPE(%x) {out_type="i32"} : i32[2] from {1}
    %d = const i32[1] [0]
    %e = const i32[1] [1]
    %m = SLICE(%t, %d, %e) : i32[1] from {1}
    %y = ADD(%n, %m) {fused_activation_function="NONE"} : i32[1] from {2}
    return %y
  })",
             R"(graph @main(%x "x": f32[N,4]) {
    %s = SHAPE(%x) {out_type="i32"} : i32[2] from {0, 1}
    %b = const i32[1] [0]
    %c = const i32[1] [1]
    %n = SLICE(%s, %b, %c) : i32[1] from {0, 1}
    %y = ADD(%n, %n) {fused_activation_function="NONE"} : i32[1] from {2}
    return %y
  })",
             2);
}

TEST(ShareEqual, OperandsAttributesAndTypesMatter) {
  ExpectUnchanged(ShareEqual, R"(graph @main(%x "x": f32[4], %z "z": f32[4]) {
    %a = NEG(%x) : f32[4] from {0}
    %b = NEG(%z) : f32[4] from {0}
    %c = SUB(%x, %z) {fused_activation_function="NONE"} : f32[4] from {0}
    %d = SUB(%z, %x) {fused_activation_function="NONE"} : f32[4] from {0}
    %e = SUB(%x, %z) {fused_activation_function="RELU"} : f32[4] from {0}
    %one = const f32[] [1]
    %two = const f32[1] [1]
    %f = MUL(%x, %one) {fused_activation_function="NONE"} : f32[4] from {0}
    %g = MUL(%x, %two) {fused_activation_function="NONE"} : f32[4] from {0}
    return %a, %b, %c, %d, %e, %f, %g
  })");
}

// Equal bytes of other scales are other numbers.
TEST(ShareEqual, QuantizationOfConstantsMatters) {
  ExpectUnchanged(ShareEqual, R"(graph @main(%x "x": i8[4] quant(axis=0, scale=[1.0], zero=[0])) {
    %one = const i8[] quant(axis=0, scale=[0.5], zero=[0]) [1]
    %two = const i8[] quant(axis=0, scale=[0.25], zero=[0]) [1]
    %f = MUL(%x, %one) {fused_activation_function="NONE"} : i8[4] quant(axis=0, scale=[1.0], zero=[0]) from {0}
    %g = MUL(%x, %two) {fused_activation_function="NONE"} : i8[4] quant(axis=0, scale=[1.0], zero=[0]) from {0}
    %y = ADD(%f, %g) {fused_activation_function="NONE"} : i8[4] quant(axis=0, scale=[2.0], zero=[0]) from {0}
    return %y
  })");
}

TEST(ShareEqual, ResultsOfTheGraphKeepTheirTensors) {
  ExpectUnchanged(ShareEqual, R"(graph @main(%x "x": f32[4]) {
    %a "a" = NEG(%x) : f32[4] from {0}
    %b "b" = NEG(%x) : f32[4] from {1}
    return %a, %b
  })");
}

}  // namespace
}  // namespace smelt::passes
