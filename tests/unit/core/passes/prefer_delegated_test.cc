#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

TEST(PreferDelegated, ASliceNamesItsSizes) {
  ExpectPass(PreferDelegated, R"(graph @main(%x "x": f32[2,4], %n "n": f32[N,4]) {
    %b = const i32[2] [0, 1]
    %s = const i32[2] [-1, 2]
    %y = SLICE(%x, %b, %s) : f32[2,2] from {0}
    %z = SLICE(%n, %b, %s) : f32[N,2] from {0}
    return %y, %z
  })",
             R"(graph @main(%x "x": f32[2,4], %n "n": f32[N,4]) {
    %b = const i32[2] [0, 1]
    %s = const i32[2] [2, 2]
    %y = SLICE(%x, %b, %s) : f32[2,2] from {0}
    %t = const i32[2] [-1, 2]
    %z = SLICE(%n, %b, %t) : f32[N,2] from {0}
    return %y, %z
  })",
             1);
}

TEST(PreferDelegated, UnevenSplitsAreSlices) {
  ExpectPass(PreferDelegated, R"(graph @main(%x "x": f32[2,6]) {
    %sizes = const i32[3] [1, 2, 3]
    %axis = const i32[] [-1]
    %a "a", %b, %c "c" = SPLIT_V(%x, %sizes, %axis) {num_splits=3} : f32[2,1], f32[2,2], f32[2,3] from {0}
    return %a, %c
  })",
             R"(graph @main(%x "x": f32[2,6]) {
    %f = const i32[2] [0, 0]
    %g = const i32[2] [2, 1]
    %a "a" = SLICE(%x, %f, %g) : f32[2,1] from {0}
    %h = const i32[2] [0, 3]
    %i = const i32[2] [2, 3]
    %c "c" = SLICE(%x, %h, %i) : f32[2,3] from {0}
    return %a, %c
  })",
             1);
}

TEST(PreferDelegated, EvenSplitsIntoFourStay) {
  ExpectUnchanged(PreferDelegated, R"(graph @main(%x "x": f32[2,8]) {
    %axis = const i32[] [1]
    %a, %b, %c, %d = SPLIT(%axis, %x) {num_splits=4} : f32[2,2], f32[2,2], f32[2,2], f32[2,2] from {0}
    return %a, %b, %c, %d
  })");
}

std::string Pool(std::string_view before, std::string_view fill, int pad = 1) {
  const std::string size = std::to_string(4 + 2 * pad);
  const std::string out = std::to_string((4 + 2 * pad - 3) / 2 + 1);
  const std::string pads = std::to_string(pad);
  return R"(graph @main(%x "x": f32[1,4,4,2]) {
    %a = )" +
         std::string(before) +
         R"((%x) : f32[1,4,4,2] from {0}
    %rows = const i32[4,2] [0, 0, )" +
         pads + ", " + pads + ", " + pads + ", " + pads + R"(, 0, 0]
    %fill = const f32[] [)" +
         std::string(fill) + R"(]
    %p = PADV2(%a, %rows, %fill) : f32[1,)" +
         size + "," + size + R"(,2] from {1}
    %y = MAX_POOL_2D(%p) {filter_height=3, filter_width=3, padding="VALID", stride_h=2, stride_w=2} : f32[1,)" +
         out + "," + out + R"(,2] from {1}
    return %y
  })";
}

TEST(PreferDelegated, ZerosPadTheMaximumOfWhatIsNotNegative) {
  const PassRun run = RunPass(PreferDelegated, Pool("RELU", "-3.4028235e+38"));
  EXPECT_EQ(run.rewrites, 1U) << run.text;
  EXPECT_NE(run.text.find("= PAD("), std::string::npos) << run.text;
  EXPECT_EQ(run.text.find("PADV2"), std::string::npos) << run.text;
}

TEST(PreferDelegated, OtherPaddingStays) {
  ExpectUnchanged(PreferDelegated, Pool("NEG", "-3.4028235e+38"));  // zeros would win
  ExpectUnchanged(PreferDelegated, Pool("RELU", "-1.0"));
  ExpectUnchanged(PreferDelegated, Pool("RELU", "-3.4028235e+38", 3));  // a window of padding alone
}

}  // namespace
}  // namespace smelt::passes
