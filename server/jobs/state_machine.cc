#include "server/jobs/state_machine.h"

#include <string>

namespace smelt::jobs {
namespace {

constexpr TransitionRow kTransitions[] = {
    {JobState::kAccepted, JobTrigger::kEnqueue, JobState::kQueued},
    {JobState::kAccepted, JobTrigger::kCancel, JobState::kCancelled},
    {JobState::kQueued, JobTrigger::kTake, JobState::kRunning},
    {JobState::kQueued, JobTrigger::kCancel, JobState::kCancelled},
    {JobState::kRunning, JobTrigger::kSucceed, JobState::kSucceeded},
    {JobState::kRunning, JobTrigger::kFail, JobState::kFailed},
    {JobState::kRunning, JobTrigger::kCancel, JobState::kCancelled},
    {JobState::kRunning, JobTrigger::kRequeue, JobState::kQueued},
};

}  // namespace

std::span<const TransitionRow> Transitions() { return kTransitions; }

Result<JobState> Transition(JobState from, JobTrigger trigger) {
  for (const TransitionRow& row : kTransitions) {
    if (row.from == from && row.trigger == trigger) return row.to;
  }
  return Status(Reason::kImpossibleTransition, "a job in state " + std::string(JobStateName(from)) +
                                                   " can't " +
                                                   std::string(JobTriggerName(trigger)));
}

JobTrigger FinishTrigger(JobState state) {
  SMELT_CHECK(IsFinal(state));
  if (state == JobState::kSucceeded) return JobTrigger::kSucceed;
  return state == JobState::kFailed ? JobTrigger::kFail : JobTrigger::kCancel;
}

std::string_view JobTriggerName(JobTrigger trigger) {
  switch (trigger) {
    case JobTrigger::kEnqueue:
      return "enqueue";
    case JobTrigger::kTake:
      return "take";
    case JobTrigger::kSucceed:
      return "succeed";
    case JobTrigger::kFail:
      return "fail";
    case JobTrigger::kCancel:
      return "cancel";
    case JobTrigger::kRequeue:
      return "requeue";
  }
  return "unknown";
}

}  // namespace smelt::jobs
