// Attempt: one running job with the descriptors that its runner borrows. Private to the scheduler;
// `phase` is guarded by its mutex, the rest belongs to whoever runs the step.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/unique_fd.h"
#include "server/jobs/blob_store.h"
#include "server/jobs/job.h"

namespace smelt::jobs {

struct Attempt {
  enum class Phase {
    kStarting,   // inputs are being opened; the runner does not know the job yet
    kRunning,    // handed to the runner
    kApplying,   // the runner is done; its outcome is being made durable
    kAbandoned,  // its job was queued again by a drain; the outcome does not matter
  };

  Job job;  // as it was taken
  std::string target;
  Clock::SteadyTime run_started{};
  UniqueFd model;
  std::vector<UniqueFd> external_files;
  std::vector<UniqueFd> calibration_files;
  std::unique_ptr<TempBlob> artifact;
  std::unique_ptr<TempBlob> report;
  std::unique_ptr<TempBlob> extras;  // null: none are asked for
  Phase phase = Phase::kStarting;
  std::stop_source stop;  // asked for by a cancel or a drain; from any thread

  // Once the runner is done. A model may have thousands of files, and whatever is written about
  // the job needs descriptors too.
  void CloseInputs() {
    model.Reset();
    external_files.clear();
    calibration_files.clear();
  }
  // Once the outputs are blobs, or nobody wants them.
  void CloseAll() {
    CloseInputs();
    artifact.reset();
    report.reset();
    extras.reset();
  }
};

}  // namespace smelt::jobs
