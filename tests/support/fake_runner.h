// FakeRunner: a JobRunner that waits for the test to say how an attempt ends. One thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/file_system.h"
#include "server/jobs/job_runner.h"

namespace smelt::test {

class FakeRunner final : public jobs::JobRunner {
 public:
  struct Started {
    jobs::RunSpec spec;
    ProgressFn progress;
    DoneFn done;
  };

  void Run(jobs::RunSpec spec, ProgressFn progress, DoneFn done) override {
    started.push_back(spec.job_id);
    const std::string id = spec.job_id;
    if (on_run) on_run();
    running[id] = {std::move(spec), std::move(progress), std::move(done)};
  }
  bool available() const override { return is_available; }
  void Cancel(const std::string& job_id) override { cancelled.push_back(job_id); }

  // Ends an attempt.
  void Finish(const std::string& job_id, jobs::RunOutcome outcome) {
    auto node = running.extract(job_id);
    SMELT_CHECK(!node.empty());
    node.mapped().done(std::move(outcome));
  }

  // Writes an artifact and a report as a worker does, and ends the attempt well.
  void Succeed(const std::string& job_id, std::string_view artifact = "artifact",
               std::string_view report = "report") {
    jobs::RunOutcome outcome;
    outcome.state = jobs::JobState::kSucceeded;
    outcome.artifact = {.name = "model.tflite",
                        .kind = "tflite",
                        .digest = Write(running.at(job_id).spec.artifact_fd, artifact)};
    outcome.report = Write(running.at(job_id).spec.report_fd, report);
    Finish(job_id, std::move(outcome));
  }

  static Digest Write(int fd, std::string_view text) {
    const ByteSpan bytes = std::as_bytes(std::span(text));
    SMELT_CHECK(FileSystem::Real().WriteAt(fd, 0, bytes).ok());
    return Digest::Of(bytes);
  }

  std::map<std::string, Started> running;
  std::vector<std::string> started;  // in order, also repeats
  std::vector<std::string> cancelled;
  bool is_available = true;
  std::function<void()> on_run;  // called within Run
};

}  // namespace smelt::test
