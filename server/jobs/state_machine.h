// The life of a job: one table of `from x event -> to`, and the one function that reads it. Every
// state change of every store goes through Transition.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "server/jobs/job.h"

namespace smelt::jobs {

enum class JobTrigger : std::uint8_t {
  kEnqueue,  // admission is complete
  kTake,     // a slot starts an attempt
  kSucceed,  // the attempt produced its artifacts
  kFail,     // the job's own failure: a refusal, a limit, a crash of its worker
  kCancel,   // a person asked
  kRequeue,  // the daemon or the machine failed, or drains: the attempt does not count
};

struct TransitionRow {
  JobState from;
  JobTrigger trigger;
  JobState to;
};

// The whole table.
std::span<const TransitionRow> Transitions();

// The state after `trigger`; kImpossibleTransition when the table has no such row.
Result<JobState> Transition(JobState from, JobTrigger trigger);

// The trigger that ends a job in `state`. Requires IsFinal(state).
JobTrigger FinishTrigger(JobState state);

std::string_view JobTriggerName(JobTrigger trigger);

}  // namespace smelt::jobs
