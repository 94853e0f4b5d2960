// JobNote: what the failure of a run has to say about the job that the daemon holds.
#pragma once

#include <string>

namespace smelt::client {

struct JobNote {
  std::string id;    // "": the daemon has accepted no job, or it ends with this run
  std::string fate;  // "job 01J... goes on"
  std::string hint;  // how to come back to it
};

}  // namespace smelt::client
