// A line when something begins or ends: for logs, and for terminals that can't do more.
#include <chrono>
#include <string>

#include "client/view/job_state.h"
#include "client/view/progress.h"
#include "client/view/text.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {
namespace {

constexpr std::chrono::seconds kTransferPeriod(10);
constexpr std::chrono::milliseconds kHashWorthALine(500);

double SecondsBetween(Clock::SteadyTime from, Clock::SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

class PlainProgress final : public Progress {
 public:
  PlainProgress(std::ostream& out, const Clock& clock) : out_(out), clock_(clock) {}

  void OnTransfer(const Transfer& transfer) override {
    const auto now = clock_.Now();
    const std::string key = std::string(transfer.step) + " " + Printable(transfer.name);
    if (key != transfer_) {
      transfer_ = key;
      transfer_start_ = transfer_line_ = now;
    }
    if (transfer.done_bytes == transfer.total_bytes) {
      if (transfer.step == "hash" && now - transfer_start_ < kHashWorthALine) return;
      Line(key + ": " + ShowBytes(transfer.total_bytes) + " in " +
           ShowSeconds(SecondsBetween(transfer_start_, now)));
      transfer_.clear();
    } else if (now - transfer_line_ >= kTransferPeriod) {
      Line(key + ": " + ShowBytes(transfer.done_bytes) + " of " + ShowBytes(transfer.total_bytes));
      transfer_line_ = now;
    }
  }

  void OnJob(std::string_view job_id) override {
    prefix_ = "job " + Printable(job_id) + ": ";
    job_start_ = clock_.Now();
  }

  void OnEvent(const v1::JobEvent& event) override {
    if (event.has_progress()) {
      if (event.progress().stage() == stage_) return;
      stage_ = event.progress().stage();
      Line(prefix_ + Printable(stage_));
    } else if (event.has_finished()) {
      Line(prefix_ + std::string(JobStateName(event.finished().state())) + " after " +
           ShowSeconds(SecondsBetween(job_start_, clock_.Now())));
    } else if (!IsFinished(event.state())) {  // the finishing event follows and says more
      stage_.clear();
      Line(prefix_ + std::string(JobStateName(event.state())));
    }
  }

  void OnNote(std::string_view note) override { Line(Printable(note)); }
  void Finish() override {}

 private:
  void Line(const std::string& text) { out_ << text << '\n' << std::flush; }

  std::ostream& out_;
  const Clock& clock_;
  std::string transfer_;
  Clock::SteadyTime transfer_start_{};
  Clock::SteadyTime transfer_line_{};
  std::string prefix_;
  std::string stage_;
  Clock::SteadyTime job_start_{};
};

}  // namespace

std::unique_ptr<Progress> MakePlainProgress(std::ostream& out, const Clock& clock) {
  return std::make_unique<PlainProgress>(out, clock);
}

}  // namespace smelt::client
