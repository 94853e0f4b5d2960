// What holds for jobs of every kind: its name, and the model that they are about.
#pragma once

#include <string_view>

#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

// "convert", "inspect"; "" for one that only a newer daemon knows.
std::string_view KindOf(const v1::Job& job);

// Empty for a job of unknown kind.
const v1::ModelInput& InputOf(const v1::Job& job);

}  // namespace smelt::client
