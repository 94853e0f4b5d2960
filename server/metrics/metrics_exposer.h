// MetricsExposer: serves the metrics page over HTTP at /metrics.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "server/metrics/metrics.h"

namespace prometheus {
class Exposer;
}

namespace smelt::metrics {

class MetricsExposer {
 public:
  // Listens on "HOST:PORT"; port 0 takes a free one. kConfigInvalid when it can't. Reads `metrics`
  // until it is destroyed.
  static Result<std::unique_ptr<MetricsExposer>> Start(const std::string& address,
                                                       Metrics& metrics);
  ~MetricsExposer();

  int port() const { return port_; }

 private:
  MetricsExposer(std::unique_ptr<prometheus::Exposer> exposer, int port);

  std::unique_ptr<prometheus::Exposer> exposer_;
  const int port_;
};

}  // namespace smelt::metrics
