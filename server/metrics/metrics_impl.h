// What Metrics is made of. Private to this folder.
#pragma once

#include <prometheus/registry.h>

#include <memory>

#include "server/metrics/families.h"
#include "server/metrics/metrics.h"
#include "server/metrics/recorders.h"
#include "server/metrics/scrape_gauges.h"

namespace smelt::metrics {

struct Metrics::Impl {
  explicit Impl(const MetricsOptions& options)
      : families(*registry), jobs(families, options.targets) {
    families.build_info.With({options.version}).Set(1);
  }

  // Shared with an exposer, which holds them weakly.
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::shared_ptr<ScrapeGauges> gauges = std::make_shared<ScrapeGauges>();
  Families families;
  JobRecorder jobs;
  WorkerRecorder workers{families};
  StoreRecorder store{families};
  BlobRecorder blobs{families};
  RpcRecorder rpc{families};
};

}  // namespace smelt::metrics
