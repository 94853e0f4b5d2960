// WorkerPool: executes jobs in pre-started, single-use worker processes.
//
// One thread of its own spawns, watches and reaps them all. It lives as long as the pool: a worker
// asks the kernel to die with the thread that started it, so none outlives the daemon. A worker
// that dies, whatever of, is replaced; only its own job hears of it. Safe for calls from any
// thread; callbacks come from the pool's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/job_runner.h"
#include "server/jobs/metrics.h"
#include "server/workers/worker_process.h"

namespace smelt::workers {

struct WorkerPoolOptions {
  std::string binary;    // path of smelt-worker
  std::size_t idle = 1;  // processes kept ready
  WorkerLimits limits;
};

class WorkerPool final : public jobs::JobRunner {
 public:
  // Starts the thread and the first processes. `metrics` outlives the pool.
  WorkerPool(WorkerPoolOptions options, jobs::WorkerMetrics& metrics);
  // Kills and reaps every process. Jobs that still run end as infrastructure failures.
  ~WorkerPool() override;

  void Run(jobs::RunSpec spec, ProgressFn progress, DoneFn done) override;
  void Cancel(const std::string& job_id) override;

  // The sandbox of the newest worker that got ready; empty before the first.
  worker::v1::Ready sandbox() const;
  // Waits until a worker is ready. kWorkerUnavailable when none is within `limit`.
  Status WaitReady(std::chrono::milliseconds limit) const;
  // True once a worker got ready, until processes keep failing to start.
  bool healthy() const { return healthy_; }
  // False while processes keep failing to start.
  bool available() const override { return !failing_; }

 private:
  struct Pending {
    jobs::RunSpec spec;
    ProgressFn progress;
    DoneFn done;
  };

  void Fill();
  void LaunchOne();
  void Dispatch();
  void Assign(WorkerProcess& worker, Pending job);
  void OnReady(const worker::v1::Ready& ready);
  void OnExited(WorkerProcess& worker);
  void LaunchFailed(const Status& why);
  void CancelOnThread(const std::string& job_id);
  void StopOnThread();
  void PublishCounts();

  const WorkerPoolOptions options_;
  jobs::WorkerMetrics& metrics_;
  boost::asio::io_context io_;
  // Everything down to the mutex is the thread's alone.
  std::vector<std::shared_ptr<WorkerProcess>> workers_;
  std::map<const WorkerProcess*, Pending> running_;
  std::deque<Pending> waiting_;
  boost::asio::steady_timer backoff_;
  int failures_in_a_row_ = 0;
  bool stopping_ = false;

  std::atomic<bool> healthy_ = false;
  std::atomic<bool> failing_ = false;
  mutable std::mutex mutex_;
  mutable std::condition_variable ready_changed_;
  worker::v1::Ready sandbox_;
  bool any_ready_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smelt::workers
