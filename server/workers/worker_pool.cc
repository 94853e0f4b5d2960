#include "server/workers/worker_pool.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "core/base/log.h"

namespace smelt::workers {
namespace {

// Failures to start before waiting jobs are handed back and the pool calls itself unhealthy.
constexpr int kTolerableFailures = 3;
constexpr std::chrono::milliseconds kFirstBackoff{50};
constexpr std::chrono::milliseconds kLongestBackoff{5'000};

std::chrono::milliseconds Backoff(int failures) {
  return std::min(kLongestBackoff, kFirstBackoff * (1 << std::min(failures, 10)));
}

// What to do, without the input: that comes as descriptors.
struct SetWork {
  worker::v1::Start& start;
  void operator()(const v1::ConvertOperation& convert) const {
    *start.mutable_convert() = convert.options();
  }
  void operator()(const v1::InspectOperation&) const { start.mutable_inspect(); }
};

worker::v1::Start MakeStart(const jobs::RunSpec& spec, std::vector<int>& descriptors) {
  const auto add = [&descriptors](int fd) {
    descriptors.push_back(fd);
    return static_cast<std::uint32_t>(descriptors.size() - 1);
  };
  worker::v1::Start start;
  start.set_job_id(spec.job_id);
  std::visit(SetWork{start}, spec.operation);
  start.set_file_name(spec.file_name);
  start.set_model_fd_index(add(spec.model_fd));
  start.set_artifact_fd_index(add(spec.artifact_fd));
  start.set_report_fd_index(add(spec.report_fd));
  if (spec.extras_fd >= 0) start.set_extras_fd_index(add(spec.extras_fd));
  start.set_model_sha256(spec.model_sha256);
  for (const auto& [path, fd] : spec.external_fds) {
    (*start.mutable_external_fd_index())[path] = add(fd);
  }
  for (const jobs::RunCalibrationFile& file : spec.calibration) {
    worker::v1::CalibrationFile& sent = *start.add_calibration_files();
    sent.set_fd_index(add(file.fd));
    sent.set_name(file.name);
    sent.set_input(file.input);
    sent.set_raw_type(file.raw_type);
  }
  return start;
}

jobs::RunOutcome NoWorker(const Status& why) {
  jobs::RunOutcome outcome;
  outcome.reason = why.reason();
  outcome.message = std::string(why.message());
  outcome.exit_cause = jobs::ExitCause::kError;
  outcome.infrastructure_failure = true;
  outcome.no_worker = true;
  return outcome;
}

}  // namespace

WorkerPool::WorkerPool(WorkerPoolOptions options, jobs::WorkerMetrics& metrics)
    : options_(std::move(options)), metrics_(metrics), backoff_(io_) {
  thread_ = std::thread([this] {
    boost::asio::post(io_, [this] { Fill(); });
    auto work = boost::asio::make_work_guard(io_);
    // Ends when StopOnThread stopped the context, with every process reaped.
    io_.run();
  });
}

WorkerPool::~WorkerPool() {
  boost::asio::post(io_, [this] { StopOnThread(); });
  thread_.join();
}

void WorkerPool::Run(jobs::RunSpec spec, ProgressFn progress, DoneFn done) {
  auto job =
      std::make_shared<Pending>(Pending{std::move(spec), std::move(progress), std::move(done)});
  boost::asio::post(io_, [this, job] {
    waiting_.push_back(std::move(*job));
    Dispatch();
  });
}

void WorkerPool::Cancel(const std::string& job_id) {
  boost::asio::post(io_, [this, job_id] { CancelOnThread(job_id); });
}

worker::v1::Ready WorkerPool::sandbox() const {
  std::lock_guard lock(mutex_);
  return sandbox_;
}

Status WorkerPool::WaitReady(std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  if (ready_changed_.wait_for(lock, limit, [this] { return any_ready_; })) return Status::Ok();
  return Status(Reason::kWorkerUnavailable, "no worker process got ready");
}

// Tops up the idle processes, so that a job never waits for a process to start.
void WorkerPool::Fill() {
  if (stopping_) return;
  const auto spare = [this] {
    return static_cast<std::size_t>(std::ranges::count_if(workers_, [](const auto& worker) {
      return worker->state() == WorkerProcess::State::kStarting ||
             worker->state() == WorkerProcess::State::kIdle;
    }));
  };
  for (std::size_t have = spare(); have < options_.idle; ++have) {
    const int failures = failures_in_a_row_;
    LaunchOne();
    if (failures_in_a_row_ > failures) return;  // LaunchFailed comes back after a while
  }
  PublishCounts();
}

void WorkerPool::LaunchOne() {
  Result<std::shared_ptr<WorkerProcess>> worker = WorkerProcess::Launch(
      io_, options_.binary, options_.limits,
      {.ready = [this](WorkerProcess&, const worker::v1::Ready& ready) { OnReady(ready); },
       .progress =
           [this](WorkerProcess& self, const v1::Progress& progress) {
             if (const auto job = running_.find(&self); job != running_.end()) {
               job->second.progress(progress);
             }
           },
       .exited = [this](WorkerProcess& self) { OnExited(self); }});
  if (!worker.ok()) return LaunchFailed(worker.status());
  workers_.push_back(*std::move(worker));
}

void WorkerPool::LaunchFailed(const Status& why) {
  ++failures_in_a_row_;
  Log(LogLevel::kError, "worker_start_failed",
      {{"reason", why.ToString()}, {"failures", failures_in_a_row_}});
  if (failures_in_a_row_ >= kTolerableFailures) {
    healthy_ = false;
    failing_ = true;
    for (Pending& job : std::exchange(waiting_, {})) job.done(NoWorker(why));
  }
  backoff_.expires_after(Backoff(failures_in_a_row_));
  backoff_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Fill();
  });
  PublishCounts();
}

