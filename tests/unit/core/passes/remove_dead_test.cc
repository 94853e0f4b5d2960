#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

TEST(RemoveDead, ErasesChainsThatLeadNowhere) {
  ExpectPass(RemoveDead, R"(graph @main(%x "x": f32[2]) {
    %a = NEG(%x) : f32[2] from {0}
    %b = ABS(%a) : f32[2] from {1}
    %k = const i32[] [1]
    %c, %d = TOPK_V2(%b, %k) : f32[1], i32[1] from {1}
    %y = EXP(%x) : f32[2] from {2}
    return %y
  })",
             R"(graph @main(%x "x": f32[2]) {
    %y = EXP(%x) : f32[2] from {2}
    return %y
  })",
             3);
}

TEST(RemoveDead, KeepsAnOperatorWithOneUsedResult) {
  ExpectUnchanged(RemoveDead, R"(graph @main(%x "x": f32[4]) {
    %k = const i32[] [1]
    %c, %d = TOPK_V2(%x, %k) : f32[1], i32[1] from {1}
    return %d
  })");
}

TEST(RemoveDead, KeepsOperatorsWithoutResultsAndWhatTheyUse) {
  ExpectUnchanged(RemoveDead, R"(graph @main(%x "x": f32[4]) {
    %a = NEG(%x) : f32[4] from {0}
    composite(%a) {name="sink"} : from {1}
    return %x
  })");
}

TEST(RemoveDead, LooksIntoRegions) {
  ExpectPass(RemoveDead, R"(graph @main(%c "c": bool[], %x: f32[2]) {
    %y = IF(%c, %x) regions(@then, @else) : f32[2] from {0}
    return %y
  }
  graph @then(%x: f32[2]) {
    %a = NEG(%x) : f32[2] from {0}
    return %x
  }
  graph @else(%x: f32[2]) {
    return %x
  })",
             R"(graph @main(%c "c": bool[], %x: f32[2]) {
    %y = IF(%c, %x) regions(@then, @else) : f32[2] from {0}
    return %y
  }
  graph @then(%x: f32[2]) {
    return %x
  }
  graph @else(%x: f32[2]) {
    return %x
  })",
             1);
}

}  // namespace
}  // namespace smelt::passes
