#include "server/app/app.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "server/app/asio_executor.h"
#include "server/app/descriptor_limit.h"
#include "server/app/readiness.h"
#include "server/app/server_facts.h"
#include "server/jobs/admission.h"
#include "server/jobs/recovery.h"
#include "server/jobs/scheduler.h"
#include "server/local/local_stores.h"
#include "server/metrics/metrics.h"
#include "server/metrics/metrics_exposer.h"
#include "server/rpc/blobs_service.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/jobs_service.h"
#include "server/rpc/server_info_service.h"
#include "server/workers/worker_pool.h"

namespace smelt::app {
namespace {

// Tasks mostly wait for the disk, so there are more threads than cores; bounded, so that a burst of
// calls queues instead of thrashing.
constexpr std::size_t kRpcThreads = 8;
// Reading and writing blobs may take minutes a call, so it has threads of its own.
constexpr std::size_t kFileThreads = 8;
constexpr const char* kShuttingDown = "it is shutting down";
constexpr std::chrono::seconds kCallsEndLimit{2};
// No parked call is left by then. An idle client may take seconds to notice that we close its
// connection; nobody needs to wait for it.
constexpr std::chrono::seconds kShutdownLimit{1};
constexpr std::chrono::hours kSweepInterval{1};
constexpr std::chrono::seconds kProbeInterval{1};

void SweepUploadsForEver(jobs::Executor& executor, jobs::BlobStore& blobs) {
  executor.PostAfter(kSweepInterval, [&executor, &blobs] {
    const Result<std::size_t> swept = blobs.SweepUploads();
    if (!swept.ok()) {
      Log(LogLevel::kWarning, "sweep_failed", {{"reason", swept.status().ToString()}});
    }
    SweepUploadsForEver(executor, blobs);
  });
}

void ProbeStoreForEver(jobs::Executor& executor, local::LocalStores& stores, Readiness& readiness) {
  readiness.SetStore(stores.CheckWritable());
  executor.PostAfter(kProbeInterval, [&executor, &stores, &readiness] {
    ProbeStoreForEver(executor, stores, readiness);
  });
}

}  // namespace

// In order of construction; the order of destruction is Drain's.
struct App::Parts {
  const Clock& clock = Clock::System();
  config::ServerConfig config;  // not written once the server runs
  // What was built before a failure is torn down without waiting for balancers.
  std::chrono::milliseconds drain_delay{0};
  std::atomic<bool> draining = false;
  bool drained = false;
  Readiness readiness;
  rpc::LiveCalls live;
  v1::ListOperatorsResponse operators;
  std::unique_ptr<metrics::Metrics> metrics;
  std::unique_ptr<local::LocalStores> stores;
  std::unique_ptr<AsioExecutor> job_executor;
  std::unique_ptr<AsioExecutor> rpc_executor;
  std::unique_ptr<AsioExecutor> file_executor;
  std::unique_ptr<workers::WorkerPool> workers;
  std::unique_ptr<jobs::Scheduler> scheduler;
  std::unique_ptr<jobs::Admission> admission;
  std::unique_ptr<rpc::GrpcServer> server;
  std::unique_ptr<metrics::MetricsExposer> exposer;
};

App::App() : parts_(std::make_unique<Parts>()) {}

App::~App() { Drain(); }

Result<std::unique_ptr<App>> App::Start(const config::ServerConfig& config) {
  std::unique_ptr<App> app(new App);
  app->parts_->config = config;
  SMELT_RETURN_IF_ERROR(app->Build(config));
  SMELT_RETURN_IF_ERROR(app->BuildServer(config));
  app->parts_->drain_delay = config.drain_delay;
  app->parts_->scheduler->Wake();
  return app;
}

Status App::ReadSupportTable(const std::string& worker_binary) {
  SMELT_ASSIGN_OR_RETURN(const std::string json,
                         workers::RunForOutput(worker_binary, "--print-support=json"));
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &parts_->operators);
  if (parsed.ok()) return Status::Ok();
  return Status(Reason::kWorkerUnavailable,
                worker_binary + ": its support table can't be read: " + parsed.ToString());
}

Status App::Build(const config::ServerConfig& config) {
  Parts& p = *parts_;
  const jobs::BundleLimit bundle = jobs::ShareOfDescriptors(RaiseDescriptorLimit(), config.workers);
  SMELT_RETURN_IF_ERROR(ReadSupportTable(config.worker_binary));
  p.metrics = std::make_unique<metrics::Metrics>(
      metrics::MetricsOptions{.version = SMELT_VERSION, .targets = Targets()});
  p.metrics->SetOperators(OperatorNames(p.operators));
  SMELT_ASSIGN_OR_RETURN(p.stores,
                         local::LocalStores::Open({.state_dir = config.state_dir,
                                                   .max_queued_jobs = config.max_queued,
                                                   .max_blob_bytes = config.max_blob_bytes},
                                                  p.clock, p.metrics->store(), p.metrics->blobs()));
  SMELT_ASSIGN_OR_RETURN(
      const jobs::RecoverySummary recovered,
      jobs::Recover(p.stores->job_store(), p.stores->blobs(), p.clock, p.metrics->jobs()));
  Log(LogLevel::kInfo, "recovered",
      {{"requeued", recovered.requeued},
       {"cancelled", recovered.cancelled},
       {"queued", recovered.queued},
       {"missing_inputs", recovered.missing_inputs},
       {"expired_uploads", recovered.expired_uploads}});

  p.job_executor = std::make_unique<AsioExecutor>(config.workers + 2);
  p.rpc_executor = std::make_unique<AsioExecutor>(kRpcThreads);
  p.file_executor = std::make_unique<AsioExecutor>(kFileThreads);
  p.workers = std::make_unique<workers::WorkerPool>(
      workers::WorkerPoolOptions{.binary = config.worker_binary,
                                 .idle = config.workers,
                                 .limits = {.memory_bytes = config.worker_memory_bytes,
                                            .file_bytes = config.max_blob_bytes,
                                            .wall = config.worker_timeout}},
      p.metrics->workers());
  p.scheduler = std::make_unique<jobs::Scheduler>(
      jobs::SchedulerOptions{.slots = config.workers, .bundle = bundle},
      jobs::SchedulerDeps{p.stores->job_store(), p.stores->events(), p.stores->blobs(), *p.workers,
                          *p.job_executor, p.clock, p.metrics->jobs(),
                          [&p] { return p.stores->CheckWritable(); }});
  p.admission = std::make_unique<jobs::Admission>(p.stores->job_store(), p.stores->blobs(),
                                                  *p.scheduler, p.clock, p.metrics->jobs(), bundle);
  return Status::Ok();
}

