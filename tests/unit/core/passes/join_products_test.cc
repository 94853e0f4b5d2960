#include <string>

#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

// Query, key and value become heads and meet in one attention.
constexpr char kAttention[] = R"(    %heads = const i32[3] [2, 2, 1]
    %turn = const i32[3] [1, 0, 2]
    %qr = RESHAPE(%q, %heads) {new_shape=[2, 2, 1]} : f32[2,2,1] from {0}
    %qh = TRANSPOSE(%qr, %turn) : f32[2,2,1] from {0}
    %kr = RESHAPE(%k, %heads) {new_shape=[2, 2, 1]} : f32[2,2,1] from {1}
    %kh = TRANSPOSE(%kr, %turn) : f32[2,2,1] from {1}
    %vr = RESHAPE(%v, %heads) {new_shape=[2, 2, 1]} : f32[2,2,1] from {2}
    %vh = TRANSPOSE(%vr, %turn) : f32[2,2,1] from {2}
    %scores = BATCH_MATMUL(%qh, %kh) {adj_y=true} : f32[2,2,2] from {0}
    %shares = SOFTMAX(%scores) {beta=1.0} : f32[2,2,2] from {0}
    %y "y" = BATCH_MATMUL(%shares, %vh) : f32[2,2,1] from {0}
    return %y
  })";

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

constexpr char kApart[] = R"(graph @main(%x "x": f32[2,2]) {
    %wq = const f32[2,2] [1.0, 2.0, 3.0, 4.0]
    %wk = const f32[2,2] [5.0, 6.0, 7.0, 8.0]
    %wv = const f32[2,2] [9.0, 10.0, 11.0, 12.0]
    %b = const f32[2] [0.5, 1.5]
    %q = FULLY_CONNECTED(%x, %wq, %b) : f32[2,2] from {0}
    %k = FULLY_CONNECTED(%x, %wk) : f32[2,2] from {1}
    %v = FULLY_CONNECTED(%x, %wv, %b) : f32[2,2] from {2}
)";

TEST(JoinProducts, QueryKeyAndValueBecomeOneProduct) {
  ExpectPass(JoinProducts, std::string(kApart) + kAttention,
             std::string(R"(graph @main(%x "x": f32[2,2]) {
    %w = const f32[6,2] [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
    %b = const f32[6] [0.5, 1.5, 0.0, 0.0, 0.5, 1.5]
    %axis = const i32[] [1]
    %joined = FULLY_CONNECTED(%x, %w, %b) : f32[2,6] from {0, 1, 2}
    %q, %k, %v = SPLIT(%axis, %joined) {num_splits=3} : f32[2,2], f32[2,2], f32[2,2] from {0, 1, 2}
)") + kAttention,
             3);
}

TEST(JoinProducts, OtherOperandsOrSizesStayApart) {
  const std::string text = std::string(kApart) + kAttention;
  // Key and value of another tensor, as in cross attention: these two are joined.
  const PassRun cross = RunPass(
      JoinProducts, ReplaceAll(ReplaceAll(ReplaceAll(text, "(%x \"x\": f32[2,2])",
                                                     "(%x \"x\": f32[2,2], %z \"z\": f32[2,2])"),
                                          "(%x, %wk)", "(%z, %wk)"),
                               "(%x, %wv, %b)", "(%z, %wv, %b)"));
  EXPECT_EQ(cross.rewrites, 2U);
  // An activation in between: the three compute different things.
  const PassRun clamped =
      RunPass(JoinProducts,
              ReplaceAll(text, "(%x, %wk)", "(%x, %wk) {fused_activation_function=\"RELU\"}"));
  EXPECT_EQ(clamped.rewrites, 2U);
}

TEST(JoinProducts, WhereNothingIsMovedASplitWouldOnlyCost) {
  ExpectUnchanged(JoinProducts, R"(graph @main(%x "x": f32[2,2]) {
    %wq = const f32[2,2] [1.0, 2.0, 3.0, 4.0]
    %wk = const f32[2,2] [5.0, 6.0, 7.0, 8.0]
    %q = FULLY_CONNECTED(%x, %wq) : f32[2,2] from {0}
    %k = FULLY_CONNECTED(%x, %wk) : f32[2,2] from {1}
    %y "y" = BATCH_MATMUL(%q, %k) {adj_y=true} : f32[2,2] from {2}
    return %y
  })");
}

}  // namespace
}  // namespace smelt::passes
