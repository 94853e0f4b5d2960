#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

TEST(PrepareSizes, CutsAndViewsOfSizesUseOperatorsThatRunEarly) {
  ExpectPass(PrepareSizes,
             R"(graph @main(%x "x": f32[N,4]) {
    %s = SHAPE(%x) {out_type="i32"} : i32[2] from {0}
    %b = const i32[1] [1]
    %c = const i32[1] [1]
    %n = SLICE(%s, %b, %c) : i32[1] from {0}
    %axis = const i32[] [0]
    %p, %q = SPLIT(%axis, %s) {num_splits=2} : i32[1], i32[1] from {1}
    %m = MUL(%n, %q) {fused_activation_function="NONE"} : i32[1] from {1}
    %y "y" = EXPAND_DIMS(%m, %axis) : i32[1,1] from {2}
    return %y, %p
  })",
             R"(graph @main(%x "x": f32[N,4]) {
    %s = SHAPE(%x) {out_type="i32"} : i32[2] from {0}
    %c0 = const i32[1] [0]
    %c1 = const i32[1] [1]
    %c2 = const i32[1] [2]
    %n = STRIDED_SLICE(%s, %c1, %c2, %c1) : i32[1] from {0}
    %p = STRIDED_SLICE(%s, %c0, %c1, %c1) : i32[1] from {1}
    %q = STRIDED_SLICE(%s, %c1, %c2, %c1) : i32[1] from {1}
    %m = MUL(%n, %q) {fused_activation_function="NONE"} : i32[1] from {1}
    %r = const i32[2] [1, 1]
    %y "y" = RESHAPE(%m, %r) {new_shape=[1, 1]} : i32[1,1] from {2}
    return %y, %p
  })",
             3);
}

// What the data computes is not known before the run, whatever computes it.
TEST(PrepareSizes, DataStaysAsItIs) {
  ExpectUnchanged(PrepareSizes, R"(graph @main(%x "x": i32[N,4], %n "n": i32[2]) {
    %b = const i32[1] [1]
    %a = SLICE(%n, %b, %b) : i32[1] from {0}
    %s = SHAPE(%x) {out_type="i32"} : i32[2] from {0}
    %m = MUL(%s, %n) {fused_activation_function="NONE"} : i32[2] from {1}
    %y "y" = SLICE(%m, %b, %b) : i32[1] from {1}
    return %a, %y
  })");
}

// Behind an addition nothing is known early, so nothing is gained.
TEST(PrepareSizes, StopsWhereAnOperatorRunsLate) {
  ExpectUnchanged(PrepareSizes, R"(graph @main(%x "x": f32[N,4]) {
    %b = const i32[1] [1]
    %s = SHAPE(%x) {out_type="i32"} : i32[2] from {0}
    %m = ADD(%s, %b) {fused_activation_function="NONE"} : i32[2] from {1}
    %y "y" = SLICE(%m, %b, %b) : i32[1] from {1}
    return %y
  })");
}

// SLICE of a tensor with an open axis is dynamic in LiteRT, and not delegated.
TEST(PrepareSizes, CutsOfOpenTensorsAreStrided) {
  ExpectPass(PrepareSizes,
             R"(graph @main(%x "x": i32[N,4], %f "f": f32[N,4], %k "k": i32[3,4]) {
    %b = const i32[2] [0, 1]
    %s = const i32[2] [-1, 2]
    %p "p" = SLICE(%x, %b, %s) : i32[N,2] from {0}
    %q "q" = SLICE(%f, %b, %s) : f32[N,2] from {0}
    %r "r" = SLICE(%k, %b, %s) : i32[3,2] from {0}
    return %p, %q, %r
  })",
             R"(graph @main(%x "x": i32[N,4], %f "f": f32[N,4], %k "k": i32[3,4]) {
    %b = const i32[2] [0, 1]
    %s = const i32[2] [-1, 2]
    %c = const i32[2] [0, 1]
    %e = const i32[2] [0, 3]
    %o = const i32[2] splat [1]
    %p "p" = STRIDED_SLICE(%x, %c, %e, %o) {end_mask=1} : i32[N,2] from {0}
    %g = const i32[2] [0, 1]
    %h = const i32[2] [0, 3]
    %i = const i32[2] splat [1]
    %q "q" = STRIDED_SLICE(%f, %g, %h, %i) {end_mask=1} : f32[N,2] from {0}
    %r "r" = SLICE(%k, %b, %s) : i32[3,2] from {0}
    return %p, %q, %r
  })",
             2);
}

}  // namespace
}  // namespace smelt::passes
