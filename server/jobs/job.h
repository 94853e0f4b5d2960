// Job: one piece of asynchronous work as the ledger keeps it. Plain data, copied freely.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/reason.h"
#include "server/jobs/operation.h"

namespace smelt::jobs {

// The numbers are stored in the ledger and equal those of smelt.v1.JobState.
enum class JobState : std::uint8_t {
  kAccepted = 1,
  kQueued = 2,
  kRunning = 3,
  kSucceeded = 4,
  kFailed = 5,
  kCancelled = 6,
};

inline constexpr JobState kAllJobStates[] = {JobState::kAccepted, JobState::kQueued,
                                             JobState::kRunning,  JobState::kSucceeded,
                                             JobState::kFailed,   JobState::kCancelled};

// "accepted", "queued", ...: for logs and metric labels.
std::string_view JobStateName(JobState state);
// Succeeded, failed and cancelled jobs never change again.
bool IsFinal(JobState state);

struct JobArtifact {
  std::string name;  // file name, "model.tflite"
  std::string kind;  // "tflite"
  Digest digest;

  bool operator==(const JobArtifact&) const = default;
};

// Of every cancelled job, whenever it was cancelled.
inline constexpr std::string_view kCancelledMessage = "the job was cancelled";

struct Job {
  std::string id;  // 26 characters, sorts by creation time
  JobState state = JobState::kAccepted;
  std::string request_id;  // empty when the client gave none
  Operation operation;     // what to do
  Clock::WallTime create_time{};
  std::optional<Clock::WallTime> start_time;  // of the current attempt
  std::optional<Clock::WallTime> finish_time;
  std::uint32_t attempt = 0;    // from 1, once it ran
  Reason reason = Reason::kOk;  // of a failure; kCancelled of a cancelled job
  std::string message;          // of either: one sentence
  std::vector<JobArtifact> artifacts;
  std::optional<Digest> report;  // a smelt.v1.Report
  std::uint64_t last_seq = 0;    // number of the newest event
  bool cancel_requested = false;
  std::uint64_t version = 0;  // counts state changes; fences stale writers
};

}  // namespace smelt::jobs
