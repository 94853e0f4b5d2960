// The files that describe an artifact in parts, from its plan. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "core/export/tflite/split_plan.h"
#include "core/ir/module.h"
#include "smelt/v1/report.pb.h"
#include "smelt/v1/split.pb.h"

namespace smelt {

// "NAME_0001.tflite" of part 0.
std::string PartName(const std::string& stem, std::size_t part);

v1::SplitPlan DescribePlan(const tflite_export::SplitPlan& plan,
                           const tflite_export::SplitOptions& options);

// `module` is the one that was cut; `artifacts` are its parts, as written.
v1::SplitManifest DescribeParts(const ir::Module& module, const tflite_export::SplitPlan& plan,
                                const tflite_export::SplitOptions& options,
                                const v1::Report& report);

// "float32", as numpy calls it; the IR's own name where it has none.
std::string NumpyName(ir::DType dtype);

}  // namespace smelt
