#include "server/jobs/bundle_limit.h"

#include <algorithm>
#include <string>

namespace smelt::jobs {
namespace {

// Of one job, beside its external files: model, artifact, report, extras, and its worker's.
constexpr std::uint64_t kOtherDescriptors = 8;

}  // namespace

BundleLimit ShareOfDescriptors(std::uint64_t descriptors, std::size_t slots) {
  const std::uint64_t share = descriptors / 4 * 3 / std::max<std::size_t>(slots, 1);
  const std::uint64_t files = share > kOtherDescriptors ? share - kOtherDescriptors : 0;
  return {.files = static_cast<std::size_t>(std::min<std::uint64_t>(files, kMaxExternalFiles)),
          .descriptors = descriptors};
}

Status CheckBundle(const v1::ModelInput& input, const BundleLimit& limit) {
  const std::size_t files = input.external_files().size();
  if (files <= limit.files) return Status::Ok();
  return Status(Reason::kModelTooLarge,
                "the model has " + std::to_string(files) + " external files; this daemon takes " +
                    std::to_string(limit.files) + ", since it may open " +
                    std::to_string(limit.descriptors) + " files (RLIMIT_NOFILE)",
                "Store the external data in fewer files, or ask the operator to raise the limit "
                "of open files or to lower the number of workers.");
}

}  // namespace smelt::jobs