void WorkerPool::OnReady(const worker::v1::Ready& ready) {
  failures_in_a_row_ = 0;
  healthy_ = true;
  failing_ = false;
  {
    std::lock_guard lock(mutex_);
    sandbox_ = ready;
    any_ready_ = true;
  }
  ready_changed_.notify_all();
  Dispatch();
}

void WorkerPool::Dispatch() {
  while (!waiting_.empty()) {
    const auto idle = std::ranges::find_if(workers_, [](const auto& worker) {
      return worker->state() == WorkerProcess::State::kIdle;
    });
    if (idle == workers_.end()) break;
    Pending job = std::move(waiting_.front());
    waiting_.pop_front();
    Assign(**idle, std::move(job));
    Fill();
  }
  PublishCounts();
}

void WorkerPool::Assign(WorkerProcess& worker, Pending job) {
  std::vector<int> descriptors;
  const worker::v1::Start start = MakeStart(job.spec, descriptors);
  running_[&worker] = std::move(job);
  worker.Start(start, descriptors);
}

void WorkerPool::OnExited(WorkerProcess& worker) {
  const bool had_job = running_.contains(&worker);
  const bool died_early = !had_job && worker.evidence().stop != StopCause::kShutdown;
  if (had_job) {
    Pending job = std::move(running_.extract(&worker).mapped());
    jobs::RunOutcome outcome = JudgeExit(worker.evidence());
    metrics_.OnExit(outcome.exit_cause);
    job.done(std::move(outcome));
  }
  std::erase_if(workers_, [&](const auto& held) { return held.get() == &worker; });
  if (stopping_) {
    if (workers_.empty()) io_.stop();
    return;
  }
  if (died_early) {
    const jobs::RunOutcome judged = JudgeExit(worker.evidence());
    metrics_.OnExit(judged.exit_cause);
    LaunchFailed(Status(Reason::kWorkerUnavailable, "an idle worker died: " + judged.message));
    return;
  }
  Fill();
}

void WorkerPool::CancelOnThread(const std::string& job_id) {
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (at->spec.job_id != job_id) continue;
    Pending job = std::move(*at);
    waiting_.erase(at);
    jobs::RunOutcome outcome;
    outcome.state = jobs::JobState::kCancelled;
    outcome.reason = Reason::kCancelled;
    outcome.exit_cause = jobs::ExitCause::kCancelled;
    return job.done(std::move(outcome));
  }
  for (const auto& [worker, job] : running_) {
    if (job.spec.job_id == job_id) const_cast<WorkerProcess*>(worker)->Stop(StopCause::kCancelled);
  }
}

void WorkerPool::StopOnThread() {
  stopping_ = true;
  backoff_.cancel();
  for (Pending& job : std::exchange(waiting_, {})) {
    job.done(NoWorker(Status(Reason::kDraining, "the daemon stops")));
  }
  if (workers_.empty()) return io_.stop();
  const std::vector<std::shared_ptr<WorkerProcess>> all = workers_;
  for (const auto& worker : all) worker->Stop(StopCause::kShutdown);
}

void WorkerPool::PublishCounts() {
  std::size_t starting = 0;
  std::size_t idle = 0;
  for (const auto& worker : workers_) {
    starting += worker->state() == WorkerProcess::State::kStarting ? 1 : 0;
    idle += worker->state() == WorkerProcess::State::kIdle ? 1 : 0;
  }
  metrics_.SetWorkers(jobs::WorkerMetrics::State::kStarting, starting);
  metrics_.SetWorkers(jobs::WorkerMetrics::State::kIdle, idle);
  metrics_.SetWorkers(jobs::WorkerMetrics::State::kBusy, running_.size());
}

}  // namespace smelt::workers
