// One-operator modules, for probing what a runtime really computes: one for every operator, element
// type and rank that a profile promises.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/interp/tensor.h"
#include "core/ir/module.h"
#include "core/target/profile.h"

namespace smelt::probe {

struct ProbeSpec {
  ir::OpKind kind;
  ir::DType dtype;  // of the operand that decides
  int rank;         // of the data operands
};

struct ProbeCase {
  ir::Module module;
  std::vector<interp::Tensor> inputs;
};

// What to probe of a profile: every type at a plain rank, and the largest rank in the first type.
std::vector<ProbeSpec> SpecsOf(const target::Profile& profile);

// The module and its inputs. Data are fixed: small numbers, and numbers that overflow where the
// kernel must wrap. kInvalidArgument when the operator is not probed in this form.
Result<ProbeCase> MakeCase(const ProbeSpec& spec);

}  // namespace smelt::probe
