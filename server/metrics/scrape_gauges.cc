#include "server/metrics/scrape_gauges.h"

#include <string>
#include <utility>

#include "core/base/log.h"

namespace smelt::metrics {
namespace {

prometheus::MetricFamily Family(const char* name, const char* help) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  return family;
}

prometheus::ClientMetric Value(double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return metric;
}

}  // namespace

void ScrapeGauges::Set(Gauges gauges) {
  std::lock_guard lock(mutex_);
  gauges_ = std::move(gauges);
}

std::vector<prometheus::MetricFamily> ScrapeGauges::Collect() const {
  std::lock_guard lock(mutex_);
  std::vector<prometheus::MetricFamily> families;
  if (gauges_.job_counts) {
    const Result<jobs::JobCounts> counts = gauges_.job_counts();
    if (counts.ok()) {
      families.push_back(Family("smelt_jobs_in_state", "Jobs in the ledger by state."));
      for (const jobs::JobState state : jobs::kAllJobStates) {
        auto metric = Value(static_cast<double>(counts->at(static_cast<std::size_t>(state))));
        metric.label.push_back({"state", std::string(jobs::JobStateName(state))});
        families.back().metric.push_back(std::move(metric));
      }
    } else {
      // A missing gauge is an alert by itself; a stale one would hide the trouble.
      Log(LogLevel::kError, "scrape_failed", {{"error", counts.status().ToString()}});
    }
  }
  if (gauges_.blob_bytes) {
    families.push_back(Family("smelt_blob_bytes", "Bytes of all stored blobs."));
    families.back().metric.push_back(Value(static_cast<double>(gauges_.blob_bytes())));
  }
  return families;
}

}  // namespace smelt::metrics
