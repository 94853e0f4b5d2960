// Accuracy: a written file beside its source, on several seeded samples: each output judged by the
// limits of its precision, each layer that both have, and the first layer that leaves them.
//
// The source is the graph as imported, so an import error is invisible. Both graphs are run by the
// interpreter, one after the other for each sample. Besides what a run needs itself, the source's
// results are kept until the file's run reaches them, up to `layer_budget_bytes`. Safe from any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/convert/file_places.h"
#include "core/convert/verify.h"
#include "core/ir/module.h"
#include "smelt/v1/accuracy.pb.h"
#include "smelt/v1/report.pb.h"

namespace smelt {

struct AccuracyPlan {
  std::string precision = "float32";  // whose limits: see LimitsOf
  std::string artifact_name;
  std::vector<FilePlaces> places;  // by signature
  bool finite_only = false;  // samples with which the source gives NaN or infinity don't count
  std::uint32_t first_seed = 1;
  std::uint32_t samples = 3;
  std::uint64_t layer_budget_bytes = std::uint64_t{256} << 20;
};

// The artifact, read back: one file's module, or what runs its parts, whose layers are not
// compared.
struct WrittenSide {
  const ir::Module* module = nullptr;
  RunWritten run = nullptr;  // asked where `module` is null
};

// Both sides have the same signatures. kCancelled; what else can't be done is told by the report.
Result<v1::AccuracyReport> MeasureAccuracy(const ir::Module& source, const WrittenSide& file,
                                           const AccuracyPlan& plan, const CancelToken& cancel);

// A report on what could not be run at all.
v1::AccuracyReport NotMeasured(const AccuracyPlan& plan, const std::string& why);

v1::AccuracySummary Summarize(const v1::AccuracyReport& report);

// kAccuracyBelowThreshold, naming the output that is furthest from its source's, or why nothing
// could be judged (every output is trivial, too); OK when the report passes.
Status CheckAccuracy(const v1::AccuracyReport& report);

}  // namespace smelt
