// Readiness: what the parts say about taking and running jobs. Safe for calls from any thread.
#pragma once

#include <mutex>
#include <string>

#include "core/base/status.h"

namespace smelt::app {

class Readiness {
 public:
  void SetStore(Status status);  // logs it when it turns
  Status store() const;
  // Empty: jobs can be taken and run.
  void SetObstacle(std::string why);
  std::string obstacle() const;

 private:
  mutable std::mutex mutex_;
  Status store_;
  std::string obstacle_ = "it is starting";
};

}  // namespace smelt::app
