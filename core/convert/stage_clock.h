// Times the stages of one conversion for the report. Not thread safe.
#pragma once

#include <chrono>
#include <string_view>

#include "smelt/v1/report.pb.h"

namespace smelt {

class StageClock {
 public:
  explicit StageClock(v1::Report& report);
  // Ends the stage that began when the last one ended.
  void End(std::string_view stage);
  double last_seconds() const { return last_seconds_; }

 private:
  v1::Report& report_;
  std::chrono::steady_clock::time_point begun_;
  double last_seconds_ = 0;
};

}  // namespace smelt
