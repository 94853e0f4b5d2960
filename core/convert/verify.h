// Verification by running: the imported graph and the re-read file are both executed by the
// interpreter on seeded inputs and compared. It shares our importer, so an import error is
// invisible to it; those are found by the outside oracles of the tests.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/interp/tensor.h"
#include "core/ir/diagnostic.h"
#include "core/ir/module.h"
#include "smelt/v1/report.pb.h"

namespace smelt {

// How far a written file may be from its source.
struct Tolerance {
  double relative = 1e-4;   // of an output's largest magnitude, with 1e-5 more for the least ones
  double least_cosine = 0;  // of an output's values to the source's; 0: not asked for
  // Numbers that decide (the index of the largest, what is kept of a list) may come out otherwise:
  // integers, and sizes that a run tells.
  bool values_may_change = false;
  // The written side computes in integers, which say neither NaN nor infinity: samples with which
  // the source does prove nothing.
  bool finite_only = false;
};

// Fills `verification`. kVerificationMismatch, naming the output, when the sides differ; OK with
// `not_run_because` when the reference itself can't run on the chosen inputs. Both modules have the
// same signatures; each is run. What `tolerance` does not allow must be equal. `said` is what the
// conversion found: where a warning of it says that float32 stands for double, other values are
// what that costs, kRuntimeTypeUnsupported with the node.
Status VerifyByRunning(const ir::Module& reference, const ir::Module& written,
                       const Tolerance& tolerance, const ir::Diagnostics& said,
                       const CancelToken& cancel, v1::Verification& verification);

// The same of an artifact that is more than one module: runs one of its signatures.
using RunWritten = std::function<Result<std::vector<interp::Tensor>>(
    std::size_t signature, const std::vector<interp::Tensor>& inputs)>;
Status VerifyByRunning(const ir::Module& reference, const RunWritten& written,
                       const Tolerance& tolerance, const ir::Diagnostics& said,
                       const CancelToken& cancel, v1::Verification& verification);

// Whether every float32 element is a number.
bool AreFinite(const std::vector<interp::Tensor>& tensors);

}  // namespace smelt
