// Progress: what a person or a script may watch while a command works. It goes to standard error,
// so that standard output holds the result alone.
//
// One thread calls; Finish must be called before anything else is printed. Calls are cheap and may
// come once a chunk: each view limits its own rate.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>

#include "core/base/clock.h"

namespace smelt::v1 {
class JobEvent;
}

namespace smelt::client {

struct Transfer {
  std::string_view step;  // "hash", "upload" or "download"
  std::string_view name;  // of the file
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void OnTransfer(const Transfer& transfer) = 0;  // done_bytes == total_bytes: it is over
  virtual void OnJob(std::string_view job_id) = 0;        // the job that events are about
  virtual void OnEvent(const v1::JobEvent& event) = 0;
  virtual void OnNote(std::string_view note) = 0;  // "no answer, trying again in 2 s"
  virtual void Finish() = 0;
};

enum class ProgressStyle : std::uint8_t { kAuto, kTty, kPlain, kJson, kQuiet };

// "auto", "tty", "plain", "json", "quiet".
std::optional<ProgressStyle> ProgressStyleFromName(std::string_view name);

// Where progress is shown. `columns` is asked at every drawing: windows change.
struct Screen {
  std::ostream* out = nullptr;
  bool is_terminal = false;  // and one that understands cursor movement
  bool colored = false;
  bool unicode = false;
  std::function<int()> columns = [] { return 80; };
};

// kAuto becomes kTty on a terminal and kPlain elsewhere. `clock` must outlive the result.
std::unique_ptr<Progress> MakeProgress(ProgressStyle style, const Screen& screen,
                                       const Clock& clock);

std::unique_ptr<Progress> MakePlainProgress(std::ostream& out, const Clock& clock);
std::unique_ptr<Progress> MakeJsonProgress(std::ostream& out, const Clock& clock);
enum class Ticking : std::uint8_t { kOff, kOn };  // whether a thread redraws while nothing happens
std::unique_ptr<Progress> MakeTtyProgress(const Screen& screen, const Clock& clock,
                                          Ticking ticking);

}  // namespace smelt::client
