#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

TEST(Canonicalize, RemovesDataMovementThatMovesNothing) {
  ExpectPass(Canonicalize, R"(graph @main(%x "x": f32[N,4]) {
    %a = NEG(%x) : f32[N,4] from {0}
    %p = const i32[2] [0, 1]
    %b = TRANSPOSE(%a, %p) : f32[N,4] from {1}
    %s = const i32[2] [-1, 4]
    %c = RESHAPE(%b, %s) {new_shape=[-1, 4]} : f32[N,4] from {1}
    %d = CAST(%c) {in_data_type="f32", out_data_type="f32"} : f32[N,4] from {2}
    %y = EXP(%d) : f32[N,4] from {2}
    return %y
  })",
             R"(graph @main(%x "x": f32[N,4]) {
    %a = NEG(%x) : f32[N,4] from {0, 1, 2}
    %y = EXP(%a) : f32[N,4] from {2}
    return %y
  })",
             3);
}

TEST(Canonicalize, KeepsATransposeOfEqualSizes) {
  ExpectUnchanged(Canonicalize, R"(graph @main(%x "x": f32[4,4]) {
    %p = const i32[2] [1, 0]
    %y = TRANSPOSE(%x, %p) : f32[4,4] from {1}
    return %y
  })");
}

TEST(Canonicalize, AResultKeepsATensorOfItsOwn) {
  ExpectUnchanged(Canonicalize, R"(graph @main(%x "x": f32[4]) {
    %y "y" = RESHAPE(%x) {new_shape=[4]} : f32[4] from {1}
    return %y
  })");
  ExpectUnchanged(Canonicalize, R"(graph @main(%x "x": f32[4]) {
    %a "a" = NEG(%x) : f32[4] from {0}
    %y "y" = RESHAPE(%a) {new_shape=[4]} : f32[4] from {1}
    return %a, %y
  })");
}

TEST(Canonicalize, ANamedResultKeepsItsName) {
  ExpectPass(Canonicalize, R"(graph @main(%x "x": f32[4]) {
    %a "a" = NEG(%x) : f32[4] from {0}
    %y "y" = RESHAPE(%a) {new_shape=[4]} : f32[4] from {1}
    return %y
  })",
             R"(graph @main(%x "x": f32[4]) {
    %a "y" = NEG(%x) : f32[4] from {0, 1}
    return %a
  })",
             1);
}

TEST(Canonicalize, NeutralOperandsGo) {
  ExpectPass(Canonicalize, R"(graph @main(%x "x": f32[N,4], %i "i": i32[4]) {
    %one = const f32[1,4] [1.0, 1.0, 1.0, 1.0]
    %zero = const f32[] [0.0]
    %none = const i32[4] [0, 0, 0, 0]
    %a = NEG(%x) : f32[N,4] from {0}
    %b = MUL(%one, %a) : f32[N,4] from {1}
    %c = ADD(%b, %zero) : f32[N,4] from {1}
    %d = SUB(%c, %zero) : f32[N,4] from {1}
    %y = DIV(%d, %one) : f32[N,4] from {2}
    %j = ADD(%none, %i) : i32[4] from {1}
    %k = NEG(%j) : i32[4] from {2}
    return %y, %k
  })",
             R"(graph @main(%x "x": f32[N,4], %i "i": i32[4]) {
    %a = NEG(%x) : f32[N,4] from {0, 1, 2}
    %k = NEG(%i) : i32[4] from {1, 2}
    return %a, %k
  })",
             5);
}

TEST(Canonicalize, OtherOperandsStay) {
  ExpectUnchanged(Canonicalize, R"(graph @main(%x "x": f32[1,4]) {
    %one = const f32[2,1] [1.0, 1.0]
    %near = const f32[4] [1.0, 1.0, 1.0, 1.0000001]
    %zero = const f32[] [0.0]
    %wide = MUL(%x, %one) : f32[2,4] from {0}
    %a = MUL(%x, %near) : f32[1,4] from {0}
    %b = SUB(%zero, %a) : f32[1,4] from {1}
    %c = ADD(%b, %zero) {fused_activation_function="RELU"} : f32[1,4] from {1}
    %d = MUL(%c, %zero) : f32[1,4] from {1}
    return %wide, %d
  })");
}

TEST(Canonicalize, ConstantsBecomeViews) {
  ExpectPass(Canonicalize, R"(graph @main(%x "x": f32[3,2]) {
    %c "w" = const i32[2,3] [1, 2, 3, 4, 5, 6]
    %f = CAST(%c) {in_data_type="i32", out_data_type="f32"} : f32[2,3] from {1}
    %p = const i32[2] [1, 0]
    %t = TRANSPOSE(%f, %p) : f32[3,2] from {1}
    %s = const i32[1] [6]
    %r = RESHAPE(%t, %s) {new_shape=[6]} : f32[6] from {1}
    %o = const i32[2] [3, 2]
    %b = RESHAPE(%r, %o) {new_shape=[3, 2]} : f32[3,2] from {1}
    %y = ADD(%x, %b) : f32[3,2] from {0}
    return %y
  })",
             R"(graph @main(%x "x": f32[3,2]) {
    %b = const f32[3,2] [1, 4, 2, 5, 3, 6]
    %y = ADD(%x, %b) : f32[3,2] from {0, 1}
    return %y
  })",
             4);
}

TEST(Canonicalize, LeavesWhatIsComputed) {
  ExpectUnchanged(Canonicalize, R"(graph @main(%x "x": f32[2,2], %p "p": i32[2]) {
    %t = TRANSPOSE(%x, %p) : f32[2,2] from {1}
    %y = CAST(%t) {out_data_type="i32"} : i32[2,2] from {1}
    return %y
  })");
}

TEST(Canonicalize, ElementwiseOperatorsBroadcastByThemselves) {
  ExpectPass(Canonicalize, R"(graph @main(%x "x": f32[2,3], %m "m": f32[2,1]) {
    %s = const i32[2] [2, 3]
    %b = BROADCAST_TO(%m, %s) : f32[2,3] from {0}
    %y "y" = MUL(%x, %b) {fused_activation_function="NONE"} : f32[2,3] from {1}
    return %y
  })",
             R"(graph @main(%x "x": f32[2,3], %m "m": f32[2,1]) {
    %y "y" = MUL(%x, %m) {fused_activation_function="NONE"} : f32[2,3] from {0, 1}
    return %y
  })",
             1);
  // Nobody else has the size; and what is no elementwise operator.
  ExpectUnchanged(Canonicalize, R"(graph @main(%x "x": f32[2,1], %m "m": f32[2,1]) {
    %s = const i32[2] [2, 3]
    %b = BROADCAST_TO(%m, %s) : f32[2,3] from {0}
    %y "y" = MUL(%x, %b) {fused_activation_function="NONE"} : f32[2,3] from {1}
    %z "z" = NEG(%b) : f32[2,3] from {1}
    return %y, %z
  })");
}

}  // namespace
}  // namespace smelt::passes
