// A small block of lines that is drawn anew in place: one line a step, with its amount and time.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client/view/job_state.h"
#include "client/view/progress.h"
#include "client/view/text.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {
namespace {

constexpr std::chrono::milliseconds kFrame(100);
constexpr std::size_t kMaxSteps = 16;  // the block must fit on the screen

struct Step {
  std::string label;
  std::string detail;
  std::string full_detail;  // once it is over: the last progress may have been far from the end
  Clock::SteadyTime start;
  Clock::SteadyTime end;
  bool running = true;
};

struct Glyphs {
  std::vector<std::string> spinner;
  std::string done;
};

Glyphs GlyphsFor(const Screen& screen) {
  if (!screen.unicode) return {{"-", "\\", "|", "/"}, "+"};
  return {{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}, "✓"};
}

std::string Amount(std::uint64_t done, std::uint64_t total, const std::string& unit) {
  const bool bytes = unit == "bytes";
  std::string text = bytes ? ShowBytes(done) : std::to_string(done);
  if (total != 0 && done != total)
    text += " of " + (bytes ? ShowBytes(total) : std::to_string(total));
  if (!bytes && !unit.empty()) text += " " + unit;
  return text;
}

// Cuts to a number of characters (not bytes), so that a line never wraps: the block is drawn over
// itself by counting lines.
std::string Cut(const std::string& text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (seen++ == columns) return text.substr(0, i);
  }
  return text;
}

// Thread safe: its own ticker draws beside the caller.
class TtyProgress final : public Progress {
 public:
  TtyProgress(const Screen& screen, const Clock& clock, Ticking ticking)
      : screen_(screen), clock_(clock), ink_(screen.colored), glyphs_(GlyphsFor(screen)) {
    if (ticking == Ticking::kOn) ticker_ = std::thread([this] { Tick(); });
  }
  ~TtyProgress() override { Finish(); }

  void OnTransfer(const Transfer& transfer) override {
    const std::lock_guard lock(mutex_);
    const bool over = transfer.done_bytes == transfer.total_bytes;
    Step& step = Begin(std::string(transfer.step));
    step.detail = Amount(transfer.done_bytes, transfer.total_bytes, "bytes") + "  " +
                  Printable(transfer.name);
    if (over) EndAll();
    over ? Draw() : DrawIfDue();
  }

  void OnJob(std::string_view job_id) override {
    const std::lock_guard lock(mutex_);
    EndAll();
    job_ = "job " + Printable(job_id);
    Draw();
  }

  void OnEvent(const v1::JobEvent& event) override {
    const std::lock_guard lock(mutex_);
    if (event.has_progress()) {
      const v1::Progress& progress = event.progress();
      Step& step = Begin(Printable(progress.stage()));
      const std::string unit = Printable(progress.unit());
      step.detail = Amount(progress.done(), progress.total(), unit);
      step.full_detail =
          progress.total() == 0 ? step.detail : Amount(progress.total(), progress.total(), unit);
      DrawIfDue();
      return;
    }
    EndAll();
    const v1::JobState state = event.has_finished() ? event.finished().state() : event.state();
    if (state == v1::SUCCEEDED) CompleteLast();
    if (state == v1::QUEUED) Begin("queued");
    if (state == v1::RUNNING) Begin("start");
    Draw();
  }

  void OnNote(std::string_view note) override {
    const std::lock_guard lock(mutex_);
    Clear();
    *screen_.out << ink_.Yellow(Printable(note)) << '\n';
    Draw();
  }

  void Finish() override {
    {
      const std::lock_guard lock(mutex_);
      if (!finished_) {
        EndAll();
        Draw();
      }
      finished_ = true;
    }
    wake_.notify_all();
    if (ticker_.joinable()) ticker_.join();
  }

 private:
  // The running step of this name: the last one, when it has this name, or a new one. (A model
  // with hundreds of data files is one upload.)
  Step& Begin(const std::string& label) {
    if (!steps_.empty() && steps_.back().label == label) {
      steps_.back().running = true;
      return steps_.back();
    }
    EndAll();
    CompleteLast();
    // A step without amount said only that one waits: the next one takes its line.
    if (!steps_.empty() && steps_.back().detail.empty()) steps_.pop_back();
    if (steps_.size() == kMaxSteps) steps_.erase(steps_.begin());
    steps_.push_back({label, "", "", clock_.Now(), {}, true});
    return steps_.back();
  }

  // The next step began, or the job succeeded: so the last one got to its end.
  void CompleteLast() {
    if (!steps_.empty() && !steps_.back().full_detail.empty()) {
      steps_.back().detail = steps_.back().full_detail;
    }
  }

  void EndAll() {
    for (Step& step : steps_) {
      if (step.running) step.end = clock_.Now();
      step.running = false;
    }
  }

  void DrawIfDue() {
    if (clock_.Now() - drawn_at_ >= kFrame) Draw();
  }

  void Clear() {
    if (lines_drawn_ > 0) *screen_.out << "\x1b[" << lines_drawn_ << "A\x1b[J";
    lines_drawn_ = 0;
  }

  void Draw() {
    if (finished_) return;
    drawn_at_ = clock_.Now();
    Clear();
    const auto columns = static_cast<std::size_t>(std::max(20, screen_.columns()) - 1);
    if (!job_.empty()) {
      *screen_.out << ink_.Dim(Cut(job_, columns)) << '\n';
      ++lines_drawn_;
    }
    for (const Step& step : steps_) DrawStep(step, columns);
    *screen_.out << std::flush;
  }

  void DrawStep(const Step& step, std::size_t columns) {
    const auto end = step.running ? drawn_at_ : step.end;
    std::string line = step.label;
    line.resize(std::max<std::size_t>(line.size() + 1, 10), ' ');
    std::string time = ShowSeconds(std::chrono::duration<double>(end - step.start).count());
    time.resize(std::max<std::size_t>(time.size() + 2, 10), ' ');
    line += time + step.detail;
    const auto frame = static_cast<std::size_t>((drawn_at_ - step.start) / kFrame);
    *screen_.out << (step.running ? ink_.Bold(glyphs_.spinner[frame % glyphs_.spinner.size()])
                                  : ink_.Green(glyphs_.done))
                 << ' ' << Cut(line, columns - 2) << '\n';
    ++lines_drawn_;
  }

  void Tick() {
    std::unique_lock lock(mutex_);
    while (!finished_) {
      wake_.wait_for(lock, kFrame);
      if (!finished_ && !steps_.empty() && steps_.back().running) Draw();
    }
  }

  const Screen screen_;
  const Clock& clock_;
  const Ink ink_;
  const Glyphs glyphs_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Step> steps_;
  std::string job_;
  Clock::SteadyTime drawn_at_{};
  int lines_drawn_ = 0;
  bool finished_ = false;
  std::thread ticker_;
};

}  // namespace

std::unique_ptr<Progress> MakeTtyProgress(const Screen& screen, const Clock& clock,
                                          Ticking ticking) {
  return std::make_unique<TtyProgress>(screen, clock, ticking);
}

}  // namespace smelt::client
