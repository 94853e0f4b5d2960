// The reference interpreter of the IR: exact, readable kernels for every operator. Used to fold
// constants while importing, to verify written files, and as an oracle in tests.
//
// Plain kernels run in fixed order with float contraction off and transcendental functions in
// double, rounded once: their results may reach artifact bytes. Fast kernels (Eigen) serve
// convolutions and matrix products where results are only compared.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/interp/tensor.h"
#include "core/ir/module.h"

namespace smelt::interp {

enum class Kernels { kPlain, kFast };

// Sees a tensor before anything can free it. A copy of the tensor shares its bytes, and keeps them.
using ResultObserver = std::function<void(ir::GraphId graph, ir::ValueId value, const Tensor&)>;

// What an observer sees: every result of the graph that is run, used or not; or also those of the
// graphs that its operators run, every time that they run, and the inputs of all of them.
enum class Observed { kResults, kEveryGraph };

struct EvaluateOptions {
  Kernels kernels = Kernels::kPlain;
  const CancelToken* cancel = nullptr;
  std::uint64_t max_bytes = 0;  // of all live tensors together; 0: unlimited -> kTensorTooLarge
  ResultObserver observe = nullptr;  // called in program order; may be empty
  Observed observed = Observed::kResults;
};

// Runs one graph. `inputs` in the graph's order, with its dtypes and matching static dimensions;
// frees each tensor after its last use. kRuntimeOperatorUnsupported for an opaque composite.
Result<std::vector<Tensor>> Evaluate(const ir::Module& module, ir::GraphId graph,
                                     std::span<const Tensor> inputs,
                                     const EvaluateOptions& options = {});

// Runs one operator. Absent optional operands are null.
Result<std::vector<Tensor>> EvaluateOp(const ir::Module& module, ir::OpKind kind,
                                       const ir::Attributes& attrs,
                                       std::span<const Tensor* const> inputs,
                                       const EvaluateOptions& options = {});

}  // namespace smelt::interp
