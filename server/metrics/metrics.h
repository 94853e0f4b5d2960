// Metrics: every metric family of the daemon, on Prometheus. All families are made at start; the
// names and labels are the table in families.h.
//
// Labels come from bounded sets only: what a client or a model may choose (targets, operators,
// stages) counts as "other" unless it is known.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/jobs/job_store.h"
#include "server/jobs/metrics.h"

namespace smelt::metrics {

struct MetricsOptions {
  std::string version;               // label of smelt_build_info
  std::vector<std::string> targets;  // runtime profiles
};

// Asked at each scrape, on a thread of the exposer.
struct Gauges {
  std::function<Result<jobs::JobCounts>()> job_counts;
  std::function<std::uint64_t()> blob_bytes;
};

// Safe for calls from any thread. Outlives everybody who was handed one of its interfaces.
class Metrics {
 public:
  explicit Metrics(const MetricsOptions& options);
  ~Metrics();

  jobs::JobMetrics& jobs();
  jobs::WorkerMetrics& workers();
  jobs::StoreMetrics& store();
  jobs::BlobMetrics& blobs();
  jobs::RpcMetrics& rpc();

  // Names of source operators that may be labels; empty until called.
  void SetOperators(const std::vector<std::string>& operators);

  // From now on scrapes ask these; an empty Gauges ends that, and none is under way on return.
  void SetGauges(Gauges gauges);

  // The page in Prometheus' text format.
  std::string Render() const;

 private:
  friend class MetricsExposer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smelt::metrics
