// Compares what the parts of an artifact compute with the graph that they were cut from: every
// output of every part, on seeded inputs.
#pragma once

#include "core/base/cancel_token.h"
#include "core/base/status.h"
#include "core/convert/split_chain.h"
#include "core/ir/module.h"
#include "smelt/v1/split.pb.h"

namespace smelt {

// `unsplit` gives every tensor that a part gives, by the same names; the first `model_outputs` are
// the model's own. kVerificationMismatch, naming
// the first one, when a tensor's bits differ; OK with `not_run_because` when the reference can't
// run on the chosen inputs.
Status CompareParts(const ir::Module& unsplit, std::size_t model_outputs, const SplitChain& chain,
                    const CancelToken& cancel, v1::SplitAccuracyReport& report);

}  // namespace smelt
