#include "server/jobs/bundle_limit.h"

#include <algorithm>
#include <string>

namespace smelt::jobs {
namespace {

// Of one job, beside what it brings with its model: model, artifact, report, extras, and its
// worker's.
constexpr std::uint64_t kOtherDescriptors = 8;

}  // namespace

BundleLimit ShareOfDescriptors(std::uint64_t descriptors, std::size_t slots) {
  const std::uint64_t share = descriptors / 4 * 3 / std::max<std::size_t>(slots, 1);
  const std::uint64_t files = share > kOtherDescriptors ? share - kOtherDescriptors : 0;
  return {.files = static_cast<std::size_t>(std::min<std::uint64_t>(files, kMaxExternalFiles)),
          .descriptors = descriptors};
}

Status CheckBundle(const Operation& operation, const BundleLimit& limit) {
  const std::size_t external = InputOf(operation).external_files().size();
  const std::size_t calibration = CalibrationFilesOf(operation).size();
  if (external + calibration <= limit.files) return Status::Ok();
  const std::string found = calibration == 0
                                ? "the model has " + std::to_string(external) + " external files"
                                : "the job has " + std::to_string(external) + " external and " +
                                      std::to_string(calibration) + " calibration files";
  return Status(
      Reason::kModelTooLarge,
      found + "; this daemon takes " + std::to_string(limit.files) + ", since it may open " +
          std::to_string(limit.descriptors) + " files (RLIMIT_NOFILE)",
      calibration == 0 ? "Store the external data in fewer files, or ask the operator to raise the "
                         "limit of open files or to lower the number of workers."
                       : "Store the samples in fewer files, as one .npz holds many.");
}

}  // namespace smelt::jobs
