// ScrapeGauges: gauges that are read from the stores at each scrape, so that they can't drift.
// Private to this folder.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <mutex>
#include <vector>

#include "server/metrics/metrics.h"

namespace smelt::metrics {

// Safe for calls from any thread.
class ScrapeGauges final : public prometheus::Collectable {
 public:
  void Set(Gauges gauges);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable std::mutex mutex_;  // held while the stores are asked, so that Set can wait for it
  Gauges gauges_;
};

}  // namespace smelt::metrics