Status App::BuildServer(const config::ServerConfig& config) {
  Parts& p = *parts_;
  const rpc::RpcContext context{*p.rpc_executor, p.metrics->rpc(), p.live, p.clock, p.draining};
  const rpc::RpcContext files{*p.file_executor, p.metrics->rpc(), p.live, p.clock, p.draining};
  std::vector<std::shared_ptr<grpc::Service>> services;
  services.push_back(rpc::MakeJobsService(
      context, {*p.admission, *p.scheduler, p.stores->job_store(), p.stores->events()}));
  services.push_back(rpc::MakeBlobsService(context, files, p.stores->blobs()));
  services.push_back(rpc::MakeServerInfoService(
      context, {.info =
                    [&p] {
                      return DescribeServer(p.config, p.operators, p.workers->sandbox(),
                                            p.readiness.obstacle());
                    },
                .operators = p.operators}));
  SMELT_ASSIGN_OR_RETURN(
      p.server, rpc::GrpcServer::Start({.listen = config.listen, .reflection = config.reflection},
                                       std::move(services)));
  std::string metrics_address = "off";
  if (config.metrics != "off") {
    SMELT_ASSIGN_OR_RETURN(p.exposer, metrics::MetricsExposer::Start(config.metrics, *p.metrics));
    metrics_address =
        config.metrics.substr(0, config.metrics.rfind(':') + 1) + std::to_string(p.exposer->port());
  }
  p.metrics->SetGauges({.job_counts = [&p] { return p.stores->job_store().CountByState(); },
                        .blob_bytes = [&p] { return p.stores->blobs().TotalBytes(); }});
  SweepUploadsForEver(*p.job_executor, p.stores->blobs());
  ProbeStoreForEver(*p.job_executor, *p.stores, p.readiness);
  Log(LogLevel::kInfo, "serving",
      {{"listen", p.server->address()},
       {"metrics", metrics_address},
       {"state_dir", config.state_dir},
       {"workers", config.workers},
       {"version", SMELT_VERSION}});
  return Status::Ok();
}

bool App::RefreshReadiness() {
  Parts& p = *parts_;
  std::string obstacle;
  if (p.draining) {
    obstacle = kShuttingDown;
  } else if (!p.workers->healthy()) {
    obstacle = "no worker process can be started";
  } else if (const Status store = p.readiness.store(); !store.ok()) {
    obstacle = store.message();
  } else if (const auto counts = p.stores->job_store().CountByState(); !counts.ok()) {
    obstacle = counts.status().message();
  }
  p.server->SetReady(obstacle.empty());
  p.readiness.SetObstacle(obstacle);
  return obstacle.empty();
}

void App::Drain() {
  Parts& p = *parts_;
  if (std::exchange(p.drained, true)) return;
  const Status draining(Reason::kDraining, "the daemon is shutting down");
  if (p.server != nullptr) {
    p.server->SetReady(false);
    // Balancers need a moment to notice; until then everything is served.
    std::this_thread::sleep_for(p.drain_delay);
  }
  p.draining = true;
  p.readiness.SetObstacle(kShuttingDown);
  if (p.admission != nullptr) p.admission->Close();
  if (p.scheduler != nullptr) {
    p.scheduler->StopTaking();
    const bool idle = p.scheduler->WaitIdle(p.config.drain_timeout);
    if (!idle) p.scheduler->RequeueRunning();
  }
  p.live.CloseAll(draining);
  p.live.WaitEmpty(kCallsEndLimit);
  if (p.server != nullptr) p.server->Shutdown(kShutdownLimit);
  if (p.metrics != nullptr) p.metrics->SetGauges({});
  p.exposer.reset();
  // Nobody calls in any more. Workers first: their last words are tasks of the executor; the
  // scheduler is what those tasks talk to.
  p.workers.reset();
  if (p.rpc_executor != nullptr) p.rpc_executor->Stop();
  if (p.file_executor != nullptr) p.file_executor->Stop();
  if (p.job_executor != nullptr) p.job_executor->Stop();
  p.server.reset();
  p.admission.reset();
  p.scheduler.reset();
  p.stores.reset();
  Log(LogLevel::kInfo, "stopped");
}

}  // namespace smelt::app
