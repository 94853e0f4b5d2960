// One JSON object a line, for programs that follow along: {"event": JobEvent}, {"transfer": ...},
// {"job_id": ...} and {"note": ...}.
#include <chrono>
#include <string>

#include "client/view/json.h"
#include "client/view/progress.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {
namespace {

constexpr std::chrono::milliseconds kTransferPeriod(500);

class JsonProgress final : public Progress {
 public:
  JsonProgress(std::ostream& out, const Clock& clock) : out_(out), clock_(clock) {}

  void OnTransfer(const Transfer& transfer) override {
    const auto now = clock_.Now();
    const bool last = transfer.done_bytes == transfer.total_bytes;
    if (!last && transfer.done_bytes != 0 && now - last_transfer_ < kTransferPeriod) return;
    last_transfer_ = now;
    Line("{\"transfer\": {\"step\": " + JsonString(transfer.step) + ", \"name\": " +
         JsonString(transfer.name) + ", \"done_bytes\": " + std::to_string(transfer.done_bytes) +
         ", \"total_bytes\": " + std::to_string(transfer.total_bytes) + "}}\n");
  }

  void OnJob(std::string_view job_id) override {
    Line("{\"job_id\": " + JsonString(job_id) + "}\n");
  }

  void OnEvent(const v1::JobEvent& event) override {
    std::string json = ToJson(event, JsonShape::kLine);
    json.pop_back();
    Line("{\"event\": " + json + "}\n");
  }

  void OnNote(std::string_view note) override { Line("{\"note\": " + JsonString(note) + "}\n"); }

  void Finish() override {}

 private:
  void Line(const std::string& text) { out_ << text << std::flush; }

  std::ostream& out_;
  const Clock& clock_;
  Clock::SteadyTime last_transfer_{};
};

}  // namespace

std::unique_ptr<Progress> MakeJsonProgress(std::ostream& out, const Clock& clock) {
  return std::make_unique<JsonProgress>(out, clock);
}

}  // namespace smelt::client
