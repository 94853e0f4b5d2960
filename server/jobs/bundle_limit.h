// How many files a job may bring beside its model, external data and data to calibrate with: each
// of them is a descriptor of the daemon's for as long as the job runs, and other jobs, clients and
// the ledger need some too.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/result.h"
#include "server/jobs/operation.h"
#include "server/jobs/operation_checks.h"

namespace smelt::jobs {

struct BundleLimit {
  std::size_t files = kMaxExternalFiles;  // what the API allows
  std::uint64_t descriptors = 0;          // the process's limit that `files` follows from; 0: none
};

// Running jobs share three quarters of the process's descriptors in equal parts.
BundleLimit ShareOfDescriptors(std::uint64_t descriptors, std::size_t slots);

// kModelTooLarge above what this daemon can open: external and calibration files.
Status CheckBundle(const Operation& operation, const BundleLimit& limit);

}  // namespace smelt::jobs
