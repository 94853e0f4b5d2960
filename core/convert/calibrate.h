// Calibration of a module: the ranges of its tensors on given data, or on seeded noise.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/calibrate/method.h"
#include "core/calibrate/statistics.h"
#include "core/convert/calibration.h"
#include "core/ir/diagnostic.h"
#include "core/ir/module.h"
#include "smelt/v1/report.pb.h"

namespace smelt {

// The range of each tensor that holds real numbers and was computed. A graph's edits do not move
// it: values keep their ranges as long as they keep their index.
class Ranges {
 public:
  Ranges(std::vector<calibrate::Statistics> statistics, calibrate::MethodOptions method,
         bool uncalibrated)
      : statistics_(std::move(statistics)), method_(method), uncalibrated_(uncalibrated) {}

  // Of a value that several signatures compute, what holds all their ranges. None for constants,
  // for tensors of integers, and for what no sample computed or has no finite element.
  std::optional<calibrate::Range> Of(ir::GraphId graph, ir::ValueId value) const;
  // The ranges are those of noise, and mean little: whoever uses them must say so.
  bool uncalibrated() const { return uncalibrated_; }
  // One a signature.
  const std::vector<calibrate::Statistics>& statistics() const { return statistics_; }
  const calibrate::MethodOptions& method() const { return method_; }

 private:
  std::vector<calibrate::Statistics> statistics_;
  calibrate::MethodOptions method_;
  bool uncalibrated_;
};

using CalibrationProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Runs each signature of `module` on the samples. `channels_last_inputs` are those that the request
// feeds channels last, so their shapes are not in the source's order. `progress` counts the samples
// of a signature, on the calling thread; it may be empty. Where memory does not suffice for all
// threads, one starts again.
//
// kInvalidArgument for a method that has no name of ours; kCalibrationDataInvalid, kUnsupportedType
// and kUnknownTensorName for data that do not fit; kCancelled; else what the interpreter says.
Result<Ranges> Calibrate(const ir::Module& module, const CalibrationRequest& request,
                         const std::set<std::string>& channels_last_inputs,
                         const CancelToken& cancel, const CalibrationProgress& progress = nullptr);

// For the report: what was measured, and a warning (uncalibrated) where it was noise.
void FillCalibration(const ir::Module& module, const Ranges& ranges, v1::Calibration& report);
std::optional<ir::Diagnostic> UncalibratedNote(const Ranges& ranges);

}  // namespace smelt
