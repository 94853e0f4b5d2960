#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

TEST(ExposeViews, OneGatheredPositionIsASlice) {
  ExpectPass(ExposeViews, R"(graph @main(%x "x": f32[N,3,4]) {
    %i = const i32[] [2]
    %y "y" = GATHER(%x, %i) {axis=1, batch_dims=0} : f32[N,4] from {0}
    return %y
  })",
             R"(graph @main(%x "x": f32[N,3,4]) {
    %b = const i32[3] [0, 2, 0]
    %s = const i32[3] [-1, 1, -1]
    %p = SLICE(%x, %b, %s) : f32[N,1,4] from {0}
    %t = const i32[2] [-1, 4]
    %y "y" = RESHAPE(%p, %t) {new_shape=[-1, 4]} : f32[N,4] from {0}
    return %y
  })",
             1);
}

// Sizes that nobody knows need no arithmetic to lose an axis of size 1.
TEST(ExposeViews, OneGatheredPositionAmongUnknownSizesIsASlice) {
  ExpectPass(ExposeViews, R"(graph @main(%x "x": f32[3,N,T,4]) {
    %i = const i32[] [2]
    %y "y" = GATHER(%x, %i) {axis=0, batch_dims=0} : f32[N,T,4] from {0}
    return %y
  })",
             R"(graph @main(%x "x": f32[3,N,T,4]) {
    %b = const i32[4] [2, 0, 0, 0]
    %s = const i32[4] [1, -1, -1, -1]
    %p = SLICE(%x, %b, %s) : f32[1,N,T,4] from {0}
    %y "y" = SQUEEZE(%p) {squeeze_dims=[0]} : f32[N,T,4] from {0}
    return %y
  })",
             1);
}

TEST(ExposeViews, OtherGathersStay) {
  ExpectUnchanged(ExposeViews, R"(graph @main(%x "x": f32[3,4], %v "v": i32[3], %n "n": f32[N,4]) {
    %two = const i32[2] [2, 0]
    %a = GATHER(%x, %two) {axis=0, batch_dims=0} : f32[2,4] from {0}
    %one = const i32[] [1]
    %b = GATHER(%v, %one) {axis=0, batch_dims=0} : i32[] from {0}
    %c = GATHER(%n, %one) {axis=0, batch_dims=0} : f32[4] from {0}
    %i = CAST(%b) {in_data_type="i32", out_data_type="i32"} : i32[] from {0}
    %d = GATHER(%x, %i) {axis=0, batch_dims=0} : f32[4] from {0}
    return %a, %b, %c, %d
  })");
}

TEST(ExposeViews, PackIsAConcatenation) {
  ExpectPass(ExposeViews, R"(graph @main(%x "x": f32[3,4], %y "y": f32[3,4]) {
    %z "z" = PACK(%x, %y) {values_count=2, axis=1} : f32[3,2,4] from {1}
    return %z
  })",
             R"(graph @main(%x "x": f32[3,4], %y "y": f32[3,4]) {
    %t = const i32[3] [3, 1, 4]
    %a = RESHAPE(%x, %t) {new_shape=[3, 1, 4]} : f32[3,1,4] from {1}
    %u = const i32[3] [3, 1, 4]
    %b = RESHAPE(%y, %u) {new_shape=[3, 1, 4]} : f32[3,1,4] from {1}
    %z "z" = CONCATENATION(%a, %b) {axis=1, fused_activation_function="NONE"}
      : f32[3,2,4] from {1}
    return %z
  })",
             1);
}

TEST(ExposeViews, UnpackIsASplit) {
  ExpectPass(ExposeViews, R"(graph @main(%x "x": f32[2,4]) {
    %a "a", %b "b" = UNPACK(%x) {num=2, axis=0} : f32[4], f32[4] from {1}
    return %a, %b
  })",
             R"(graph @main(%x "x": f32[2,4]) {
    %axis = const i32[] [0]
    %p, %q = SPLIT(%axis, %x) {num_splits=2} : f32[1,4], f32[1,4] from {1}
    %t = const i32[1] [4]
    %a "a" = RESHAPE(%p, %t) {new_shape=[4]} : f32[4] from {1}
    %u = const i32[1] [4]
    %b "b" = RESHAPE(%q, %u) {new_shape=[4]} : f32[4] from {1}
    return %a, %b
  })",
             1);
}

TEST(ExposeViews, ShapeArithmeticStays) {
  ExpectUnchanged(ExposeViews, R"(graph @main(%x "x": i32[], %y "y": i32[]) {
    %z "z" = PACK(%x, %y) {values_count=2, axis=0} : i32[2] from {1}
    return %z
  })");
}

}  // namespace
}  // namespace smelt::passes
