// A scheduler over memory stores, a scripted runner and virtual time.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "server/jobs/job_id.h"
#include "server/jobs/operation.h"
#include "server/jobs/scheduler.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_runner.h"
#include "tests/support/manual_executor.h"
#include "tests/support/memory_blob_store.h"
#include "tests/support/memory_job_store.h"

namespace smelt::jobs {

struct CountingJobMetrics final : JobMetrics {
  void OnSubmitted(std::string_view) override { ++submitted; }
  void OnFinished(std::string_view target, JobState state, Reason reason) override {
    finished.emplace_back(target, state, reason);
  }
  void OnStage(std::string_view stage, std::string_view, double seconds) override {
    stages.emplace_back(stage, seconds);
  }
  void OnRun(std::string_view, const RunOutcome&) override { ++runs; }
  void OnImpossibleTransition() override { ++impossible; }

  int submitted = 0;
  int runs = 0;
  int impossible = 0;
  std::vector<std::tuple<std::string, JobState, Reason>> finished;
  std::vector<std::pair<std::string, double>> stages;
};

class SchedulerFixture : public ::testing::Test {
 protected:
  explicit SchedulerFixture(std::size_t slots = 2) : slots_(slots) {}

  Job Submit(const std::string& model = "model bytes") {
    NewJob job;
    job.id = ids_.Next();
    job.now = clock_.Wall();
    std::get<v1::ConvertOperation>(job.operation).mutable_input()->set_file_name("m.onnx");
    *std::get<v1::ConvertOperation>(job.operation).mutable_input()->mutable_model() =
        ToProto(blobs_.Put(std::as_bytes(std::span(model))).value());
    Job accepted = store_.Accept(job).value().job;
    scheduler_.Wake();
    return accepted;
  }
  // A job with that many external files.
  std::string StartedBundle(int files) {
    NewJob job;
    job.id = ids_.Next();
    v1::ModelInput* input = std::get<v1::ConvertOperation>(job.operation).mutable_input();
    *input->mutable_model() = ToProto(blobs_.Put({}).value());
    for (int i = 0; i < files; ++i) {
      (*input->mutable_external_files())[std::to_string(i)] = input->model();
    }
    SMELT_CHECK(store_.Accept(job).ok());
    scheduler_.Wake();
    executor_.RunReady();
    return job.id;
  }
  std::string Started() {
    const Job job = Submit();
    executor_.RunReady();
    return job.id;
  }
  Job Get(const std::string& id) { return store_.Get(id).value(); }
  static RunOutcome Outcome(JobState state, Reason reason, std::string message = "") {
    RunOutcome outcome;
    outcome.state = state;
    outcome.reason = reason;
    outcome.message = std::move(message);
    return outcome;
  }
  static RunOutcome Infrastructure(Reason reason) {
    RunOutcome outcome = Outcome(JobState::kFailed, reason, "no process");
    outcome.infrastructure_failure = true;
    return outcome;
  }

  const std::size_t slots_;
  test::FakeClock clock_;
  JobIdSource ids_{clock_};
  test::MemoryJobStore store_;
  test::MemoryBlobStore blobs_{clock_};
  test::FakeRunner runner_;
  test::ManualExecutor executor_{clock_};
  CountingJobMetrics metrics_;
  Status storage_;  // what the disk says
  Scheduler scheduler_{
      {.slots = slots_},
      {store_, store_, blobs_, runner_, executor_, clock_, metrics_, [this] { return storage_; }}};
};

}  // namespace smelt::jobs
