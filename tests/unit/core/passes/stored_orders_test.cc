// The orders of axes that the layout pass leaves tensors in, and the names that they keep.
#include <algorithm>

#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

// As the importer writes two convolutions with an activation between.
constexpr std::string_view kNet = R"(graph @main(%x "x": f32[1,3,8,6]) {
    %p = const i32[4] [0, 2, 3, 1]
    %q = const i32[4] [0, 3, 1, 2]
    %w "w" = const f32[4,1,1,3] [1,1,1,1,1,1,1,1,1,1,1,1]
    %b = const f32[4] [0,0,0,0]
    %t = TRANSPOSE(%x, %p) : f32[1,8,6,3] from {0}
    %c = CONV_2D(%t, %w, %b) {padding="VALID", stride_w=1, stride_h=1, dilation_w_factor=1,
         dilation_h_factor=1} : f32[1,8,6,4] from {0}
    %u "conv" = TRANSPOSE(%c, %q) : f32[1,4,8,6] from {0}
    %e "exp" = EXP(%u) : f32[1,4,8,6] from {1}
    %k = const i32[2] [2, 3]
    %y "y" = MEAN(%e, %k) {keep_dims=false} : f32[1,4] from {2}
    return %y
  }
  signature "serving_default" @main ("x") -> ("y")
)";

TEST(StoredOrders, NameTensorsInAnotherOrderThanTheSources) {
  ir::Module module = MustParse(InModule(kNet));
  ir::Diagnostics diagnostics;
  std::vector<StoredOrders> orders;
  PassContext context{module, *target::AllProfiles().front(), diagnostics};
  context.options.stored_orders = &orders;
  ASSERT_TRUE(SolveLayout(context).ok());
  const std::vector<int> last = {0, 2, 3, 1};
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0], (StoredOrders{{"conv", last}, {"exp", last}})) << ir::Print(module);
  const ir::Graph& graph = module.main();
  for (const ir::OpId id : graph) {
    if (graph.op(id).kind != ir::OpKind::kConv2d) continue;
    EXPECT_EQ(graph.value(graph.op(id).result()).name, "conv");
  }
}

}  // namespace
}  // namespace smelt::passes
