#include "server/jobs/job.h"

namespace smelt::jobs {

std::string_view JobStateName(JobState state) {
  switch (state) {
    case JobState::kAccepted:
      return "accepted";
    case JobState::kQueued:
      return "queued";
    case JobState::kRunning:
      return "running";
    case JobState::kSucceeded:
      return "succeeded";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

bool IsFinal(JobState state) {
  switch (state) {
    case JobState::kAccepted:
    case JobState::kQueued:
    case JobState::kRunning:
      return false;
    case JobState::kSucceeded:
    case JobState::kFailed:
    case JobState::kCancelled:
      return true;
  }
  return false;
}

}  // namespace smelt::jobs
