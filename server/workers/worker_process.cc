#include "server/workers/worker_process.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace smelt::workers {
namespace {

using boost::asio::posix::descriptor_base;

constexpr std::size_t kStderrTailBytes = 512;
constexpr int kReadsATurn = 64;
// The pool's thread waits for it, with the cancels of other jobs behind.
constexpr std::chrono::milliseconds kSendLimit{500};

// Threads may run on all cores, so the processor time of a well-behaved job is bounded by both.
std::uint64_t CpuSeconds(std::chrono::milliseconds wall) {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  return static_cast<std::uint64_t>(wall.count() / 1000 + 1) * cores;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

std::vector<std::string> WorkerArguments(const WorkerLimits& limits) {
  return {"--channel-fd=" + std::to_string(kChannelDescriptor),
          "--parent-pid=" + std::to_string(::getpid()),
          "--memory-bytes=" + std::to_string(limits.memory_bytes),
          "--file-bytes=" + std::to_string(limits.file_bytes),
          "--cpu-seconds=" + std::to_string(CpuSeconds(limits.wall))};
}

}  // namespace

WorkerProcess::WorkerProcess(boost::asio::io_context& io, const WorkerLimits& limits, Events events,
                             FrameChannel channel)
    : limits_(limits),
      events_(std::move(events)),
      channel_(std::move(channel)),
      channel_wait_(io),
      exit_wait_(io),
      timer_(io) {}

Result<std::shared_ptr<WorkerProcess>> WorkerProcess::Launch(boost::asio::io_context& io,
                                                             const std::string& binary,
                                                             const WorkerLimits& limits,
                                                             Events events) {
  SMELT_ASSIGN_OR_RETURN(ChannelPair pair, MakeChannelPair());
  std::shared_ptr<WorkerProcess> self(
      new WorkerProcess(io, limits, std::move(events), FrameChannel(std::move(pair.daemon))));
  self->stderr_file_ = UniqueFd(::memfd_create("smelt-worker-stderr", MFD_CLOEXEC));
  SMELT_ASSIGN_OR_RETURN(self->pid_, Spawn({.binary = binary,
                                            .arguments = WorkerArguments(limits),
                                            .stderr_fd = self->stderr_file_.get(),
                                            .channel_fd = pair.worker.get()}));
  Result<UniqueFd> pidfd = OpenPidFd(self->pid_);
  if (!pidfd.ok()) {
    self->Kill();
    while (::waitpid(self->pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    self->pid_ = -1;
    return std::move(pidfd).status();
  }
  self->pidfd_ = *std::move(pidfd);
  self->channel_wait_.assign(self->channel_.fd());
  self->exit_wait_.assign(self->pidfd_.get());
  self->WaitReadable();
  self->WaitExit();
  self->Arm(limits.start, StopCause::kTimeout);
  return self;
}

WorkerProcess::~WorkerProcess() {
  // The descriptors are owned by channel_ and pidfd_.
  if (channel_wait_.is_open()) channel_wait_.release();
  if (exit_wait_.is_open()) exit_wait_.release();
}

void WorkerProcess::Start(const worker::v1::Start& start, const std::vector<int>& descriptors) {
  state_ = State::kBusy;
  job_id_ = start.job_id();
  job_start_ = std::chrono::steady_clock::now();
  evidence_.wall_limit = std::min(limits_.first_sign, limits_.wall);
  Arm(evidence_.wall_limit, StopCause::kTimeout);
  worker::v1::Frame frame;
  *frame.mutable_start() = start;
  const Status sent = channel_.Send(frame, descriptors, kSendLimit);
  if (sent.ok()) return;
  evidence_.start_failed = true;
  evidence_.protocol_error = sent.ToString();
  Kill();
}

void WorkerProcess::Stop(StopCause cause) {
  BlameUnlessDone(cause);
  if (state_ != State::kBusy || cause == StopCause::kShutdown) {
    if (!evidence_.done.has_value()) Kill();
    return;
  }
  state_ = State::kEnding;
  worker::v1::Frame frame;
  frame.mutable_cancel();
  static_cast<void>(channel_.Send(frame, {}, std::chrono::milliseconds(0)));
  Arm(limits_.grace, cause);
}

// The first cause stays, and none is needed for the end of a process that has answered.
void WorkerProcess::BlameUnlessDone(StopCause cause) {
  if (evidence_.stop == StopCause::kNone && !evidence_.done.has_value()) evidence_.stop = cause;
}

// It lives: the rest of the job's own time is left.
void WorkerProcess::OnFirstProgress() {
  evidence_.wall_limit = limits_.wall;
  if (state_ != State::kBusy) return;
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - job_start_);
  Arm(limits_.wall - spent, StopCause::kTimeout);
}

// One timer for all limits: each phase replaces the limit of the one before. In the ending phase
// its end means SIGKILL.
void WorkerProcess::Arm(std::chrono::milliseconds limit, StopCause cause) {
  timer_.expires_after(limit);
  timer_.async_wait([self = weak_from_this(), cause](const boost::system::error_code& error) {
    const auto worker = self.lock();
    if (error || !worker || worker->pid_ < 0) return;
    if (worker->state_ == State::kBusy) {
      worker->Stop(cause);
    } else {
      worker->BlameUnlessDone(cause);
      worker->Kill();
    }
  });
}

void WorkerProcess::WaitReadable() {
  channel_wait_.async_wait(descriptor_base::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (!error && self->pid_ >= 0) self->ReadFrames();
                           });
}

void WorkerProcess::WaitExit() {
  exit_wait_.async_wait(descriptor_base::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error) self->Reap();
                        });
}

