// WorkerProcess: one single-use worker from spawn to reaping. At most one job.
//
// Lives on the pool's thread alone; all callbacks come from there. Shared with its own pending
// asynchronous waits, which is why it is held by shared_ptr.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/workers/frame_channel.h"
#include "server/workers/run_outcome.h"
#include "server/workers/spawn.h"

namespace smelt::workers {

struct WorkerLimits {
  std::uint64_t memory_bytes = 0;                // 0: unlimited
  std::uint64_t file_bytes = 0;                  // largest artifact; 0: unlimited
  std::chrono::milliseconds wall{600'000};       // one attempt
  std::chrono::milliseconds start{10'000};       // from spawn to Ready
  std::chrono::milliseconds first_sign{30'000};  // from the job to its first progress
  std::chrono::milliseconds grace{1'500};        // from being asked to stop to SIGKILL
};

class WorkerProcess : public std::enable_shared_from_this<WorkerProcess> {
 public:
  enum class State { kStarting, kIdle, kBusy, kEnding };
  struct Events {
    std::function<void(WorkerProcess&, const worker::v1::Ready&)> ready;
    std::function<void(WorkerProcess&, const v1::Progress&)> progress;
    std::function<void(WorkerProcess&)> exited;  // reaped: the last event
  };

  // kWorkerUnavailable, kIoError.
  static Result<std::shared_ptr<WorkerProcess>> Launch(boost::asio::io_context& io,
                                                       const std::string& binary,
                                                       const WorkerLimits& limits, Events events);
  ~WorkerProcess();

  State state() const { return state_; }
  const std::string& job_id() const { return job_id_; }
  const ExitEvidence& evidence() const { return evidence_; }

  // Hands the only job to an idle worker. When the frame can't be sent the process is killed and
  // `exited` follows as ever.
  void Start(const worker::v1::Start& start, const std::vector<int>& descriptors);
  // Asks the worker to stop, and kills its process group when the grace is over. The first cause
  // stays. A worker without a job is killed at once.
  void Stop(StopCause cause);

 private:
  WorkerProcess(boost::asio::io_context& io, const WorkerLimits& limits, Events events,
                FrameChannel channel);

  void BlameUnlessDone(StopCause cause);
  void OnFirstProgress();
  void Arm(std::chrono::milliseconds limit, StopCause cause);
  void WaitReadable();
  void WaitExit();
  void ReadFrames();
  void Take(worker::v1::Frame frame);
  void ProtocolError(std::string what);
  void Kill();
  void Reap();
  std::string StderrTail() const;

  const WorkerLimits limits_;
  Events events_;
  FrameChannel channel_;
  UniqueFd pidfd_;
  UniqueFd stderr_file_;  // memory; read only when the process died badly
  pid_t pid_ = -1;        // -1 once reaped
  boost::asio::posix::stream_descriptor channel_wait_;
  boost::asio::posix::stream_descriptor exit_wait_;
  boost::asio::steady_timer timer_;
  State state_ = State::kStarting;
  std::string job_id_;
  std::chrono::steady_clock::time_point job_start_;
  ExitEvidence evidence_;
};

}  // namespace smelt::workers
