// Legalizes modules given in text form and compares what they compute before and after.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/interp/evaluate.h"
#include "core/ir/text.h"
#include "core/ir/verify.h"
#include "core/passes/legalize.h"
#include "tests/probe/probe_data.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {

struct Legalized {
  ir::Module module;
  ir::Diagnostics diagnostics;
  std::uint64_t rewrites = 0;

  // How many of an operator the main graph has.
  int Count(ir::OpKind kind) const {
    int count = 0;
    for (const ir::OpId id : module.main()) count += module.main().op(id).kind == kind ? 1 : 0;
    return count;
  }
};

// Both passes, with the IR verified after each.
inline Legalized Legalize(std::string_view text) {
  Legalized made;
  made.module = MustParse(text);
  PassContext context{made.module, *target::AllProfiles().front(), made.diagnostics};
  for (const auto pass : {LegalizeStructure, LegalizeTypes}) {
    const Status status = pass(context);
    EXPECT_TRUE(status.ok()) << status.ToString();
    const Status verified = ir::VerifyModule(made.module, {.require_origins = false});
    EXPECT_TRUE(verified.ok()) << verified.ToString() << ir::Print(made.module);
  }
  made.rewrites = context.rewrites;
  return made;
}

// The values of the main graph, on inputs that follow from the shapes alone.
inline std::vector<interp::Tensor> Run(const ir::Module& module) {
  std::vector<interp::Tensor> inputs;
  for (const ir::ValueId input : module.main().inputs()) {
    const ir::TensorType& type = module.main().type(input);
    inputs.push_back(probe::MakeTensor(type.dtype, type.shape.Sizes(), probe::Values::kExtreme,
                                       static_cast<std::uint32_t>(inputs.size())));
  }
  auto outputs = interp::Evaluate(module, module.main_id(), inputs);
  EXPECT_TRUE(outputs.ok()) << outputs.status().ToString();
  return outputs.ok() ? std::move(outputs).value() : std::vector<interp::Tensor>();
}

// Legalizes `text`, expects no finding and exactly the values of before.
inline Legalized ExpectSameValues(std::string_view text) {
  const ir::Module before = MustParse(text);
  Legalized after = Legalize(text);
  EXPECT_TRUE(after.diagnostics.empty()) << after.diagnostics.front().message << "\n" << text;
  EXPECT_GT(after.rewrites, 0U) << text;
  const auto wanted = Run(before);
  const auto got = Run(after.module);
  EXPECT_EQ(wanted.size(), got.size());
  for (std::size_t i = 0; i < wanted.size() && i < got.size(); ++i) {
    EXPECT_EQ(wanted[i].dtype(), got[i].dtype()) << text;
    EXPECT_EQ(wanted[i].shape(), got[i].shape()) << text;
    EXPECT_TRUE(std::ranges::equal(wanted[i].bytes(), got[i].bytes()))
        << text << ir::Print(after.module);
  }
  return after;
}

}  // namespace smelt::passes