void WorkerProcess::ReadFrames() {
  // A worker that never stops talking must not keep the others waiting.
  for (int reads = 0; reads < kReadsATurn; ++reads) {
    Result<FrameChannel::ReadResult> read = channel_.ReadAvailable();
    if (!read.ok()) return ProtocolError(read.status().ToString());
    if (*read == FrameChannel::ReadResult::kWouldBlock) return WaitReadable();
    if (!channel_.TakeDescriptors().empty()) return ProtocolError("it sent descriptors");
    for (;;) {
      Result<std::optional<worker::v1::Frame>> frame = channel_.Next();
      if (!frame.ok()) return ProtocolError(frame.status().ToString());
      if (!frame->has_value()) break;
      Take(std::move(**frame));
      if (evidence_.stop == StopCause::kProtocol) return;
    }
    if (*read == FrameChannel::ReadResult::kClosed) {
      // The process is ending; one that only closed its channel gets the grace to do so.
      state_ = State::kEnding;
      if (evidence_.protocol_error.empty()) evidence_.protocol_error = "it closed its channel";
      return Arm(limits_.grace, StopCause::kProtocol);
    }
  }
  WaitReadable();
}

void WorkerProcess::Take(worker::v1::Frame frame) {
  switch (frame.kind_case()) {
    case worker::v1::Frame::kReady:
      if (state_ != State::kStarting) return ProtocolError("a second ready frame");
      state_ = State::kIdle;
      timer_.cancel();
      return events_.ready(*this, frame.ready());
    case worker::v1::Frame::kProgress:
      if (job_id_.empty()) return ProtocolError("progress without a job");
      if (evidence_.last_stage.empty()) OnFirstProgress();
      evidence_.last_stage = frame.progress().progress().stage();
      return events_.progress(*this, frame.progress().progress());
    case worker::v1::Frame::kDone:
      if (job_id_.empty() || evidence_.done.has_value()) {
        return ProtocolError("an answer without a question");
      }
      evidence_.done = std::move(*frame.mutable_done());
      state_ = State::kEnding;
      return Arm(limits_.grace, StopCause::kNone);
    case worker::v1::Frame::kStart:
    case worker::v1::Frame::kCancel:
    case worker::v1::Frame::KIND_NOT_SET:
      return ProtocolError("a frame that no worker sends");
  }
}

void WorkerProcess::ProtocolError(std::string what) {
  evidence_.stop = StopCause::kProtocol;
  evidence_.protocol_error = std::move(what);
  Kill();
}

void WorkerProcess::Kill() {
  state_ = State::kEnding;
  if (pid_ < 0) return;
  evidence_.killed_by_us = true;
  ::kill(-pid_, SIGKILL);  // the group; not reaped yet, so the number is still ours
  ::kill(pid_, SIGKILL);   // in case it died before it had a group
}

void WorkerProcess::Reap() {
  // What it said before it ended may still be in the socket, which holds less than a turn.
  if (evidence_.stop != StopCause::kProtocol) ReadFrames();
  rusage usage{};
  ::kill(-pid_, SIGKILL);  // nothing of its group stays behind
  while (::wait4(pid_, &evidence_.wait_status, 0, &usage) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  timer_.cancel();
  channel_wait_.release();
  exit_wait_.release();
  evidence_.max_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  evidence_.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  if (!evidence_.done.has_value()) evidence_.stderr_tail = StderrTail();
  const auto exited = std::move(events_.exited);
  events_ = {};
  exited(*this);
}

std::string WorkerProcess::StderrTail() const {
  struct stat info {};
  if (!stderr_file_.valid() || ::fstat(stderr_file_.get(), &info) != 0) return "";
  std::array<char, kStderrTailBytes> text;
  const off_t from = std::max<off_t>(0, info.st_size - static_cast<off_t>(text.size()));
  const ssize_t n = ::pread(stderr_file_.get(), text.data(), text.size(), from);
  return n > 0 ? std::string(text.data(), static_cast<std::size_t>(n)) : "";
}

}  // namespace smelt::workers
