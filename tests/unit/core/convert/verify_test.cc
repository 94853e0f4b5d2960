#include "core/convert/verify.h"

#include <gmock/gmock.h>

#include <new>

#include "core/interp/tensor.h"
#include "core/ir/builder.h"

// AddressSanitizer refuses what no memory can meet, as other allocators do.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace smelt {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kSide = std::int64_t{1} << 30;

// AddressSanitizer ends a process whose operator new finds no memory.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
ir::Module ReluOfVeryMuch() {
  ir::Module module;
  const ir::GraphId graph = module.AddGraph("main");
  ir::Builder out(module, graph, module.origins().Of(module.origins().AddSource(ir::SourceNode())));
  const ir::ValueId x = module.graph(graph).AddInput({ir::DType::kF32, {kSide, kSide / 2}}, "x");
  const ir::ValueId y = out.Unary(ir::OpKind::kRelu, x);
  EXPECT_TRUE(out.status().ok()) << out.status().ToString();
  module.graph(graph).SetOutputs({&y, 1});
  module.signatures.push_back({"serving_default", graph, {"x"}, {"y"}});
  return module;
}

TEST(VerifyByRunning, TensorsBeyondTheMemoryAreNoReasonToFail) {
  const ir::Module module = ReluOfVeryMuch();
  v1::Verification verification;
  const Status status = VerifyByRunning(module, module, {}, {}, CancelToken(), verification);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(verification.not_run_because(), HasSubstr("out_of_memory"));
}
#endif

TEST(Tensor, ThrowsWhereThereIsNoMemory) {
  EXPECT_THROW(interp::Tensor::Zeros(ir::DType::kF32, {kSide, kSide}), std::bad_alloc);
}

}  // namespace
}  // namespace smelt
