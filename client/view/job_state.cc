#include "client/view/job_state.h"

namespace smelt::client {
namespace {

struct StateName {
  v1::JobState state;
  std::string_view name;
  bool finished;
};

constexpr StateName kStates[] = {
    {v1::ACCEPTED, "accepted", false}, {v1::QUEUED, "queued", false},
    {v1::RUNNING, "running", false},   {v1::SUCCEEDED, "succeeded", true},
    {v1::FAILED, "failed", true},      {v1::CANCELLED, "cancelled", true},
};

}  // namespace

std::string_view JobStateName(v1::JobState state) {
  for (const StateName& row : kStates) {
    if (row.state == state) return row.name;
  }
  return "unknown";
}

std::optional<v1::JobState> JobStateFromName(std::string_view name) {
  for (const StateName& row : kStates) {
    if (row.name == name) return row.state;
  }
  return std::nullopt;
}

bool IsFinished(v1::JobState state) {
  for (const StateName& row : kStates) {
    if (row.state == state) return row.finished;
  }
  return false;
}

}  // namespace smelt::client
