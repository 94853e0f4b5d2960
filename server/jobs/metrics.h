// What the server counts, as small interfaces with no-op defaults. server/metrics implements them
// on Prometheus; tests leave them out. Safe for calls from any thread; cheap; never blocking.
//
// They live here because every folder that emits them may include server/jobs and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/reason.h"
#include "server/jobs/job.h"
#include "server/jobs/job_runner.h"

namespace smelt::jobs {

// A target is empty where the job has none.
class JobMetrics {
 public:
  virtual ~JobMetrics() = default;
  virtual void OnSubmitted(std::string_view /*target*/) {}
  virtual void OnFinished(std::string_view /*target*/, JobState /*state*/, Reason /*reason*/) {}
  // Stages of the daemon: queue, run, publish. Those of the worker come with OnRun.
  virtual void OnStage(std::string_view /*stage*/, std::string_view /*target*/,
                       double /*seconds*/) {}
  // One attempt that reached its end: stages, operators, cpu and memory.
  virtual void OnRun(std::string_view /*target*/, const RunOutcome& /*outcome*/) {}
  virtual void OnImpossibleTransition() {}
};

class WorkerMetrics {
 public:
  enum class State { kStarting, kIdle, kBusy };
  virtual ~WorkerMetrics() = default;
  virtual void OnExit(ExitCause /*cause*/) {}
  virtual void SetWorkers(State /*state*/, std::size_t /*count*/) {}
};

class StoreMetrics {
 public:
  virtual ~StoreMetrics() = default;
  // A ledger transaction, from request to durable. `calls`: how many calls it carried.
  virtual void OnCommit(double /*seconds*/, std::size_t /*calls*/) {}
  // One fsync of the blob store; op: data, dir.
  virtual void OnFsync(std::string_view /*op*/, double /*seconds*/) {}
};

class BlobMetrics {
 public:
  enum class Upload { kSealed, kDuplicate, kResumed, kExpired, kMismatch };
  virtual ~BlobMetrics() = default;
  virtual void OnUpload(Upload /*outcome*/) {}
};

class RpcMetrics {
 public:
  virtual ~RpcMetrics() = default;
  // Names without the package's leading slash: "smelt.v1.Jobs", "Create".
  virtual void OnStarted(std::string_view /*service*/, std::string_view /*method*/) {}
  // `code`: gRPC's own spelling, "OK", "NOT_FOUND".
  virtual void OnHandled(std::string_view /*service*/, std::string_view /*method*/,
                         std::string_view /*code*/, double /*seconds*/) {}
  virtual void OnWatchOpened() {}
  virtual void OnWatchClosed() {}
  virtual void OnWatchGap() {}  // a watch asked for events that are no longer kept
};

}  // namespace smelt::jobs
