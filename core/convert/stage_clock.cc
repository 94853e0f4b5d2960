#include "core/convert/stage_clock.h"

#include <sys/resource.h>

#include <string>

namespace smelt {
namespace {

// VmHWM of this process. getrusage, because a sandboxed worker opens no path, /proc included.
std::uint64_t PeakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

StageClock::StageClock(v1::Report& report)
    : report_(report), begun_(std::chrono::steady_clock::now()) {}

void StageClock::End(std::string_view stage) {
  const auto now = std::chrono::steady_clock::now();
  last_seconds_ = std::chrono::duration<double>(now - begun_).count();
  begun_ = now;
  v1::Timing* timing = report_.add_timings();
  timing->set_stage(std::string(stage));
  timing->set_seconds(last_seconds_);
  timing->set_peak_rss_bytes(PeakRssBytes());
}

}  // namespace smelt
