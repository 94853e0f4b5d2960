#include "core/convert/verify.h"

#include <gmock/gmock.h>

#include <new>

#include "core/interp/tensor.h"
#include "core/ir/builder.h"
#include "core/ir/text.h"

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

// y by `op` of x.
ir::Module Computing(const std::string& type, const std::string& op) {
  auto module = ir::Parse("module { graph @main(%x \"x\": " + type + ") { " + op +
                          " return %y } signature \"serving_default\" @main (\"x\") -> (\"y\") }");
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return module.ok() ? std::move(module).value() : ir::Module();
}

Reason Verified(const std::string& type, const std::string& source, const std::string& file,
                const Tolerance& tolerance) {
  const ir::Module reference = Computing(type, source), written = Computing(type, file);
  v1::Verification verification;
  const Status status =
      VerifyByRunning(reference, written, tolerance, {}, CancelToken(), verification);
  EXPECT_EQ(verification.not_run_because(), "");
  return status.reason();
}

constexpr Tolerance kLossy = {.relative = 2, .least_cosine = 0.5, .values_may_change = true};

TEST(VerifyByRunning, ALossyFileMustPointWhereItsSourceDoes) {
  const std::string same = "%y = ABS(%x)";
  EXPECT_EQ(Verified("f32[8]", same, same, kLossy), Reason::kOk);
  const std::string opposite = "%a = ABS(%x) %y = NEG(%a)";
  EXPECT_EQ(Verified("f32[8]", same, opposite, kLossy), Reason::kVerificationMismatch);
}

TEST(VerifyByRunning, IntegersOfALossyFileMayChange) {
  const std::string same = "%y = ABS(%x)", negative = "%a = ABS(%x) %y = NEG(%a)";
  EXPECT_EQ(Verified("i32[8]", same, negative, kLossy), Reason::kOk);
  EXPECT_EQ(Verified("i32[8]", same, negative, {}), Reason::kVerificationMismatch);
}

TEST(VerifyByRunning, KnownSizesOfALossyFileMayNot) {
  const std::string two = "%b = const i32[1] [0] %s = const i32[1] [2] %y = SLICE(%x, %b, %s)";
  const std::string three = "%b = const i32[1] [0] %s = const i32[1] [3] %y = SLICE(%x, %b, %s)";
  EXPECT_EQ(Verified("f32[8]", two, three, kLossy), Reason::kVerificationMismatch);
}

TEST(Tensor, ThrowsWhereThereIsNoMemory) {
  EXPECT_THROW(interp::Tensor::Zeros(ir::DType::kF32, {kSide, kSide}), std::bad_alloc);
}

// Integers can't say NaN: a source that does proves nothing about them.
TEST(VerifyByRunning, WhatIsNotFiniteIsNotComparedWithIntegers) {
  const auto module = ir::Parse(R"(module {
  graph @main(%x "x": f32[64]) { %y "y" = LOG(%x) : f32[64] return %y }
  signature "serving_default" @main ("x") -> ("y")
}
)");
  ASSERT_TRUE(module.ok()) << module.status().ToString();
  for (const bool finite_only : {false, true}) {
    v1::Verification verification;
    const Tolerance tolerance{.finite_only = finite_only};
    const Status status =
        VerifyByRunning(*module, *module, tolerance, {}, CancelToken(), verification);
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(verification.outputs_size(), finite_only ? 0 : 1);
    EXPECT_EQ(verification.not_run_because().empty(), !finite_only);
  }
}

}  // namespace
}  // namespace smelt
